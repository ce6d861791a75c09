//! Clients that lose their connections, or leave, as the scenario says: who was away is known, and so is what that costs.

use pushbench_measure::results::{Interval, Status, Summary};
use pushbench_scenario::{Overrides, load};

use crate::folder::{intervals, manifest};
use crate::scenario::{Workshop, tiny_but};

/// Transports whose clients do not wait long before they come back.
const SOON_BACK: &str = r#"
[[transports]]
kind = "short-polling"
interval = "100ms"
retry = "200ms"
[[transports]]
kind = "long-polling"
timeout = "500ms"
retry = "200ms"
[[transports]]
kind = "sse"
retry = "200ms"
[[transports]]
kind = "websocket"
retry = "20ms"
"#;

/// Twenty clients and three seconds, with that life.
fn workshop(life: &str) -> Workshop {
    let changes = [
        ("count = 8", "count = 20"),
        ("measure = \"1s\"", "measure = \"3s\""),
        ("drain = \"1200ms\"", "drain = \"2s\""),
    ];
    tiny_but(&changes, &format!("[life]\n{life}\n{SOON_BACK}"))
}

/// The rows of a run that came to its end.
fn rows(workshop: &Workshop) -> Vec<Summary> {
    let ended = workshop.run(&["run", "tiny.toml"]);
    let run = manifest(&workshop.run_folder());
    assert_eq!((run.status, run.results.len()), (Status::Complete, 4), "{ended:?}");
    run.results.into_iter().map(|result| result.summary).collect()
}

#[test]
fn a_storm_takes_its_share_and_who_resumes_loses_and_doubles_nothing() {
    let workshop = workshop("storm = { at = \"1s\", share = \"35%\" }");
    for row in rows(&workshop) {
        assert_eq!((row.dropped, row.back), (Some(7), Some(7)), "{row:?}");
        assert_eq!((row.expected, row.delivered, row.lost), (Some(2_400), Some(2_400), Some(0)), "{row:?}");
        assert_eq!((row.missed, row.duplicated, row.reordered), (Some(0), Some(0), Some(0)), "{row:?}");
        assert!(row.back_p50_us <= row.back_p95_us && row.back_p95_us <= row.back_p100_us, "{row:?}");
        if row.label == "sse" {
            // Nobody tries before the time is over that the server told.
            assert!(row.back_p50_us > Some(190_000), "{row:?}");
            assert!(row.caught_up > Some(0), "{row:?}");
        }
    }
    assert!(workshop.run_folder().join("charts/reconnect.png").exists());
}

#[test]
fn who_does_not_resume_misses_exactly_what_the_ledger_lacks() {
    let workshop = workshop("resume = false\nstorm = { at = \"1s\", share = \"100%\" }");
    for row in rows(&workshop) {
        assert_eq!((row.dropped, row.back), (Some(20), Some(20)), "{row:?}");
        let (expected, delivered) = (row.expected.unwrap(), row.delivered.unwrap());
        assert_eq!(row.missed, Some(expected - delivered), "{row:?}");
        assert_eq!((row.lost, row.duplicated), (row.missed, Some(0)), "{row:?}");
        // An event every 25 ms for each client, from the storm until it was back.
        let away_s = row.back_p100_us.unwrap() as f64 / 1e6;
        assert!(row.missed.unwrap() as f64 <= 20.0 * (40.0 * (away_s + 1.0) + 1.0), "{row:?}");
        if row.label == "sse" {
            assert!(row.missed >= Some(20 * 7), "{row:?}");
        }
    }
}

#[test]
fn a_restart_refuses_connects_and_then_everybody_comes_back() {
    let workshop = workshop("restart = { at = \"500ms\", for = \"1s\" }");
    for row in rows(&workshop) {
        assert_eq!((row.dropped, row.back), (Some(20), Some(20)), "{row:?}");
        assert_eq!((row.expected, row.lost, row.duplicated), (Some(2_400), Some(0), Some(0)), "{row:?}");
        assert!(row.back_p50_us >= Some(990_000), "nobody is back while the target is away: {row:?}");
        assert!(row.errors > Some(0), "connects were refused: {row:?}");
        let rows = intervals(&workshop.run_folder(), &row.label);
        let accepted: u64 = rows.iter().map(|row| row.accepted).sum();
        assert!(accepted >= 40, "all came twice: {accepted}");
    }
}

#[test]
fn who_comes_and_goes_as_scheduled_and_resumes_gets_everything() {
    come_and_go(true);
}

#[test]
fn who_comes_and_goes_without_resuming_gets_what_was_due_while_it_was_there() {
    come_and_go(false);
}

fn come_and_go(resume: bool) {
    let life = format!(
        "lifetime = {{ mean = \"700ms\" }}\npause = {{ min = \"50ms\", max = \"300ms\" }}\nresume = {resume}"
    );
    let workshop = workshop(&life);
    let plan = load(&workshop.folder.path().join("tiny.toml"), &Overrides::default()).unwrap();
    let stays: Vec<_> = (0..20).flat_map(|client| plan.first().stays(client, 20)).collect();
    let left = stays.iter().filter(|stay| stay.end != u64::MAX).count() as u64;
    let returned = stays.iter().filter(|stay| stay.start > 0).count() as u64;
    assert!(left > 20 && returned > 20, "{stays:?}");
    for row in rows(&workshop) {
        assert_eq!((row.left, row.dropped), (Some(left), None), "{row:?}");
        assert_eq!((row.connected, row.lost, row.duplicated), (Some(20), Some(0), Some(0)), "{row:?}");
        assert!(row.expected > Some(0) && row.expected <= Some(2_400), "{row:?}");
        assert_eq!((row.opened, row.reconnects), (Some(20 + returned), Some(0)), "{row:?}");
        let most = |of: fn(&Interval) -> u64| {
            intervals(&workshop.run_folder(), &row.label).iter().map(of).max().unwrap()
        };
        assert!(most(|row| row.connected) <= 20, "{row:?}");
    }
}
