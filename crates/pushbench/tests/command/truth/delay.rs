//! A known delay of all events, or of a known share of them: the histogram shows exactly that.

use pushbench_measure::results::{Status, Summary};
use pushbench_measure::{Figure, Histogram};

use super::{at_least, measured, run_with, usual_lateness_us};
use crate::scenario::{ALL_FOUR, Workshop, tiny_but};

const LABELS: [&str; 4] = ["short-polling", "long-polling", "sse", "websocket"];
const DELAY_US: u64 = 300_000;
/// What short polling adds: at most the interval of its polls.
const INTERVAL_US: u64 = 100_000;
/// Beyond what the run itself says of its lateness.
const MILLISECOND_US: u64 = 1_000;
/// 40 events in the measure phase, for 8 clients.
const DELIVERIES: u64 = 320;
/// Of events 9 to 48 every third.
const DELAYED: u64 = 14 * 8;
/// Events 3, 6 … 45 are overtaken by one that is not delayed; 48 is the last. Those of the warm-up are counted too.
const OVERTAKEN: u64 = 15 * 8;

/// The value in the middle of those that are left after so many smaller ones.
fn median_after(histogram: &Histogram, smaller: u64, count: u64) -> u64 {
    let rank = smaller as f64 + count as f64 / 2.0;
    histogram.quantile(rank / histogram.count() as f64).unwrap()
}

/// A run with these faults, complete and with nothing lost, and the rows of its summary.
fn delayed_run(faults: &str, reordered: u64) -> (Workshop, Vec<Summary>) {
    let workshop = tiny_but(&[("drain = \"1200ms\"", "drain = \"1500ms\"")], ALL_FOUR);
    let (run, ended) = run_with(&workshop, faults);
    assert_eq!((run.status, run.results.len()), (Status::Complete, 4), "{ended:?}");
    for result in &run.results {
        let row = &result.summary;
        assert_eq!(
            (row.delivered, row.lost, row.duplicated),
            (Some(DELIVERIES), Some(0), Some(0)),
            "{row:?}"
        );
        assert_eq!(row.reordered, Some(reordered), "{row:?}");
    }
    (workshop, run.results.into_iter().map(|result| result.summary).collect())
}

#[test]
fn a_constant_delay_and_that_of_a_share_show_in_exactly_those_events() {
    let (part, _) = delayed_run("delay=300ms/3", OVERTAKEN);
    let (whole, rows) = delayed_run("delay=300ms", 0);
    let folders = (part.run_folder(), whole.run_folder());
    for (label, row) in LABELS.into_iter().zip(rows) {
        let late_us = usual_lateness_us(&folders.0, label) + usual_lateness_us(&folders.1, label);
        let allowed_us = MILLISECOND_US + late_us;
        let [part, whole] = [&folders.0, &folders.1].map(|folder| measured(folder, label, Figure::Delivery));

        // The delay lies behind the publishing, so what counts from there shows it as well. Never less than the delay, and not one event more or less than are due for it.
        let lowest_us = whole.inner().lowest_equivalent(DELAY_US);
        assert_eq!((whole.count(), at_least(&whole, lowest_us)), (DELIVERIES, DELIVERIES), "{label}");
        let uncorrected = measured(&folders.1, label, Figure::Uncorrected);
        assert_eq!(at_least(&uncorrected, lowest_us), DELIVERIES, "{label}");
        assert_eq!((part.count(), at_least(&part, lowest_us)), (DELIVERIES, DELAYED), "{label}");

        // Events of the same run that were not delayed show what the transport takes by itself.
        let others = DELIVERIES - DELAYED;
        let way_us = median_after(&part, 0, others);
        // Which part of the interval an event falls on is not the same for all of them: 25 ms lie between two events.
        let uneven_us = if label == "short-polling" { INTERVAL_US / 4 } else { 0 };
        for median_us in [median_after(&part, others, DELAYED), median_after(&whole, 0, DELIVERIES)] {
            let off_us = median_us.abs_diff(DELAY_US + way_us);
            assert!(
                off_us <= allowed_us + uneven_us,
                "{label}: median {median_us} us with the delay, {way_us} us without, late by {late_us} us"
            );
        }
        assert_late(&row, &whole);
        if label != "short-polling" {
            assert_age_and_gap(&row, DELAY_US + way_us, allowed_us);
        }
        if label == "short-polling" {
            let longest_us = whole.quantile(0.99).unwrap();
            let most_us = DELAY_US + INTERVAL_US + part.quantile(0.5).unwrap() + allowed_us;
            assert!(longest_us <= most_us, "{longest_us} us, late by {late_us} us");
        }
    }
}

/// Time between two events.
const GAP_US: u64 = 25_000;

/// Late are those that were due less than their latency before the measure phase ended.
fn assert_late(row: &Summary, latency: &Histogram) {
    let late_of = |latency_us: u64| latency_us.div_ceil(GAP_US) * 8;
    let (least, most) = (late_of(DELAY_US), late_of(latency.max().unwrap()));
    assert!((least..=most).contains(&row.late.unwrap()), "{least} to {most} are late: {row:?}");
}

/// A client that gets every event so late holds one that is as old as that and, on the average, half a gap.
fn assert_age_and_gap(row: &Summary, latency_us: u64, allowed_us: u64) {
    let age_us = row.age_mean_us.unwrap();
    let expected_us = (latency_us + GAP_US / 2) as f64;
    assert!((age_us - expected_us).abs() <= allowed_us as f64, "age {age_us} us, not {expected_us}: {row:?}");
    let gap_us = row.gap_p50_us.unwrap();
    assert!(gap_us.abs_diff(GAP_US) <= allowed_us, "{row:?}");
}
