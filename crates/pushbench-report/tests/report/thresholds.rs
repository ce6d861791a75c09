//! Thresholds below the table, and what they say of a run: whether it went as asked, not whether it may be believed.

use pushbench_measure::results::{Run, ThresholdResult};
use pushbench_measure::verdict::{Bound, Condition, Finding, Level};
use pushbench_report::table::{Style, markdown, render};
use pushbench_report::{RunFolder, charts};

use crate::synthetic::{Shape, folder};

fn threshold(figure: &str, condition: &str, measured: f64, met: bool) -> ThresholdResult {
    ThresholdResult {
        figure: figure.to_owned(),
        condition: condition.to_owned(),
        measured: Some(measured),
        met,
    }
}

fn two_transports() -> Run {
    folder(&Shape { transports: 2, measure_s: 3, ..Shape::default() }).run
}

#[test]
fn every_measured_value_has_its_unit() {
    let mut run = two_transports();
    let table = [
        ("latency_p99", "< 9ms", 9_800.0, "measured 9.80 ms"),
        ("target_cpu_us_per_event", "< 10us", 12.34, "measured 12.3 µs"),
        ("idle_worker_cpu_us_per_client_second", "< 1ms", 1_500.0, "measured 1.50 ms"),
        ("kernel_bytes_per_client", "< 2KiB", 4_096.0, "measured 4.00 KiB"),
        ("empty_reply_share", "< 50%", 0.625, "measured 62 %"),
        ("lost", "== 0", 1_234.0, "measured 1,234"),
        ("of_a_later_version", "== 0", 2.5, "measured 2.50"),
    ];
    run.results[0].thresholds =
        table.map(|(figure, condition, value, _)| threshold(figure, condition, value, false)).to_vec();
    run.results[1].thresholds =
        table.map(|(figure, condition, value, _)| threshold(figure, condition, value, true)).to_vec();
    let text = render(&run, Style::default());
    for (figure, condition, _, measured) in table {
        let missed = format!("! short-polling, threshold missed: {figure} {condition}, {measured}\n");
        assert!(text.contains(&missed), "{missed}{text}");
        let value = measured.strip_prefix("measured ").unwrap();
        let met = format!("threshold met: {figure} {condition} (long-polling {value})\n");
        assert!(text.contains(&met), "{met}{text}");
    }
}

#[test]
fn a_missed_threshold_is_told_from_figures_that_may_not_be_believed() {
    let mut run = two_transports();
    for result in &mut run.results {
        result.thresholds = vec![threshold("lost", "== 0", 1.0, false)];
        "invalid".clone_into(&mut result.summary.verdict);
    }
    let bound = Bound { condition: Condition::WorkerBusy, warning: 0.8, breach: 0.95 };
    run.results[1].findings = vec![Finding::new(&bound, Level::Breach, 0.99, "busy".to_owned(), None)];
    let text = render(&run, Style::default());
    let rows = |label: &str| {
        text.lines().filter(|line| line.starts_with(label)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(rows("short-polling !").is_empty() && rows("short-polling")[1].ends_with(" missed"), "{text}");
    assert!(rows("long-polling !")[1].ends_with(" invalid"), "{text}");
    let table = markdown(&run);
    assert!(table.contains("| missed |") && table.contains("| invalid |"), "{table}");
    // A row that is not whole says so first: its thresholds were not judged at all.
    run.results[0].complete = false;
    "partial".clone_into(&mut run.results[0].summary.verdict);
    assert!(markdown(&run).contains("| partial |"));
}

/// The pixels of a chart above its footer.
fn above_the_footer(run: &RunFolder, chart: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    charts::draw_all(run, dir.path()).expect("the run can be drawn");
    let file = std::fs::File::open(dir.path().join(chart)).expect("the chart exists");
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("the chart is a PNG");
    let mut rgb = vec![0; reader.output_buffer_size().expect("the chart fits memory")];
    let info = reader.next_frame(&mut rgb).expect("the chart is whole");
    rgb.truncate(info.line_size * (info.height as usize * 17 / 20));
    rgb
}

#[test]
fn charts_draw_a_row_that_missed_a_threshold_like_any_other() {
    let steps = vec![100, 1_000];
    let mut run = folder(&Shape { transports: 2, steps, measure_s: 3, ..Shape::default() });
    let plain = ["cost.png", "capacity.png"].map(|chart| above_the_footer(&run, chart));
    // One only: the footer stays as high as it was.
    run.run.results[3].thresholds = vec![threshold("lost", "== 0", 1.0, false)];
    assert!(plain == ["cost.png", "capacity.png"].map(|chart| above_the_footer(&run, chart)));
    let bound = Bound { condition: Condition::WorkerBusy, warning: 0.8, breach: 0.95 };
    run.run.results[3].thresholds.clear();
    run.run.results[3].findings = vec![Finding::new(&bound, Level::Breach, 0.99, "busy".to_owned(), None)];
    for (chart, plain) in ["cost.png", "capacity.png"].into_iter().zip(plain) {
        assert!(above_the_footer(&run, chart) != plain, "{chart} says nothing of a breach");
    }
}
