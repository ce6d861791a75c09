//! A latency that changes while it is measured.

use pushbench_measure::results::Status;
use pushbench_measure::verdict::{Condition, Level};
use rustix::process::Signal;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::control_group::not_tested;
use crate::folder::{intervals, manifest};
use crate::process::signal;
use crate::scenario::{SSE, tiny_but};

#[test]
fn a_median_that_moves_while_it_is_measured_is_told() {
    let changes = [("measure = \"1s\"", "measure = \"18s\""), ("rate = \"40/s\"", "rate = \"100/s\"")];
    let workshop = tiny_but(&changes, SSE);
    let mut started = workshop.start(&["run", "tiny.toml", "-v"]);
    started.says("] sse            measure    9 s");
    let target = started.children("__target", 1)[0];
    // From now on the target stands still for most of the time, far longer than a busy machine makes events late, until
    // the measure phase is about to end, which is more than a second before the target does.
    let from = Instant::now();
    while from.elapsed() < Duration::from_millis(8_500) {
        signal(target, Signal::STOP);
        sleep(Duration::from_millis(150));
        signal(target, Signal::CONT);
        sleep(Duration::from_millis(15));
    }
    let ended = started.ended();
    let run = manifest(&workshop.run_folder());
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    // A machine that held events up before as long as the standstills do has moved nothing.
    let rows = intervals(&workshop.run_folder(), "sse");
    let medians: Vec<u64> =
        rows.iter().filter(|row| row.phase == "measure").filter_map(|row| row.latency_p50_us).collect();
    assert!(medians.len() >= 12, "{medians:?}");
    let (before, after) = medians.split_at(medians.len() / 2);
    // The standstills begin about where the first half ends.
    if before.iter().max() >= after[2..].iter().min() {
        return not_tested("this machine was as late as a target that stands still");
    }
    let findings = &run.results[0].findings;
    let unsteady = findings.iter().find(|finding| finding.condition == Condition::Unsteady).unwrap();
    assert_eq!(unsteady.level, Level::Warning, "{unsteady:?}");
    // How far it moved depends on how late events were before.
    assert!(unsteady.value >= unsteady.warning.unwrap(), "{unsteady:?}");
    assert!(unsteady.text.starts_with("median moved from "), "{unsteady:?}");
    assert!(unsteady.text.contains(" at second "), "{unsteady:?}");
    assert!(ended.out.contains(&format!("sse, warning: {}\n", unsteady.text)), "{}", ended.out);
}
