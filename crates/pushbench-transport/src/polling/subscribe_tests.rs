//! The cycle of request and reply, driven by a script: no sockets, and a clock that is jumped by hand.

use super::*;
use crate::polling::wire::{element, encode_reply};
use crate::scripted::{SECOND, Script, identity};
use crate::{Kind, Settings, short_polling};
use proptest::prelude::*;

pub(super) const INTERVAL: u64 = SECOND;
/// The first connect is at one second, the phase is a quarter.
pub(super) const FIRST_DUE: u64 = SECOND + INTERVAL / 4;
pub(super) const TIMEOUT: u64 = 10 * SECOND;
pub(super) const RETRY: u64 = 2 * SECOND;

pub(super) fn short(connection: Connection) -> Script {
    let settings = short_polling::Settings { connection, ..Default::default() };
    Script::new(Settings::ShortPolling(settings).subscriber(identity()))
}

fn long() -> Script {
    Script::new(Kind::LongPolling.default_settings().subscriber(identity()))
}

pub(super) fn hold(wake_ns: u64) -> Step {
    Step::Hold { wake_ns: Some(wake_ns) }
}

pub(super) fn open(at_ns: u64, why: Reopen) -> Step {
    Step::Open { at_ns, why }
}

fn with_head(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\npushbench-cursor: 1\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn reply(cursor: u64, payloads: &[&str], more: bool) -> Vec<u8> {
    let elements: Vec<_> = payloads.iter().map(|payload| element(payload.as_bytes())).collect();
    with_head(&encode_reply(cursor, &elements, false, more))
}

pub(super) fn empty(cursor: u64) -> String {
    format!("HTTP/1.1 204 No Content\r\npushbench-cursor: {cursor}\r\n\r\n")
}

#[test]
fn polls_keep_to_the_clock_and_carry_the_cursor() {
    let mut client = short(Connection::KeepAlive);
    assert_eq!(client.connect(), hold(SECOND + TIMEOUT));
    assert_eq!(client.request_line(), "GET /poll?topic=all HTTP/1.1");
    assert_eq!(client.seen.ready, 0);

    // The first answer has no body: the cursor is in the head.
    client.now_ns += 1000;
    assert_eq!(client.receive(empty(41)), hold(FIRST_DUE));
    assert_eq!(client.seen.ready, 1);
    // A wake-up before its time changes nothing.
    assert_eq!(client.wake(FIRST_DUE - 1), hold(FIRST_DUE));
    assert_eq!(client.request_line(), "");

    // A wake-up 50 µs after its time does not move the clock.
    let woken = FIRST_DUE + 50_000;
    assert_eq!(client.wake(woken), hold(woken + TIMEOUT));
    assert_eq!(client.request_line(), "GET /poll?topic=all&after=41 HTTP/1.1");
    client.now_ns += 1000;
    assert_eq!(client.receive(reply(43, &["{}", "text"], false)), hold(FIRST_DUE + INTERVAL));
    assert_eq!(client.seen.events, ["{}", "text"]);

    client.wake(FIRST_DUE + INTERVAL);
    assert_eq!(client.request_line(), "GET /poll?topic=all&after=43 HTTP/1.1");
    assert_eq!(client.seen.notes, [Note::Request, Note::EmptyReply, Note::Request, Note::Request]);
    // An empty reply may account for more than the one before, and one without a cursor for nothing.
    client.receive(empty(50));
    client.wake(FIRST_DUE + 2 * INTERVAL);
    assert_eq!(client.request_line(), "GET /poll?topic=all&after=50 HTTP/1.1");
    client.receive("HTTP/1.1 204 No Content\r\n\r\n");
    client.wake(FIRST_DUE + 3 * INTERVAL);
    assert_eq!(client.request_line(), "GET /poll?topic=all&after=50 HTTP/1.1");
    assert_eq!(client.seen.ready, 1);
}

#[test]
fn the_bytes_of_each_poll_are_accounted_for_what_they_did() {
    let mut client = short(Connection::KeepAlive);
    client.connect();
    let asked = client.sent().len() as u64;
    client.receive(empty(41));
    let nothing = empty(41).len() as u64;
    assert_eq!((client.seen.up.empty, client.seen.up.framing), (asked, 0));
    assert_eq!((client.seen.down.empty, client.seen.down.framing), (nothing, 0));

    client.wake(FIRST_DUE);
    let asked_again = client.sent().len() as u64;
    let bytes = reply(43, &["{\"n\":1}", "é"], false);
    client.receive(&bytes);
    assert_eq!((client.seen.up.empty, client.seen.up.framing), (asked, asked_again));
    let down = client.seen.down;
    assert_eq!((down.empty, down.payload, down.framing), (nothing, 7 + 2, bytes.len() as u64 - 9));
}

#[test]
fn a_reply_that_is_bounded_is_followed_at_once() {
    let mut client = short(Connection::KeepAlive);
    client.connect();
    client.sent();
    client.now_ns += 1000;
    assert_eq!(client.receive(reply(5, &["{}"], true)), hold(client.now_ns + TIMEOUT));
    assert_eq!(client.request_line(), "GET /poll?topic=all&after=5 HTTP/1.1");
    // The extra poll has not moved the clock.
    assert_eq!(client.receive(reply(6, &["{}"], false)), hold(FIRST_DUE));
}

#[test]
fn a_reply_that_does_not_come_is_given_up() {
    let mut client = short(Connection::KeepAlive);
    client.connect();
    client.receive("HTTP/1.1 200 OK\r\nContent-");
    assert_eq!(client.wake(SECOND + TIMEOUT), open(SECOND + TIMEOUT + RETRY, Reopen::Lost));
    assert_eq!(client.seen.notes, [Note::Request, Note::Timeout]);
    // What the lost connection had begun to say is forgotten, and the polls in between are counted.
    client.sent();
    client.now_ns = SECOND + TIMEOUT + RETRY;
    client.connect();
    assert_eq!(client.request_line(), "GET /poll?topic=all HTTP/1.1");
    assert_eq!(client.receive(empty(1)), hold(FIRST_DUE + 12 * INTERVAL));
    assert_eq!((client.seen.count(Note::PollSkipped), client.seen.ready), (11, 1));
}

#[test]
fn a_new_socket_per_poll_is_closed_by_the_server() {
    let mut client = short(Connection::Close);
    client.connect();
    assert!(String::from_utf8(client.sent()).unwrap().contains("\r\nConnection: close\r\n"));
    client.now_ns += 1000;
    assert_eq!(client.receive(empty(1)), hold(client.now_ns + TIMEOUT));
    assert_eq!(client.seen.ready, 1);
    assert_eq!(client.close(Closed::Eof), open(FIRST_DUE, Reopen::Planned));
    client.now_ns = FIRST_DUE + 90_000;
    client.connect();
    assert_eq!(client.request_line(), "GET /poll?topic=all&after=1 HTTP/1.1");
    client.receive(reply(2, &["{}"], false));
    // A server that does not close is left after a while.
    let late = client.now_ns + TIMEOUT;
    assert_eq!(client.wake(late), open(late, Reopen::Planned));
    assert_eq!(client.seen.ready, 1, "a planned socket is no reconnect");
    assert_eq!(client.seen.count(Note::PollLate), 0);
}

#[test]
fn a_body_may_end_with_the_connection() {
    let mut client = short(Connection::Close);
    client.connect();
    let body = encode_reply(3, &[element(b"{}")], false, false);
    client.receive([b"HTTP/1.0 200 OK\r\n\r\n", &body[..]].concat());
    assert_eq!(client.seen.events, [""; 0]);
    assert_eq!(client.close(Closed::Eof), open(FIRST_DUE, Reopen::Planned));
    assert_eq!((client.seen.events.len(), client.seen.ready), (1, 1));
    // A reset is no end of a body.
    client.connect();
    client.receive([b"HTTP/1.0 200 OK\r\n\r\n", &body[..]].concat());
    assert_eq!(client.close(Closed::Broken), open(client.now_ns + RETRY, Reopen::Lost));
    assert_eq!((client.seen.events.len(), client.seen.count(Note::ProtocolError)), (1, 0));
}

#[test]
fn an_idle_socket_that_the_server_closes_is_renewed_at_the_next_poll() {
    let mut client = short(Connection::KeepAlive);
    client.connect();
    client.receive(empty(1));
    assert_eq!(client.close(Closed::Eof), open(FIRST_DUE, Reopen::Planned));
    client.sent();
    client.now_ns = FIRST_DUE;
    client.connect();
    assert_eq!(client.request_line(), "GET /poll?topic=all&after=1 HTTP/1.1");
    // With a request under way it is a loss, but no wrong answer.
    assert_eq!(client.close(Closed::Eof), open(FIRST_DUE + RETRY, Reopen::Lost));
    assert_eq!(client.seen.count(Note::ProtocolError), 0);
    assert_eq!(client.close(Closed::ConnectFailed), open(FIRST_DUE + RETRY, Reopen::Lost));
}

#[test]
fn a_server_that_announces_its_close_is_waited_for() {
    let mut client = long();
    client.connect();
    client.sent();
    client.receive(empty(1).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    assert_eq!(client.request_line(), "");
    assert_eq!(client.close(Closed::Eof), open(SECOND, Reopen::Planned));
}

#[test]
fn wrong_answers_are_counted_and_followed_by_a_pause() {
    let bad_json = with_head(b"{\"cursor\":1,\"events\":[}");
    let table: [(&[u8], Note, Step); 5] = [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", Note::ErrorReply, hold(SECOND + RETRY)),
        (
            b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            Note::ErrorReply,
            hold(SECOND + RETRY),
        ),
        (b"HTTP/9 what", Note::ProtocolError, open(SECOND + RETRY, Reopen::Lost)),
        (b"HTTP/1.1 204 No Content\r\n\r\nbody", Note::ProtocolError, open(SECOND + RETRY, Reopen::Lost)),
        (&bad_json, Note::ProtocolError, open(SECOND + RETRY, Reopen::Lost)),
    ];
    for (bytes, note, step) in table {
        let mut client = short(Connection::KeepAlive);
        client.connect();
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(client.receive(bytes), step, "{shown}");
        assert_eq!((client.seen.notes.last(), client.seen.ready), (Some(&note), 0), "{shown}");
    }
}

#[test]
fn an_error_status_that_takes_the_connection_with_it_is_a_loss() {
    let busy = |headers: &str| format!("HTTP/1.1 503 Busy\r\n{headers}\r\n\r\nbusy");
    let kept = busy("Content-Length: 4");
    let (waits, pauses) = (hold(FIRST_DUE + TIMEOUT), hold(FIRST_DUE + RETRY));
    let table = [
        (Connection::KeepAlive, busy("Connection: close\r\nContent-Length: 4"), waits),
        (Connection::Close, kept.clone(), waits),
        // The body ends with the connection.
        (Connection::KeepAlive, busy("x: y"), waits),
        // The server closes in the pause, without having said so.
        (Connection::KeepAlive, kept.clone(), pauses),
    ];
    for (connection, refusal, step) in table {
        let mut client = short(connection);
        client.connect();
        client.receive(empty(1));
        if connection == Connection::Close {
            client.close(Closed::Eof);
            client.now_ns = FIRST_DUE;
            client.connect();
        } else {
            client.wake(FIRST_DUE);
        }
        assert_eq!(client.receive(&refusal), step, "{refusal}");
        assert_eq!(client.close(Closed::Eof), open(FIRST_DUE + RETRY, Reopen::Lost), "{refusal}");
        assert_eq!(client.seen.count(Note::ErrorReply), 1, "{refusal}");
        client.connect();
        client.receive(empty(2));
        assert_eq!(client.seen.ready, 2, "it comes back as after any loss: {refusal}");
    }
    // Asked again on the socket that stayed, the client was there all the time.
    let mut client = short(Connection::KeepAlive);
    client.connect();
    client.receive(empty(1));
    client.wake(FIRST_DUE);
    assert_eq!(client.receive(&kept), hold(FIRST_DUE + RETRY));
    client.wake(FIRST_DUE + RETRY);
    client.receive(empty(2));
    assert_eq!(client.seen.ready, 1);
}

#[test]
fn an_answer_that_nobody_asked_for_loses_the_connection() {
    let mut client = short(Connection::KeepAlive);
    client.connect();
    client.receive(empty(1));
    assert_eq!(client.receive(empty(2)), open(SECOND + RETRY, Reopen::Lost));
    assert_eq!(client.seen.notes.last(), Some(&Note::ProtocolError));
}

#[test]
fn a_reply_cut_short_delivers_nothing_and_is_asked_for_again() {
    let whole = reply(3, &["{}", "{}"], false);
    for cut in 1..whole.len() {
        let mut client = long();
        client.connect();
        client.receive(empty(1));
        client.sent();
        client.receive(&whole[..cut]);
        assert_eq!(client.close(Closed::Eof), open(SECOND + RETRY, Reopen::Lost), "cut at {cut}");
        assert_eq!((client.seen.events.len(), client.seen.notes.last()), (0, Some(&Note::ProtocolError)));
        client.connect();
        assert_eq!(client.request_line(), "GET /long-poll?topic=all&after=1&timeout=30s HTTP/1.1");
        client.receive(&whole);
        assert_eq!((client.seen.events.len(), client.seen.ready), (2, 2));
    }
}

#[test]
fn a_reset_amid_a_reply_is_a_loss_and_no_wrong_answer() {
    for part in ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"] {
        let mut client = long();
        client.connect();
        client.receive(part);
        assert_eq!(client.close(Closed::Broken), open(SECOND + RETRY, Reopen::Lost), "{part}");
        assert_eq!(client.seen.notes, [Note::Request], "the driver has counted it: {part}");
    }
}

#[test]
fn a_long_poll_asks_again_at_once_and_waits_longer_than_the_server_holds() {
    let mut client = long();
    let give_up = 40 * SECOND;
    assert_eq!(client.connect(), hold(SECOND + give_up));
    // Where the topic stands is asked at once: a held answer would come with the first event only.
    assert_eq!(client.request_line(), "GET /long-poll?topic=all&timeout=0s HTTP/1.1");
    client.receive(empty(6));
    assert_eq!(client.request_line(), "GET /long-poll?topic=all&after=6&timeout=30s HTTP/1.1");
    assert_eq!((client.seen.ready, client.seen.count(Note::EmptyReply)), (1, 0));
    client.now_ns = 32 * SECOND;
    assert_eq!(client.receive(empty(7)), hold(32 * SECOND + give_up));
    assert_eq!(client.request_line(), "GET /long-poll?topic=all&after=7&timeout=30s HTTP/1.1");
    client.now_ns += 1;
    assert_eq!(client.receive(reply(9, &["{}", "{}"], false)), hold(client.now_ns + give_up));
    assert_eq!(client.request_line(), "GET /long-poll?topic=all&after=9&timeout=30s HTTP/1.1");
    assert_eq!((client.seen.count(Note::EmptyReply), client.seen.events.len()), (1, 2));
    assert_eq!(client.wake(200 * SECOND), open(200 * SECOND + RETRY, Reopen::Lost));
}

#[test]
fn a_gap_is_noted() {
    let mut client = long();
    client.connect();
    client.receive(with_head(&encode_reply(9, &[element(b"{}")], true, false)));
    assert_eq!((client.seen.count(Note::Gap), client.seen.events.len()), (1, 1));
}

proptest! {
    #[test]
    fn replies_cut_anywhere_give_the_same_events_and_accounts(
        rounds in prop::collection::vec(prop::collection::vec("[a-z\"{}é]{0,20}", 0..4), 1..5),
        piece in 1usize..60,
    ) {
        let (mut whole, mut cut) = (long(), long());
        whole.connect();
        cut.connect();
        for (at, payloads) in rounds.iter().enumerate() {
            let payloads: Vec<_> = payloads.iter().map(String::as_str).collect();
            let bytes =
                if payloads.is_empty() { empty(at as u64).into() } else { reply(at as u64, &payloads, false) };
            whole.receive(&bytes);
            for bytes in bytes.chunks(piece) {
                cut.receive(bytes);
            }
        }
        let expected: Vec<_> = rounds.concat();
        prop_assert_eq!(&whole.seen.events, &expected);
        prop_assert_eq!(&cut.seen.events, &expected);
        prop_assert_eq!(&cut.seen.notes, &whole.seen.notes);
        prop_assert_eq!((cut.seen.down, cut.seen.up), (whole.seen.down, whole.seen.up));
    }

    #[test]
    fn any_bytes_are_safe(pieces: Vec<Vec<u8>>) {
        let mut client = short(Connection::KeepAlive);
        client.connect();
        for piece in pieces {
            if !matches!(client.receive(piece), Step::Hold { .. }) {
                break;
            }
        }
    }
}
