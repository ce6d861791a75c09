//! Runs whose outcome is known beforehand, measured by the whole program.

use pushbench_measure::results::{Run, Status, Summary};
use pushbench_measure::verdict::{Condition, Level};
use pushbench_measure::{Figure, Phase, interval_log};
use rustix::process::Signal;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::folder::{histograms, manifest};
use crate::process::signal;
use crate::scenario::{SSE, Workshop, tiny_but};

/// How late, by its own account, a run's timers and publisher were at worst, in microseconds.
fn worst_lateness_us(folder: &Path, label: &str) -> u64 {
    let lines = histograms(folder, label);
    let worst = |figure| interval_log::sum(&lines, figure, Phase::Measure, None).max().unwrap_or(0);
    worst(Figure::TimerLate) + worst(Figure::Slip)
}

/// Interval of the polls in microseconds.
const INTERVAL_US: u64 = 400_000;

/// What polling at a known interval showed.
struct Polled {
    folder: std::path::PathBuf,
    row: Summary,
    late_us: u64,
    _workshop: Workshop,
}

/// Events fall on every part of each client's interval alike, so that the percentiles owe nothing to luck.
fn poll_with(workers: u32) -> Polled {
    let changes = [
        ("count = 8", "count = 40"),
        ("rate = \"40/s\"", "rate = \"50/s\""),
        ("measure = \"1s\"", "measure = \"2s\""),
        ("drain = \"1200ms\"", "drain = \"1500ms\""),
    ];
    let tables = format!(
        "[workers]\nprocesses = {workers}\n[[transports]]\nkind = \"short-polling\"\ninterval = \"400ms\"\n"
    );
    let workshop = tiny_but(&changes, &tables);
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    let result = &run.results[0];
    assert_eq!(result.processes, (1, workers));
    let row = result.summary.clone();
    assert_eq!((row.expected, row.delivered), (Some(40 * 100), Some(40 * 100)));
    let late_us = worst_lateness_us(&folder, "short-polling");
    Polled { folder, row, late_us, _workshop: workshop }
}

#[test]
fn the_wait_for_a_poll_is_uniform_over_the_interval() {
    let Polled { folder, row, late_us, .. } = &poll_with(1);
    let median = row.latency_p50_us.unwrap();
    assert!(median.abs_diff(INTERVAL_US / 2) <= INTERVAL_US / 40, "median {median} us, late by {late_us} us");
    let quarter =
        interval_log::sum(&histograms(folder, "short-polling"), Figure::Delivery, Phase::Measure, None)
            .quantile(0.25)
            .unwrap();
    assert!(quarter.abs_diff(INTERVAL_US / 4) <= INTERVAL_US / 40, "first quarter {quarter} us");
    let longest = row.latency_max_us.unwrap();
    assert!(longest <= INTERVAL_US + 100_000 + late_us, "longest {longest} us, late by {late_us} us");
}

#[test]
fn twice_the_workers_measure_the_same() {
    let (one, two) = (poll_with(1), poll_with(2));
    // The schedule, the clients and their poll clocks are the same; only who counts is not.
    let allowed = INTERVAL_US / 40 + one.late_us + two.late_us;
    for column in ["latency_p50_us", "latency_p99_us"] {
        let [one, two] = [&one, &two].map(|polled| polled.row.figure(column).unwrap());
        assert!((one - two).abs() <= allowed as f64, "{column}: {one} by one worker, {two} by two");
    }
}

#[test]
fn a_target_that_stands_still_for_a_second_shows_in_the_headline_and_in_the_verdict() {
    let changes = [("measure = \"1s\"", "measure = \"4s\""), ("rate = \"40/s\"", "rate = \"100/s\"")];
    let workshop = tiny_but(&changes, SSE);
    let mut started = workshop.start(&["run", "tiny.toml"]);
    started.says("] sse            measure ");
    let target = started.children("__target", 1)[0];
    signal(target, Signal::STOP);
    sleep(Duration::from_secs(1));
    signal(target, Signal::CONT);
    let ended = started.ended();
    let run = manifest(&workshop.run_folder());
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    let result = &run.results[0];
    let row = &result.summary;
    assert_eq!((row.lost, row.duplicated, row.delivered), (Some(0), Some(0), row.expected));
    assert_frozen_for_a_second(&run, &workshop.run_folder());
    let slip = result.findings.iter().find(|finding| finding.condition == Condition::PublishSlip).unwrap();
    assert_eq!(slip.level, Level::Breach, "{slip:?}");
    assert!(slip.value > 500_000.0, "{slip:?}");
    assert_eq!((ended.code, row.verdict.as_str()), (Some(4), "invalid"), "{ended:?}");
    assert!(ended.out.contains("publish slip p99 "), "{}", ended.out);
}

/// 100 events per second over 4 s, of which those of one second waited between 0 and 1 s: a quarter of all.
fn assert_frozen_for_a_second(run: &Run, folder: &Path) {
    let row = &run.results[0].summary;
    let delivery = interval_log::sum(&histograms(folder, "sse"), Figure::Delivery, Phase::Measure, None);
    let p90 = delivery.quantile(0.9).unwrap();
    // The slowest tenth waited 0.6 s and more; a machine that is busy makes it more, never less.
    assert!(p90 >= 550_000, "p90 {p90} us: {row:?}");
    assert!(row.latency_p99_us.unwrap() >= 900_000, "{row:?}");
    assert!(row.latency_max_us.unwrap() >= 950_000, "{row:?}");
    // Without the wait for the publisher there is nothing to see: the way from target to client was as short as ever.
    assert!(row.uncorrected_p50_us.unwrap() < 100_000, "{row:?}");
    assert!(row.uncorrected_p50_us.unwrap() * 5 < p90, "{row:?}");
}

#[test]
fn a_median_that_moves_while_it_is_measured_is_told() {
    let changes = [("measure = \"1s\"", "measure = \"18s\""), ("rate = \"40/s\"", "rate = \"100/s\"")];
    let workshop = tiny_but(&changes, SSE);
    let mut started = workshop.start(&["run", "tiny.toml", "-v"]);
    started.says("] sse            measure    9 s");
    let target = started.children("__target", 1)[0];
    // From now on the target stands still for most of the time.
    for _ in 0..105 {
        signal(target, Signal::STOP);
        sleep(Duration::from_millis(70));
        signal(target, Signal::CONT);
        sleep(Duration::from_millis(15));
    }
    let ended = started.ended();
    let run = manifest(&workshop.run_folder());
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    let findings = &run.results[0].findings;
    let unsteady = findings.iter().find(|finding| finding.condition == Condition::Unsteady).unwrap();
    assert_eq!(unsteady.level, Level::Warning, "{unsteady:?}");
    assert!(unsteady.text.starts_with("median moved from ") && unsteady.value > 1.0, "{unsteady:?}");
    assert!(ended.out.contains(&format!("sse, warning: {}\n", unsteady.text)), "{}", ended.out);
}
