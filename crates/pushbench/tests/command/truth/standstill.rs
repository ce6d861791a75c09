//! A target that stands still is charged for it, whether it is stopped from outside or stalls by itself.

use pushbench_measure::Figure;
use pushbench_measure::results::{Run, Status, StepResult};
use pushbench_measure::verdict::{Condition, Level};
use rustix::process::Signal;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::{at_least, measured, run_with};
use crate::folder::manifest;
use crate::process::{Ended, signal};
use crate::scenario::{SSE, tiny_but};

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
    assert_frozen_for_a_second(&run, &ended, &workshop.run_folder());
}

#[test]
fn a_target_that_stalls_by_itself_shows_the_same_and_exactly_the_events_of_that_second() {
    let changes = [
        ("measure = \"1s\"", "measure = \"4s\""),
        ("rate = \"40/s\"", "rate = \"100/s\""),
        ("drain = \"1200ms\"", "drain = \"2200ms\""),
    ];
    let polling = "[[transports]]\nkind = \"short-polling\"\ninterval = \"100ms\"\n";
    let workshop = tiny_but(&changes, &format!("{SSE}{polling}"));
    // Counted from the begin of the warm-up: it stands still from second 3 to second 4, and the next time would be
    // second 6, when nothing is due any more.
    let (run, ended) = run_with(&workshop, "stall=1s/3s");
    let folder = workshop.run_folder();
    assert_frozen_for_a_second(&run, &ended, &folder);
    let delivery = measured(&folder, "sse", Figure::Delivery);
    let late_us = measured(&folder, "sse", Figure::TimerLate).max().unwrap();
    for wait_us in [250_000, 500_000, 750_000] {
        // An event every 10 ms, for each of 8 clients; those waited so long that were due so long before the end.
        let waited = at_least(&delivery, wait_us);
        let due = (1_000_000 - wait_us) / 10_000 * 8;
        let later = (late_us + 20_000) / 10_000 * 8;
        assert!(
            (due..=due + later).contains(&waited),
            "{waited} of {due} waited {wait_us} us, late by {late_us} us"
        );
    }
    // What was published was on its way at once: nothing of the standstill is in what counts from the publishing, but
    // for an event that was published just before it.
    let uncorrected = at_least(&measured(&folder, "sse", Figure::Uncorrected), 250_000);
    assert!(uncorrected <= (late_us + 10_000) / 10_000 * 8, "{uncorrected} waited, late by {late_us} us");
    // A poll that waits for its answer keeps those after it from being sent: of the ten due in that second one was sent
    // and the last is late; the others are counted, for each of 8 clients.
    let polling = &run.results[1].summary;
    assert!(polling.polls_skipped >= Some(8 * 8) && polling.polls_late >= Some(8), "{polling:?}");
    assert_eq!((polling.delivered, polling.lost), (polling.expected, Some(0)), "{polling:?}");
}

/// 100 events per second over 4 s, of which those of one second waited between 0 and 1 s: a quarter of all.
fn assert_frozen_for_a_second(run: &Run, ended: &Ended, folder: &Path) {
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    let result = &run.results[0];
    let row = &result.summary;
    assert_eq!((row.lost, row.duplicated, row.delivered), (Some(0), Some(0), row.expected));
    let p90 = measured(folder, "sse", Figure::Delivery).quantile(0.9).unwrap();
    // The slowest tenth waited 0.6 s and more; a machine that is busy makes it more, never less.
    assert!(p90 >= 550_000, "p90 {p90} us: {row:?}");
    assert!(row.latency_p99_us.unwrap() >= 900_000, "{row:?}");
    assert!(row.latency_max_us.unwrap() >= 950_000, "{row:?}");
    // Without the wait for the publisher there is nothing to see: the way from target to client was as short as ever, as far
    // as the worker could look.
    let late_us = measured(folder, "sse", Figure::TimerLate).quantile(0.99).unwrap();
    assert!(row.uncorrected_p50_us.unwrap() < 100_000 + late_us, "late by {late_us} us: {row:?}");
    assert!(row.uncorrected_p50_us.unwrap() * 5 < p90, "{row:?}");
    assert_breach(result, ended);
}

fn assert_breach(result: &StepResult, ended: &Ended) {
    let slip = result.findings.iter().find(|finding| finding.condition == Condition::PublishSlip).unwrap();
    assert_eq!(slip.level, Level::Breach, "{slip:?}");
    assert!(slip.value > 500_000.0, "{slip:?}");
    assert_eq!((ended.code, result.summary.verdict.as_str()), (Some(4), "invalid"), "{ended:?}");
    assert!(ended.out.contains("publish slip p99 "), "{}", ended.out);
}
