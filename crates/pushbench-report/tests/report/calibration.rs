//! A calibration in words: its own table, and what a run quotes.

use pushbench_measure::results::{
    CALIBRATION_FORMAT, CalibratedFigure, Calibration, CalibrationRun, Spread, ThresholdResult, Through,
    calibrated,
};
use pushbench_measure::verdict::{Bound, Condition, Finding, Level};
use pushbench_report::table::{self, Style};
use pushbench_report::{calibration, charts};

use crate::synthetic::{Shape, folder};

fn through(label: &str, value: f64, ratio: Option<f64>, valid: bool) -> Through {
    Through { label: label.to_owned(), value: Some(value), ratio, valid }
}

fn figure(
    name: &str,
    title: &str,
    unit: &str,
    bare: Option<[f64; 3]>,
    through: &[Through],
) -> CalibratedFigure {
    CalibratedFigure {
        name: name.to_owned(),
        title: title.to_owned(),
        unit: unit.to_owned(),
        meaning: "what it is".to_owned(),
        bare: bare.map(|[lo, median, hi]| Spread { median, lo, hi }),
        through: through.to_vec(),
    }
}

fn made_up() -> Calibration {
    let run = |label: &str, verdict: &str, reasons: &[&str]| CalibrationRun {
        label: label.to_owned(),
        job: "fan-out".to_owned(),
        verdict: verdict.to_owned(),
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
    };
    let send = [through("sse", 9.7, Some(1.62), true), through("websocket", 8.6, Some(1.43), false)];
    let memory = [through("sse", 13_700.0, None, true), through("websocket", 8_840.0, None, false)];
    Calibration {
        format: CALIBRATION_FORMAT,
        version: "0.1.0".to_owned(),
        started: "2026-11-20T14:03:22Z".to_owned(),
        took_s: 23.4,
        host: folder(&Shape::default()).run.host,
        connections: 1_000,
        events_per_second: 10.0,
        message_bytes: 256,
        repetitions: 3,
        notes: vec!["memory of the kernel: only root may read it".to_owned()],
        figures: vec![
            figure(calibrated::SEND_CPU_US, "CPU per send", "µs", Some([5.9, 6.0, 6.31]), &send),
            figure(calibrated::RECEIVE_CPU_US, "CPU per receive", "µs", Some([5.0, 5.0, 5.0]), &[]),
            figure(
                calibrated::DELIVERIES_PER_SECOND,
                "deliveries flat out",
                "1/s",
                Some([1e5, 1.2e5, 1.3e5]),
                &[],
            ),
            figure(calibrated::TARGET_BYTES_PER_CLIENT, "target per client", "bytes", None, &memory),
        ],
        runs: vec![
            run("sse", "warning", &["worker busy 85.0 %"]),
            run("websocket", "invalid", &["publish slip p99 32.8 ms"]),
        ],
    }
}

#[test]
fn the_table_has_a_row_for_each_figure_and_marks_what_is_not_valid() {
    insta::assert_snapshot!(calibration::render(&made_up(), Style::default()), @r"
    floor of bench-1: 1,000 connections, 10 messages/s of 256 B each, the median of 3 repetitions

                                     bare sockets             sse         websocket
    figure                median       least–most               ×                 ×
    CPU per send         6.00 µs  5.90 µs–6.31 µs   9.70 µs  1.62   8.60 µs  1.43 !
    CPU per receive      5.00 µs                –         –     –         –       –
    deliveries flat out  120,000  100,000–130,000         –     –         –       –
    target per client          –                –  13.4 KiB     –  8.63 KiB       –

    sse, fan-out, warning: worker busy 85.0 %
    ! websocket, fan-out is invalid: publish slip p99 32.8 ms
    memory of the kernel: only root may read it
    × a transport's figure over that of bare sockets; one run a transport, no spread
    one way: half a bare round trip; through pushbench received − published
    – not measured, or there is no such thing
    ");
}

#[test]
fn a_run_quotes_the_floor_and_how_many_times_it_its_transports_cost() {
    let mut run = folder(&Shape::default()).run;
    let quoted = |run: &_| {
        let table = table::render(run, Style::default());
        table.lines().find(|line| line.starts_with("floor ")).map(str::to_owned)
    };
    assert_eq!(quoted(&run), None);
    run.calibration = Some(made_up());
    let bound = Bound { condition: Condition::WorkerBusy, warning: 0.8, breach: 0.95 };
    run.results[2].findings.push(Finding::new(&bound, Level::Breach, 0.99, "busy".to_owned(), None));
    // A threshold that was missed leaves what it cost as it is.
    run.results[3].thresholds.push(ThresholdResult {
        figure: "lost".to_owned(),
        condition: "== 0".to_owned(),
        measured: Some(1.0),
        met: false,
    });
    insta::assert_snapshot!(quoted(&run).unwrap(), @"floor of this machine (calibrated 2026-11-20): 6.00 µs per send, 5.00 µs per receive; target / worker: short-polling 1.5 × / 2.3 ×, long-polling 4.7 × / 6.4 ×, sse ! 1.2 × / 1.2 ×, websocket 1.0 × / 1.2 ×");
    assert!(table::markdown(&run).contains("\n* floor of this machine (calibrated 2026-11-20): 6.00 µs"));
    // A floor that is not known is not quoted.
    run.calibration.as_mut().unwrap().figures.remove(0);
    assert_eq!(quoted(&run), None);
}

#[test]
fn a_floor_is_quoted_only_where_it_is_one_and_of_this_network() {
    let mut run = folder(&Shape::default()).run;
    let bare = |median| Some(Spread { median, lo: median, hi: median });
    let table = [
        ("loopback", bare(6.0), true),
        ("loopback", None, false),
        ("loopback", bare(0.0), false),
        ("loopback", bare(-6.0), false),
        ("loopback", bare(f64::INFINITY), false),
        ("loopback", bare(f64::NAN), false),
        ("veth", bare(6.0), false),
    ];
    for (network, spread, quoted) in table {
        network.clone_into(&mut run.scenario.setup.network);
        for at in [0, 1] {
            let mut calibration = made_up();
            calibration.figures[at].bare = spread;
            run.calibration = Some(calibration);
            assert_eq!(calibration::quote(&run, &run.results).is_some(), quoted, "{network} {spread:?}");
        }
    }
}

#[test]
fn of_several_numbers_of_clients_the_largest_is_quoted() {
    let mut run = folder(&Shape { steps: vec![100, 1_000], ..Shape::default() }).run;
    run.calibration = Some(made_up());
    for result in run.results.iter_mut().filter(|result| result.summary.step == Some(100)) {
        result.summary.target_cpu_us_per_event = Some(600.0);
    }
    let table = table::render(&run, Style::default());
    assert!(table.contains("floor of this machine") && !table.contains("100.0 ×"), "{table}");
}

#[test]
fn the_chart_of_costs_has_it_in_its_footer_and_no_other_has() {
    let mut run = folder(&Shape::default());
    let draw = |run: &_| {
        let dir = tempfile::tempdir().unwrap();
        let paths = charts::draw_all(run, dir.path()).unwrap();
        let files = paths.iter().map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
        });
        files.collect::<Vec<_>>()
    };
    let without = draw(&run);
    run.run.calibration = Some(made_up());
    let different: Vec<String> = draw(&run)
        .into_iter()
        .zip(without)
        .filter(|(with, without)| with.1 != without.1)
        .map(|(with, _)| with.0)
        .collect();
    assert_eq!(different, ["cost.png"]);
}
