//! A target with a known limit: a search finds that limit, and says that it was the target's.
//!
//! What lies below a limit passes unless something else holds the machine up; then the search ends below, says why, and is
//! made once more.

use pushbench_measure::results::{CapacityRecord, ProbeRecord, Run, Status, Vary};
use pushbench_measure::verdict::Cause;

use crate::folder::{files, manifest};
use crate::scenario::{SSE, Workshop, tiny_but};

const SEARCHES: usize = 4;

/// The search of the workshop's scenario, of which everything up to `passes` passes on a machine that is not held up.
fn searched(workshop: &Workshop, passes: f64) -> (Run, CapacityRecord) {
    let mut held_up = Vec::new();
    for attempt in 0..SEARCHES {
        let out = format!("results{attempt}");
        let ended = workshop.run(&["run", "tiny.toml", "--out", &out]);
        let scenario = workshop.path().join(&out).join("tiny");
        let folder = scenario.join(&files(&scenario)[0]);
        let run = manifest(&folder);
        assert_eq!((run.status, run.capacity.len()), (Status::Complete, 1), "{ended:?}");
        let record = run.capacity[0].clone();
        let early = record.probes.iter().find(|probe| !probe.passed && probe.value <= passes);
        let Some(early) = early else {
            assert_eq!(ended.code, Some(0), "probes that fail are how a search works: {ended:?}");
            let charts = files(&folder.join("charts"));
            assert!(charts.contains(&"capacity-found.png".to_owned()), "{charts:?}");
            return (run, record);
        };
        held_up.push(early.clone());
    }
    panic!("this machine was held up in each of {SEARCHES} searches: {held_up:?}");
}

/// The answer is a capacity, confirmed, and no more than 5 % away.
fn assert_found(record: &CapacityRecord, known: f64, cause: Cause) {
    let found = record.found.unwrap();
    assert!((found / known - 1.0).abs() <= 0.05, "{record:?}");
    assert!(record.confirmed && !record.at_least && record.complete, "{record:?}");
    assert_eq!(record.cause, Some(cause), "{record:?}");
}

#[test]
fn a_target_that_takes_800_connections_bears_800_clients() {
    let lines = [
        ("count = 8", "count = 210"),
        ("\"400/s\"", "\"4000/s\""),
        ("\"40/s\"", "\"5/s\""),
        ("drain = \"1200ms\"", "drain = \"1s\""),
    ];
    let limit = "[target]\nconnections = 800\n[thresholds]\nlost = \"== 0\"\n";
    let search = "[capacity]\nvary = \"clients\"\nto = 2000\n";
    let workshop = tiny_but(&lines, &format!("{SSE}{limit}{search}"));
    let (run, record) = searched(&workshop, 800.0);
    // From a quarter of the limit, doubled until it is too much: the limit itself is found by bisecting.
    let doubled: Vec<f64> = record.probes.iter().take(3).map(|probe| probe.value).collect();
    assert_eq!(doubled, [210.0, 420.0, 840.0]);
    assert_found(&record, 800.0, Cause::Connections);
    assert_eq!((record.vary, record.limits.join(" ")), (Vary::Clients, "lost == 0".to_owned()));
    let mut values: Vec<f64> = record.probes.iter().map(|probe| probe.value).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    // Every probe is a row, the repeat is in that of its value.
    let rows: Vec<u32> = run.results.iter().filter_map(|result| result.summary.step).collect();
    assert_eq!(rows.len(), values.len());
    assert!(record.probes.iter().all(|probe| probe.point.is_none()), "{record:?}");
    assert!(values.iter().all(|value| rows.contains(&(*value as u32))), "{rows:?} {values:?}");
}

#[test]
fn a_target_that_hands_over_1000_events_a_second_bears_1000() {
    let lines = [
        ("count = 8", "count = 1"),
        ("\"40/s\"", "\"250/s\""),
        ("warmup = \"200ms\"", "warmup = \"1s\""),
        ("drain = \"1200ms\"", "drain = \"1s\""),
    ];
    let limit = "[target]\ninject = \"limit=1000/s\"\n[thresholds]\nlatency_p50 = \"< 50ms\"\n";
    let search = "[capacity]\nvary = \"rate\"\nto = \"4000/s\"\n";
    let workshop = tiny_but(&lines, &format!("{SSE}{limit}{search}"));
    // Each percent above the limit is 15 ms of waiting in the middle of the measure phase: 1040/s does not pass. At the limit
    // itself nothing that was late once is made good again; below, it is.
    let (run, record) = searched(&workshop, 960.0);
    assert_found(&record, 1_000.0, Cause::Latency);
    let points: Vec<&str> = run.scenario.points.iter().map(|point| point.name.as_str()).collect();
    assert!(points.starts_with(&["250/s", "500/s", "1000/s"]), "{points:?}");
    assert!(run.results.iter().all(|result| points.contains(&result.summary.point.as_deref().unwrap())));
    let is_named = |probe: &ProbeRecord| probe.point == Some(format!("{}/s", probe.value));
    assert!(record.probes.iter().all(is_named), "{record:?}");
}

/// Forty events for one client each, where a p99 needs a thousand.
#[test]
fn what_the_first_probe_cannot_measure_is_not_held_against_the_transport() {
    let topics = [("\"broadcast\"", "\"topics\"\ntopics = \"clients\"")];
    let search =
        "[thresholds]\nlatency_p99 = \"< 9s\"\n[capacity]\nvary = \"clients\"\nto = 100\nlongest = \"1s\"\n";
    let workshop = tiny_but(&topics, &format!("{SSE}{search}"));
    let checked = workshop.run(&["check", "tiny.toml"]);
    assert!(checked.out.contains(", too short for its percentiles: raise longest"), "{checked:?}");
    let ended = workshop.run(&["run", "tiny.toml"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let record = manifest(&workshop.run_folder()).capacity.remove(0);
    assert_eq!((record.found, record.failed_at), (None, Some(8.0)));
    // Unless this machine was held up each time.
    let cause = record.cause.unwrap();
    assert!(matches!(cause, Cause::NotMeasured | Cause::Generator | Cause::Host), "{record:?}");
    assert!(record.probes.iter().all(|probe| probe.capped), "{record:?}");
    let said = format!("sse: nothing found, at 8 clients already: {}, ", cause.in_words());
    assert!(ended.err.contains(&said), "{}", ended.err);
    assert!(ended.out.contains("sse, warning: probes were too short"), "{}", ended.out);
}

#[test]
fn where_not_even_the_first_probe_passes_nothing_is_found() {
    let search = "[thresholds]\nlatency_max = \"< 1ns\"\n[capacity]\nvary = \"clients\"\nto = 100\n";
    let workshop = tiny_but(&[], &format!("{SSE}{search}"));
    let ended = workshop.run(&["run", "tiny.toml"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let record = manifest(&workshop.run_folder()).capacity.remove(0);
    assert_eq!((record.found, record.failed_at), (None, Some(8.0)));
    assert!(record.complete && !record.is_answered() && !record.confirmed);
    assert!(ended.err.contains("sse: nothing found, 8 clients are too much already: "), "{}", ended.err);
}
