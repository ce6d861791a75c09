//! Which polls are late, and which are never sent.

use super::tests::{FIRST_DUE, INTERVAL, RETRY, TIMEOUT, empty, hold, open, short};
use super::*;
use crate::Kind;
use crate::scripted::{SECOND, Script, identity};

#[test]
fn a_slow_reply_makes_polls_late_and_skipped() {
    // When the reply comes; what is noted; when the next wake-up is.
    let table = [
        (FIRST_DUE - 1, 0, 0, FIRST_DUE),
        (FIRST_DUE + 1, 0, 1, 0),
        (FIRST_DUE + INTERVAL - 1, 0, 1, 0),
        // The second is due at this very instant, which is not late.
        (FIRST_DUE + INTERVAL, 1, 0, FIRST_DUE + INTERVAL + TIMEOUT),
        (FIRST_DUE + 5 * INTERVAL / 2, 2, 1, 0),
    ];
    for (at_ns, skipped, late, next_ns) in table {
        let mut client = short(Connection::KeepAlive);
        client.connect();
        client.sent();
        client.now_ns = at_ns;
        let step = client.receive(empty(1));
        assert_eq!(client.seen.count(Note::PollSkipped), skipped, "at {at_ns}");
        assert_eq!(client.seen.count(Note::PollLate), late, "at {at_ns}");
        assert_eq!(step, hold(if late == 1 { at_ns + TIMEOUT } else { next_ns }), "at {at_ns}");
        if late == 1 {
            assert_eq!(client.request_line(), "GET /poll?topic=all&after=1 HTTP/1.1");
            // From there on the old clock goes on.
            let passed = (at_ns - FIRST_DUE) / INTERVAL + 1;
            assert_eq!(client.receive(empty(1)), hold(FIRST_DUE + passed * INTERVAL));
            assert_eq!(client.seen.count(Note::PollSkipped) + client.seen.count(Note::PollLate), skipped + 1);
        }
    }
}

#[test]
fn a_slow_close_makes_polls_late_and_a_connect_does_not() {
    const MS: u64 = SECOND / 1000;
    // When the reply comes, when the server closes, and when the next socket is there; what is noted of the polls.
    let table = [
        // The connect alone, however long.
        (SECOND, SECOND, FIRST_DUE + MS, 0, 0),
        (SECOND, FIRST_DUE, FIRST_DUE + MS, 0, 0),
        (SECOND, SECOND, FIRST_DUE + INTERVAL + MS, 1, 0),
        // The close.
        (SECOND, FIRST_DUE + 1, FIRST_DUE + MS, 0, 1),
        (SECOND, FIRST_DUE + INTERVAL + 1, FIRST_DUE + INTERVAL + MS, 1, 1),
        // The reply, and with it the close.
        (FIRST_DUE + 1, FIRST_DUE + 2, FIRST_DUE + MS, 0, 1),
        (FIRST_DUE + 1, FIRST_DUE + INTERVAL + 1, FIRST_DUE + INTERVAL + MS, 1, 1),
        // The poll that the reply made late has become one that the connect has skipped.
        (FIRST_DUE + 1, FIRST_DUE + 2, FIRST_DUE + INTERVAL + MS, 1, 0),
    ];
    for (replied_ns, closed_ns, connected_ns, skipped, late) in table {
        let mut client = short(Connection::Close);
        client.connect();
        client.now_ns = replied_ns;
        client.receive(empty(1));
        client.now_ns = closed_ns;
        assert_eq!(client.close(Closed::Eof), open(closed_ns.max(FIRST_DUE), Reopen::Planned));
        client.now_ns = connected_ns;
        client.connect();
        let noted = [Note::PollSkipped, Note::PollLate].map(|note| client.seen.count(note));
        assert_eq!(noted, [skipped, late], "{replied_ns} {closed_ns} {connected_ns}");
    }
}

#[test]
fn a_server_that_does_not_close_makes_the_next_poll_late() {
    let mut client = short(Connection::Close);
    client.connect();
    client.receive(empty(1));
    let given_up = SECOND + TIMEOUT;
    assert_eq!(client.wake(given_up), open(given_up, Reopen::Planned));
    client.connect();
    let noted = [Note::PollSkipped, Note::PollLate].map(|note| client.seen.count(note));
    assert_eq!(noted, [9, 1], "the polls of nine seconds, and the one of the tenth");
}

#[test]
fn after_a_failure_the_pause_makes_no_poll_late() {
    let mut client = short(Connection::KeepAlive);
    client.connect();
    client.receive("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    client.wake(SECOND + RETRY);
    let noted = [Note::PollSkipped, Note::PollLate].map(|note| client.seen.count(note));
    assert_eq!(noted, [1, 0]);
}

#[test]
fn a_poll_that_is_due_at_the_instant_of_the_reply_is_in_time() {
    let mut client = short(Connection::KeepAlive);
    client.connect();
    client.now_ns = FIRST_DUE;
    assert_eq!(client.receive(empty(1)), hold(FIRST_DUE + TIMEOUT));
    assert_eq!(client.seen.notes, [Note::Request, Note::EmptyReply, Note::Request]);
    assert_eq!(client.receive(empty(1)), hold(FIRST_DUE + INTERVAL));
}

#[test]
fn without_phase_the_first_request_is_the_first_poll_of_the_clock() {
    let start = Identity { phase: 0.0, ..identity() };
    let mut client = Script::new(Kind::ShortPolling.default_settings().subscriber(start));
    client.connect();
    client.now_ns += 1000;
    assert_eq!(client.receive(empty(1)), hold(SECOND + INTERVAL));
    assert_eq!(client.seen.count(Note::PollLate), 0);
}
