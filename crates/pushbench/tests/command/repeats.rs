//! Runs of several rounds.

use pushbench_measure::results::{Run, Status, StepResult};
use pushbench_measure::statistics::{HEADLINES, sums};
use pushbench_measure::{Figure, Phase, interval_log};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::path::Path;

use crate::folder::{histograms, intervals, manifest};
use crate::process::signal;
use crate::scenario::{SSE, tiny};

/// Pings are what an idle connection carries here.
const TWO: &str = r#"
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
ping_interval = "200ms"
"#;

fn of<'a>(run: &'a Run, label: &str) -> &'a StepResult {
    run.results.iter().find(|result| result.summary.label == label).unwrap()
}

#[test]
fn three_rounds_are_pooled_and_have_intervals() {
    let workshop = tiny(&format!("{TWO}[thresholds]\nlatency_p50 = \"< 10s\"\n"));
    let ended = workshop.run(&["run", "tiny.toml", "--repeat", "3"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!((run.status, run.scenario.rounds), (Status::Complete, 3), "{ended:?}");
    assert_eq!(run.scenario.overrides, ["--repeat 3"]);
    let labels: Vec<&str> = run.results.iter().map(|result| result.summary.label.as_str()).collect();
    assert_eq!(labels, ["sse", "websocket"], "in the order of the scenario, whatever that of the rounds");
    for result in &run.results {
        assert_pooled(result);
        assert_rounds_in_files(&folder, result);
    }
    assert_ports_are_fresh(&run);
    assert_summary(&folder, &run);
    for said in ["[1/6] round 1/3 ", "[6/6] round 3/3 "] {
        assert!(ended.err.contains(said), "{}", ended.err);
    }
    for said in [" ±", "\n3 rounds, pooled; ", "threshold met: latency_p50 < 10s (sse "] {
        assert!(ended.out.contains(said), "no `{said}` in {}", ended.out);
    }
}

/// 8 clients and 40 events a round.
fn assert_pooled(result: &StepResult) {
    let row = &result.summary;
    assert!(result.complete);
    assert_eq!(result.rounds.iter().map(|round| round.round).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((row.clients, row.connected, row.publishes), (Some(8), Some(8), Some(120)), "{row:?}");
    assert_eq!((row.expected, row.delivered), (Some(960), Some(960)), "{row:?}");
    for round in &result.rounds {
        assert!(round.complete);
        assert_eq!((round.summary.expected, round.summary.delivered), (Some(320), Some(320)));
    }
    let longest = result.rounds.iter().map(|round| round.summary.latency_max_us).max().unwrap();
    assert_eq!(row.latency_max_us, longest, "a peak is the highest of all");
    for column in ["latency_p50_us", "latency_p90_us", "age_mean_us", "target_cpu_us_per_event"] {
        let (value, interval) = (row.figure(column).unwrap(), result.interval(column).unwrap());
        assert!(interval.lo <= value && value <= interval.hi, "{column}: {value} {interval:?}");
    }
    let both =
        row.target_cpu_us_per_event.zip(row.worker_cpu_us_per_event).map(|(target, worker)| target + worker);
    let (both, interval) = (both.unwrap(), result.interval(sums::CPU.name).unwrap());
    assert!(interval.lo <= both && both <= interval.hi, "{both} {interval:?}");
    let is_known = |name: &String| {
        HEADLINES.iter().any(|of| of.column == name) || sums::SUMS.iter().any(|sum| sum.name == name)
    };
    assert!(result.intervals.keys().all(is_known), "{:?}", result.intervals);
}

/// Columns that are sums over rounds.
const SUMS: [&str; 16] = [
    "expected",
    "expected_of_all",
    "delivered",
    "lost",
    "duplicated",
    "reordered",
    "late",
    "publishes",
    "retransmitted_segments",
    "opened",
    "closed",
    "reconnects",
    "polls_late",
    "polls_skipped",
    "errors",
    "slow_disconnects",
];

/// Whatever is no sum weighs the rounds or is one of them, so it lies between the lowest and the highest.
fn assert_between_rounds(columns: &csv::StringRecord, result: &StepResult) {
    let label = &result.summary.label;
    let mut compared = BTreeSet::new();
    for column in columns.iter().filter(|column| !SUMS.contains(column)) {
        let rounds = result.rounds.iter().map(|round| round.summary.figure(column));
        // More values stand behind a percentile of all rounds than behind one of each.
        let Some(rounds) = rounds.collect::<Option<Vec<f64>>>() else { continue };
        let lowest = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let pooled = result.summary.figure(column).unwrap();
        let rounding = 1e-9 * highest.abs();
        assert!(
            lowest - rounding <= pooled && pooled <= highest + rounding,
            "{label} {column}: {pooled} of {rounds:?}"
        );
        compared.insert(column);
    }
    for weighted in ["age_mean_us", "wire_down_bytes_per_event", "worker_cpu_us_per_event"] {
        assert!(compared.contains(weighted), "{label} {weighted}: {compared:?}");
    }
    for idle in ["idle_wire_bytes_per_client_minute", "idle_worker_cpu_us_per_client_second"] {
        assert_eq!(compared.contains(idle), label == "websocket", "{label} {idle}: {compared:?}");
    }
}

/// Seconds and histograms are kept apart by round and add up to the row.
fn assert_rounds_in_files(folder: &Path, result: &StepResult) {
    let label = &result.summary.label;
    let rows = intervals(folder, label);
    for round in 1..=3 {
        let delivered: u64 = rows.iter().filter(|row| row.round == round).map(|row| row.delivered).sum();
        assert_eq!(delivered, 8 * 48, "{label}, round {round}");
    }
    let lines = histograms(folder, label);
    let of_round = |round| {
        let measured = |line: &&interval_log::Line| {
            (line.figure, line.phase, line.round) == (Figure::Delivery, Phase::Measure, round)
        };
        lines.iter().filter(measured).map(|line| line.histogram.count()).sum::<u64>()
    };
    assert_eq!([1, 2, 3].map(of_round), [320; 3], "{label}");
    let all = interval_log::sum(&lines, Figure::Delivery, Phase::Measure, None);
    assert_eq!(all.quantile(0.5), result.summary.latency_p50_us, "{label}: of added histograms");
    assert_eq!(all.max(), result.summary.latency_max_us, "{label}");
}

/// Every round of every transport had processes of its own.
fn assert_ports_are_fresh(run: &Run) {
    let rounds = run.results.iter().flat_map(|result| &result.rounds);
    let ports: Vec<u16> = rounds.flat_map(|round| round.ports.iter().copied()).collect();
    assert_eq!(ports.len(), 6);
    // A port may come back by chance, all of them do not.
    assert!(ports.iter().collect::<BTreeSet<_>>().len() > 1, "{ports:?}");
}

fn assert_summary(folder: &Path, run: &Run) {
    let mut reader = csv::Reader::from_path(folder.join("summary.csv")).unwrap();
    let names = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    for (row, result) in rows.iter().zip(&run.results) {
        assert_between_rounds(&names, result);
        let of = |name: &str| &row[names.iter().position(|column| column == name).unwrap()];
        assert_eq!((of("label"), of("rounds")), (result.summary.label.as_str(), "3"));
        let interval = result.interval("latency_p50_us").unwrap();
        let number = |text: &str| text.parse::<f64>().unwrap();
        assert!((number(of("latency_p50_us_lo")) - interval.lo).abs() < 0.001);
        assert!((number(of("latency_p50_us_hi")) - interval.hi).abs() < 0.001);
    }
    assert!(!names.iter().any(|name| name == "lost_lo"), "a sum has no interval");
}

#[test]
fn a_run_interrupted_in_its_second_round_keeps_the_first() {
    let workshop = tiny(SSE);
    let mut started = workshop.start(&["run", "tiny.toml", "--repeat", "3"]);
    started.says("] round 2/3 sse            measure ");
    signal(started.pid(), Signal::INT);
    let ended = started.ended();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!(run.status, Status::Partial);
    let result = of(&run, "sse");
    let rounds: Vec<(u32, bool)> = result.rounds.iter().map(|round| (round.round, round.complete)).collect();
    assert_eq!(rounds, [(1, true), (2, false)]);
    assert!(!result.complete);
    assert_eq!((result.summary.verdict.as_str(), result.summary.delivered), ("partial", Some(320)));
    assert_eq!(result.summary.latency_p50_us, result.rounds[0].summary.latency_p50_us, "not of the second");
    assert!(result.intervals.is_empty(), "one round has none");
    assert!(ended.out.contains("sse has 1 of 3 rounds; its figures are of these\n"), "{}", ended.out);
    let reported = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!((reported.code, reported.out), (Some(0), ended.out));
}

#[test]
fn a_number_of_rounds_out_of_range_is_refused() {
    for rounds in ["0", "101"] {
        let ended = tiny(SSE).run(&["run", "tiny.toml", "--repeat", rounds]);
        let why = format!("error: tiny.toml: --repeat: {rounds} is out of range: 1 to 100 rounds\n");
        assert_eq!((ended.code, ended.err), (Some(2), why));
    }
}
