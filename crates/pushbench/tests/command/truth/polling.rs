//! The wait for the next poll is the interval's theory, whoever does the counting.

use pushbench_measure::Figure;
use pushbench_measure::results::{Status, Summary};
use std::path::{Path, PathBuf};

use super::{measured, worst_lateness_us};
use crate::folder::{histograms, manifest};
use crate::process::Ended;
use crate::scenario::{Workshop, run_together, tiny_but};

/// Interval of the polls in microseconds.
const INTERVAL_US: u64 = 400_000;

/// What polling at a known interval showed.
struct Polled {
    folder: PathBuf,
    row: Summary,
    late_us: u64,
}

/// By so many workers. Events fall on every part of each client's interval alike, so that the percentiles owe nothing to luck.
fn polling_with(workers: u32) -> Workshop {
    let changes = [
        ("count = 8", "count = 40"),
        ("rate = \"40/s\"", "rate = \"50/s\""),
        ("measure = \"1s\"", "measure = \"2s\""),
        ("drain = \"1200ms\"", "drain = \"1500ms\""),
    ];
    let tables = format!(
        "[workers]\nprocesses = {workers}\n[[transports]]\nkind = \"short-polling\"\ninterval = \"400ms\"\n"
    );
    tiny_but(&changes, &tables)
}

fn polled(workshop: &Workshop, ended: &Ended, workers: u32) -> Polled {
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    let result = &run.results[0];
    assert_eq!(result.processes, (1, workers));
    let row = result.summary.clone();
    assert_eq!((row.expected, row.delivered), (Some(40 * 100), Some(40 * 100)));
    assert_eq!(measured(&folder, "short-polling", Figure::Delivery).count(), 40 * 100, "of all workers");
    let late_us = worst_lateness_us(&folder, "short-polling");
    Polled { folder, row, late_us }
}

#[test]
fn the_wait_for_a_poll_is_uniform_over_the_interval_and_the_same_by_twice_the_workers() {
    let workshops = [1, 2].map(polling_with);
    let ended = run_together(&workshops, &["run", "tiny.toml"]);
    let [one, two] = [(0, 1), (1, 2)].map(|(at, workers)| polled(&workshops[at], &ended[at], workers));
    assert_uniform(&one);
    assert_same(&one, &two);
}

fn assert_uniform(Polled { folder, row, late_us }: &Polled) {
    let allowed_us = INTERVAL_US / 40 + late_us;
    let median = row.latency_p50_us.unwrap();
    assert!(median.abs_diff(INTERVAL_US / 2) <= allowed_us, "median {median} us, late by {late_us} us");
    let quarter = measured(folder, "short-polling", Figure::Delivery).quantile(0.25).unwrap();
    assert!(
        quarter.abs_diff(INTERVAL_US / 4) <= allowed_us,
        "first quarter {quarter} us, late by {late_us} us"
    );
    // What a poll costs without any wait, and a socket on top: what the slowest client needed to be ready.
    let cost_us = slowest_connect_us(folder);
    let p99 = row.latency_p99_us.unwrap();
    assert!(p99 <= INTERVAL_US + cost_us + late_us, "p99 {p99} us, cost {cost_us} us, late by {late_us} us");
    assert!(p99 >= INTERVAL_US * 19 / 20, "p99 {p99} us: the longest waits are missing");
}

/// The longest that a client of the run needed from its arrival to the answer of its first poll, in microseconds.
fn slowest_connect_us(folder: &Path) -> u64 {
    let connects =
        histograms(folder, "short-polling").into_iter().filter(|line| line.figure == Figure::Connect);
    connects.filter_map(|line| line.histogram.max()).max().unwrap()
}

/// The schedule, the clients and their poll clocks are the same; only who counts is not.
fn assert_same(one: &Polled, two: &Polled) {
    let allowed = INTERVAL_US / 40 + one.late_us + two.late_us;
    for column in ["latency_p50_us", "latency_p99_us"] {
        let [one, two] = [&one, &two].map(|polled| polled.row.figure(column).unwrap());
        assert!((one - two).abs() <= allowed as f64, "{column}: {one} by one worker, {two} by two");
    }
}
