//! Runs with slow readers, by the whole program: what they lose is theirs alone.

use pushbench_measure::results::{Run, Status};
use pushbench_measure::verdict::{Condition, Level};

use crate::folder::{files, intervals, manifest, sound_but_for_lateness};
use crate::scenario::{ALL_FOUR, Workshop, tiny_but};

/// Of 8 clients 2 read 8 KiB of the 160 KiB that they are sent each second. Ring and backlog are a second long: on a busy
/// machine nobody else is that late, and the slow ones are within the measure phase.
fn slow(keys: &str, target: &str) -> Workshop {
    let changes = [("size = \"200B\"", "size = \"4KiB\""), ("measure = \"1s\"", "measure = \"3s\"")];
    let tables = format!(
        "[slow]\nshare = \"25%\"\n{keys}\nreceive_buffer = \"4KiB\"\n\
         [target]\nring = 40\nbacklog = \"128KiB\"\nsend_buffer = \"4KiB\"\n{target}\n{ALL_FOUR}"
    );
    tiny_but(&changes, &tables)
}

fn run(workshop: &Workshop, labels: &[&str]) -> Run {
    let ended = workshop.run(&["run", "tiny.toml", "--only", &labels.join(",")]);
    let run = manifest(&workshop.run_folder());
    assert_eq!((run.status, run.results.len()), (Status::Complete, labels.len()), "{ended:?}");
    let sound = run.results.iter().all(sound_but_for_lateness);
    // Another program may be in the way; nothing else may be.
    assert!(sound && matches!(ended.code, Some(0 | 4)), "{ended:?}");
    assert!(ended.out.contains("slow readers"), "{}", ended.out);
    run
}

#[test]
fn what_slow_readers_lose_is_theirs_where_they_skip() {
    with_policy("skip", &["short-polling", "long-polling", "sse", "websocket"]);
}

#[test]
fn what_slow_readers_lose_is_theirs_where_they_are_cut_off() {
    // Nothing waits for who polls, so there is nothing to cut off.
    with_policy("disconnect", &["sse", "websocket"]);
}

fn with_policy(policy: &str, labels: &[&str]) {
    let workshop = slow("read = \"8KiB/s\"", &format!("slow = \"{policy}\""));
    let run = run(&workshop, labels);
    for result in &run.results {
        let row = &result.summary;
        let label = row.label.as_str();
        assert_eq!((row.clients, row.connected, row.slow_clients), (Some(8), Some(8), Some(2)), "{row:?}");
        // 120 events for 6 clients.
        assert_eq!((row.expected, row.delivered, row.lost), (Some(720), Some(720), Some(0)), "{row:?}");
        assert_eq!((row.errors, row.polls_late.map(|late| late < 1_000)), (Some(0), Some(true)), "{row:?}");
        assert!(row.slow_lost > Some(180), "{row:?}");
        let read = row.slow_bytes_per_second.unwrap();
        assert!((0.95..=1.05).contains(&(read / 8192.0)), "{label} read {read} B/s");
        if ["sse", "websocket"].contains(&label) {
            let (cut_off, skipped) = (row.slow_disconnects.unwrap(), row.slow_skipped.unwrap());
            // One that was cut off may come back when the ring has passed by.
            let is_as_asked = if policy == "skip" { cut_off == 0 && skipped > 0 } else { cut_off > 0 };
            assert!(is_as_asked, "{row:?}");
            let peak = row.target_queued_peak_bytes.unwrap();
            let seconds = intervals(&workshop.run_folder(), label);
            let most = seconds.iter().map(|second| second.target_queued_bytes).max();
            assert_eq!(Some(peak), most);
            assert!(policy == "disconnect" || peak > 0, "{row:?}");
        }
        let judged = |condition| result.findings.iter().any(|finding| finding.condition == condition);
        assert!(!judged(Condition::CutOff) && !judged(Condition::WireDisagreement), "{result:?}");
    }
    let charts = files(&workshop.run_folder().join("charts"));
    assert!(charts.iter().any(|chart| chart == "slow-readers.png"), "{charts:?}");
}

#[test]
fn clients_that_stop_for_a_while_get_what_waited() {
    let workshop = slow("stop = { at = \"1s\", for = \"100ms\" }", "slow = \"skip\"");
    // One that polls and one that is written to: what stops is the reading, which is the same for all.
    for result in &run(&workshop, &["short-polling", "sse"]).results {
        let row = &result.summary;
        assert_eq!((row.delivered, row.lost), (Some(720), Some(0)), "{row:?}");
        // Four events are due meanwhile: the kernel's buffers and the ring have room for them.
        assert_eq!(
            (row.slow_clients, row.slow_lost, row.slow_skipped),
            (Some(2), Some(0), Some(0)),
            "{row:?}"
        );
    }
}

#[test]
fn where_nobody_is_slow_by_plan_whoever_is_cut_off_is_judged() {
    // Without slow readers, every client being one that reads as fast as it can.
    let workshop = tiny_but(&[], crate::scenario::SSE);
    workshop.run(&["run", "tiny.toml"]);
    let run = manifest(&workshop.run_folder());
    let result = &run.results[0];
    let finding = result.findings.iter().find(|finding| finding.condition == Condition::CutOff).unwrap();
    assert_eq!((finding.level, finding.value), (Level::Ok, 0.0));
    let row = &result.summary;
    assert_eq!((row.slow_clients, row.slow_skipped, row.target_coalesced), (None, None, None), "{row:?}");
}
