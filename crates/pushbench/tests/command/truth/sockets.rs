//! Sockets of a run whose number is known: one per client, or one per request.

use pushbench_measure::results::{Interval, Status};

use crate::folder::{intervals, manifest};
use crate::scenario::tiny;

/// The same polls over sockets that are kept, and over a new one each.
const POLLING: &str = r#"
[[transports]]
label = "kept"
kind = "short-polling"
interval = "100ms"
[[transports]]
label = "new"
kind = "short-polling"
interval = "100ms"
connection = "close"
"#;

#[test]
fn a_socket_per_client_or_per_request_is_opened_closed_and_left() {
    let workshop = tiny(POLLING);
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    let [kept, new] = [0, 1].map(|at| &run.results[at].summary);
    let sum = |label, of: fn(&Interval) -> u64| intervals(&folder, label).iter().map(of).sum::<u64>();
    let requests = |label| sum(label, |row| row.requests);

    assert_eq!((kept.opened, kept.closed, kept.opened_per_second), (Some(8), Some(0), Some(0.0)), "{kept:?}");
    // Sockets are looked at about once a second, and less often on a busy machine.
    let measured = |row: &&Interval| row.phase == "measure";
    let looked = |row: &Interval| row.client_established.is_some();
    let was_seen = intervals(&folder, "kept").iter().filter(measured).any(looked);
    assert!(kept.sockets_established_peak == Some(8) || !was_seen, "{kept:?}");
    // Ten polls a second and client for 2.4 s; one that is due while this machine does something else is skipped.
    let polls = requests("kept") + kept.polls_skipped.unwrap();
    assert!(polls > 8 * 20, "{polls}");

    // What is opened for a request is closed after it. Clients go on polling from the last row to the end of the step.
    assert_eq!(sum("new", |row| row.opened), requests("new"), "{new:?}");
    assert!(new.opened >= Some(requests("new")), "{new:?}");
    let open_at_the_end = new.opened.unwrap() - new.closed.unwrap();
    assert!(open_at_the_end <= 8, "{new:?}");
    // Ten polls a second and client in the measure phase, give or take the one that an edge cuts.
    let opened = new.opened_per_second.unwrap();
    let is_late = new.polls_skipped > Some(0) || new.polls_late > Some(0);
    assert!((72.0..=88.0).contains(&opened) || is_late, "{new:?}");
    // Each leaves one side in TIME_WAIT, for longer than the run takes; the port may have some of an earlier user.
    assert!(new.sockets_left >= new.opened, "{new:?}");
    let rows = intervals(&folder, "new");
    let look = rows.iter().rposition(|row| row.client_time_wait.is_some());
    let closed = look.map(|at| rows[..at].iter().map(|row| row.closed).sum::<u64>());
    assert!(new.sockets_time_wait_peak >= closed, "{closed:?} were closed: {new:?}");
    let looks_are_rare = !rows.iter().all(looked);
    assert!(closed > Some(8 * 10) || looks_are_rare || is_late, "{closed:?} were closed: {new:?}");
}
