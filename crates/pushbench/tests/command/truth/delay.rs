//! A known delay of all events, or of a known share of them: the histogram shows exactly that.

use pushbench_measure::results::{Status, Summary};
use pushbench_measure::{Figure, Histogram};
use std::path::Path;

use super::{at_least, measured, usual_lateness_us, worst_lateness_us};
use crate::folder::manifest;
use crate::process::{Ended, Started};
use crate::scenario::{ALL_FOUR, SSE, Workshop, tiny_but};

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

/// A run with these faults, under way.
fn start_delayed(faults: &str, transports: &str) -> (Workshop, Started) {
    let workshop = tiny_but(&[("drain = \"1200ms\"", "drain = \"1500ms\"")], transports);
    let started = workshop.start(&["run", "tiny.toml", "--inject", faults]);
    (workshop, started)
}

/// The rows of a run of so many transports that is complete, with nothing lost.
fn rows(workshop: &Workshop, ended: &Ended, transports: usize, reordered: u64) -> Vec<Summary> {
    let run = manifest(&workshop.run_folder());
    assert_eq!((run.status, run.results.len()), (Status::Complete, transports), "{ended:?}");
    for result in &run.results {
        let row = &result.summary;
        assert_eq!(
            (row.delivered, row.lost, row.duplicated),
            (Some(DELIVERIES), Some(0), Some(0)),
            "{row:?}"
        );
        assert_eq!(row.reordered, Some(reordered), "{row:?}");
    }
    run.results.into_iter().map(|result| result.summary).collect()
}

/// As many events have the delay as are due for it. One that is not due for it has as much where the machine was so late.
fn assert_count(folder: &Path, label: &str, at_least_us: u64, due: u64) {
    let histogram = measured(folder, label, Figure::Delivery);
    let counted = at_least(&histogram, histogram.inner().lowest_equivalent(at_least_us));
    let late_us = worst_lateness_us(folder, label);
    let is_late = late_us >= at_least_us / 2;
    assert_eq!(histogram.count(), DELIVERIES, "{label}");
    assert!(
        counted == due || (is_late && counted > due),
        "{label}: {counted} of {due}, late by {late_us} us"
    );
}

#[test]
fn a_constant_delay_and_that_of_a_share_show_in_exactly_those_events() {
    let [(part, of_part), (whole, of_whole)] =
        ["delay=300ms/3", "delay=300ms"].map(|faults| start_delayed(faults, ALL_FOUR));
    let _ = rows(&part, &of_part.ended(), 4, OVERTAKEN);
    let rows = rows(&whole, &of_whole.ended(), 4, 0);
    let folders = (part.run_folder(), whole.run_folder());
    for (label, row) in LABELS.into_iter().zip(rows) {
        let late_us = usual_lateness_us(&folders.0, label) + usual_lateness_us(&folders.1, label);
        let allowed_us = MILLISECOND_US + late_us;
        let [part, whole] = [&folders.0, &folders.1].map(|folder| measured(folder, label, Figure::Delivery));

        // The delay lies behind the publishing, so what counts from there shows it as well. Never less than the delay, and not one event more or less than are due for it.
        assert_count(&folders.1, label, DELAY_US, DELIVERIES);
        let lowest_us = whole.inner().lowest_equivalent(DELAY_US);
        let uncorrected = measured(&folders.1, label, Figure::Uncorrected);
        assert_eq!(at_least(&uncorrected, lowest_us), DELIVERIES, "{label}");
        assert_count(&folders.0, label, DELAY_US, DELAYED);

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

/// Of a target that hands over 50 a second, a turn comes every 20 ms. Whoever has to wait for the delay takes a turn after it:
/// until then the turns are those of the others, which wait for one that is over at most.
#[test]
fn an_event_that_is_not_delayed_keeps_its_turn_where_others_are() {
    const TURN_US: u64 = 20_000;
    let (workshop, started) = start_delayed("delay=300ms/3,limit=50/s", SSE);
    let _ = rows(&workshop, &started.ended(), 1, OVERTAKEN);
    let folder = workshop.run_folder();
    assert_count(&folder, "sse", DELAY_US, DELAYED);
    let delivery = measured(&folder, "sse", Figure::Delivery);
    let others = (DELIVERIES - DELAYED) as f64 / DELIVERIES as f64;
    let median_us = delivery.quantile(others / 2.0).unwrap();
    let allowed_us = TURN_US + MILLISECOND_US + usual_lateness_us(&folder, "sse");
    assert!(median_us <= allowed_us, "{median_us} us, at most {allowed_us}");
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
