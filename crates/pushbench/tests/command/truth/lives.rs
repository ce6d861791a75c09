//! Clients that lose their connections, or leave, as the scenario says: who was away is known, and so is what that costs.

use pushbench_measure::results::{Interval, Status, Summary};
use pushbench_measure::{Figure, Histogram, Phase, interval_log};
use pushbench_scenario::{Overrides, load};
use std::path::Path;

use super::{measured, worst_lateness_us};
use crate::folder::{histograms, intervals, manifest};
use crate::process::Ended;
use crate::scenario::{Workshop, run_together, tiny_but};

const CLIENTS: u64 = 20;
/// From one event to the next, for each client.
const GAP_US: u64 = 25_000;
/// All of the two seconds that are measured.
const EXPECTED: u64 = CLIENTS * 2_000_000 / GAP_US;

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

/// How often a client polls that is to be away for long: it loses its connection between two polls, and is back with the next.
const SELDOM_US: u64 = 1_000_000;

/// Transports whose clients are away for a second, or, where that is spread, for half of one on the average.
const LATE_BACK: &str = r#"
[[transports]]
kind = "short-polling"
interval = "1s"
[[transports]]
kind = "long-polling"
timeout = "500ms"
retry = "1s"
[[transports]]
kind = "sse"
retry = "1s"
[[transports]]
kind = "websocket"
retry = "1s"
"#;

/// Twenty clients and two seconds, with that life.
fn workshop(life: &str, transports: &str) -> Workshop {
    let changes = [
        ("count = 8", "count = 20"),
        ("measure = \"1s\"", "measure = \"2s\""),
        ("drain = \"1200ms\"", "drain = \"2s\""),
    ];
    tiny_but(&changes, &format!("[life]\n{life}\n{transports}"))
}

/// The rows of a run that came to its end.
fn rows(workshop: &Workshop, ended: &Ended) -> Vec<Summary> {
    let run = manifest(&workshop.run_folder());
    assert_eq!((run.status, run.results.len()), (Status::Complete, 4), "{ended:?}");
    run.results.into_iter().map(|result| result.summary).collect()
}

fn run(workshop: &Workshop) -> Vec<Summary> {
    rows(workshop, &workshop.run(&["run", "tiny.toml"]))
}

#[test]
fn a_storm_takes_its_share_and_who_resumes_loses_and_doubles_nothing() {
    let workshop = workshop("storm = { at = \"500ms\", share = \"35%\" }", SOON_BACK);
    for row in run(&workshop) {
        assert_eq!((row.dropped, row.back), (Some(7), Some(7)), "{row:?}");
        assert_eq!((row.expected, row.delivered), (Some(EXPECTED), Some(EXPECTED)), "{row:?}");
        let none = [row.lost, row.missed, row.duplicated, row.reordered];
        assert_eq!(none, [Some(0); 4], "{row:?}");
        assert!(row.back_p50_us <= row.back_p95_us && row.back_p95_us <= row.back_p100_us, "{row:?}");
        if row.label == "sse" {
            // Nobody tries before the time is over that the server told.
            assert!(row.back_p50_us > Some(190_000), "{row:?}");
            assert!(row.caught_up > Some(0), "{row:?}");
        }
    }
    assert!(workshop.run_folder().join("charts/reconnect.png").exists());
}

/// The ledger says how many events a client never got. How many were due while it was away follows from the schedule and from
/// the instant at which it was back, of which the ledger knows nothing.
#[test]
fn who_does_not_resume_misses_what_was_due_while_it_was_away() {
    let workshop = workshop("resume = false\nstorm = { at = \"500ms\", share = \"100%\" }", LATE_BACK);
    for row in run(&workshop) {
        let missed = row.missed.unwrap();
        assert_eq!((row.dropped, row.back), (Some(CLIENTS), Some(CLIENTS)), "{row:?}");
        assert_eq!((row.expected, row.delivered), (Some(EXPECTED), Some(EXPECTED - missed)), "{row:?}");
        assert_eq!((row.lost, row.duplicated), (Some(missed), Some(0)), "{row:?}");
        // What is published between the answer of the target and its arrival is not missed, though nobody was back.
        let due = missed + row.caught_up.unwrap();
        let (least, most) = due_while_away(&workshop.run_folder(), &row.label);
        assert!(missed > 0 && (least..=most).contains(&due), "not {least} to {most}: {row:?}");
    }
}

/// How many events were due at least, and at most, from the storm until each client was back, for all of them.
fn due_while_away(folder: &Path, label: &str) -> (u64, u64) {
    let lines = histograms(folder, label);
    let mut back = Histogram::new();
    for phase in Phase::ALL {
        back.add(&interval_log::sum(&lines, Figure::Back, phase, None));
    }
    assert_eq!(back.count(), CLIENTS, "{label}");
    let late_us = worst_lateness_us(folder, label);
    // The target is as late as that with the storm, and with an event.
    let spared_us = 2 * late_us;
    // What was due before the storm may have been under way, or have waited for a poll.
    let before_us = late_us
        + if label == "short-polling" {
            SELDOM_US
        } else {
            measured(folder, label, Figure::Delivery).max().unwrap()
        };
    let bins = back.inner().iter_recorded();
    bins.fold((0, 0), |(least, most), bin| {
        let (clients, highest_us) = (bin.count_at_value(), bin.value_iterated_to());
        let lowest_us = back.inner().lowest_equivalent(highest_us);
        let surely = lowest_us.saturating_sub(spared_us) / GAP_US;
        (least + clients * surely, most + clients * (highest_us + before_us).div_ceil(GAP_US))
    })
}

#[test]
fn a_restart_refuses_connects_and_then_everybody_comes_back() {
    let workshop = workshop("restart = { at = \"300ms\", for = \"1s\" }", SOON_BACK);
    for row in run(&workshop) {
        assert_eq!((row.dropped, row.back), (Some(CLIENTS), Some(CLIENTS)), "{row:?}");
        assert_eq!((row.expected, row.lost, row.duplicated), (Some(EXPECTED), Some(0), Some(0)), "{row:?}");
        assert!(row.back_p50_us >= Some(990_000), "nobody is back while the target is away: {row:?}");
        assert!(row.errors > Some(0), "connects were refused: {row:?}");
        let rows = intervals(&workshop.run_folder(), &row.label);
        let accepted: u64 = rows.iter().map(|row| row.accepted).sum();
        assert!(accepted >= 2 * CLIENTS, "all came twice: {accepted}");
    }
}

/// Who resumes gets everything, who does not what was due while it was there.
#[test]
fn who_comes_and_goes_as_scheduled_gets_what_it_is_owed() {
    let lives = [true, false].map(|resume| {
        let life = "lifetime = { mean = \"700ms\" }\npause = { min = \"50ms\", max = \"300ms\" }";
        workshop(&format!("{life}\nresume = {resume}"), SOON_BACK)
    });
    let ended = run_together(&lives, &["run", "tiny.toml"]);
    let expected = [0, 1].map(|at| assert_came_and_went(&lives[at], &ended[at]));
    for (resumed, not) in expected[0].iter().zip(&expected[1]) {
        assert!(not < resumed, "{not} without what was due meanwhile, {resumed} with it");
    }
}

/// Checks a run against its plan, and returns how many events each transport's clients were owed.
fn assert_came_and_went(workshop: &Workshop, ended: &Ended) -> Vec<u64> {
    let plan = load(&workshop.folder.path().join("tiny.toml"), &Overrides::default()).unwrap();
    let stays: Vec<_> =
        (0..CLIENTS as u32).flat_map(|client| plan.first().stays(client, CLIENTS as u32)).collect();
    let left = stays.iter().filter(|stay| stay.end != u64::MAX).count() as u64;
    let returned = stays.iter().filter(|stay| stay.start > 0).count() as u64;
    assert!(left > CLIENTS && returned > CLIENTS / 2, "{stays:?}");
    let rows = rows(workshop, ended);
    for row in &rows {
        assert_eq!((row.left, row.dropped), (Some(left), None), "{row:?}");
        let (connected, none) = (Some(CLIENTS), [row.lost, row.duplicated, row.reconnects]);
        assert_eq!((row.connected.map(u64::from), none), (connected, [Some(0); 3]), "{row:?}");
        assert_eq!(row.opened, Some(CLIENTS + returned), "{row:?}");
        let most = |of: fn(&Interval) -> u64| {
            intervals(&workshop.run_folder(), &row.label).iter().map(of).max().unwrap()
        };
        assert!(most(|row| row.connected) <= CLIENTS, "{row:?}");
        assert!((1..=EXPECTED).contains(&row.expected.unwrap()), "{row:?}");
    }
    rows.iter().map(|row| row.expected.unwrap()).collect()
}
