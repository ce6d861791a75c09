//! A polling client that asks, driven by a script: no sockets, and a clock that is jumped by hand.

use super::*;
use crate::client::Closed;
use crate::polling::wire::{element, encode_reply};
use crate::scripted::{SECOND, Script, answer, identity};
use crate::settings::Connection;
use crate::{Kind, Settings, long_polling, short_polling};
use proptest::prelude::*;

const INTERVAL: u64 = SECOND;
const TIMEOUT: u64 = 10 * SECOND;
const RETRY: u64 = 2 * SECOND;
const IDLE: Step = Step::Hold { wake_ns: None };

fn begun(settings: &Settings, resume: bool) -> Script {
    let mut client = Script::new(settings.asker(Identity { resume, ..identity() }));
    assert_eq!(client.connect(), IDLE);
    assert_eq!((client.seen.ready, client.sent().len()), (1, 0), "idle, and ready to ask");
    client
}

fn short(connection: Connection) -> Script {
    begun(&Settings::ShortPolling(short_polling::Settings { connection, ..Default::default() }), true)
}

fn long(resume: bool) -> Script {
    begun(&Kind::LongPolling.default_settings(), resume)
}

fn hold(wake_ns: u64) -> Step {
    Step::Hold { wake_ns: Some(wake_ns) }
}

fn lost(at_ns: u64) -> Step {
    Step::Open { at_ns, why: Reopen::Lost }
}

fn ticket(cursor: u64) -> String {
    format!(
        "HTTP/1.1 202 Accepted\r\nlocation: /x\r\npushbench-cursor: {cursor}\r\ncontent-length: 0\r\n\r\n"
    )
}

fn nothing(cursor: u64) -> String {
    format!("HTTP/1.1 204 No Content\r\npushbench-cursor: {cursor}\r\n\r\n")
}

fn reply(cursor: u64, payloads: &[String], gap: bool) -> Vec<u8> {
    let elements: Vec<_> = payloads.iter().map(|payload| element(payload.as_bytes())).collect();
    let body = encode_reply(cursor, &elements, gap, false);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

#[test]
fn an_answer_is_looked_for_on_a_clock_that_begins_with_its_ticket() {
    let mut client = short(Connection::KeepAlive);
    for (ask, cursor) in [(7, 40), (8, 44)] {
        let parts = answer(ask, 1, 3);
        // Long after the connect: its clock and the phase are of no account.
        client.now_ns += 17 * SECOND + 333;
        assert_eq!(client.ask(ask), hold(client.now_ns + TIMEOUT));
        let sent = String::from_utf8(client.sent()).unwrap();
        assert!(sent.starts_with(&format!("POST /poll?topic=all&ask={ask} HTTP/1.1\r\n")), "{sent}");
        assert!(sent.contains("\r\nContent-Length: 0\r\n"), "{sent}");
        client.now_ns += 1000;
        let began = client.now_ns;
        assert_eq!(client.receive(ticket(cursor)), hold(began + INTERVAL));
        client.wake(began + INTERVAL);
        assert_eq!(client.request_line(), format!("GET /poll?topic=all&ask={ask}&after={cursor} HTTP/1.1"));
        assert_eq!(client.receive(nothing(cursor)), hold(began + 2 * INTERVAL));
        client.wake(began + 2 * INTERVAL);
        client.receive(reply(cursor + 2, &parts[..2], false));
        client.wake(began + 3 * INTERVAL);
        client.sent();
        // Another server's way to say that there is nothing yet.
        client.receive(ticket(cursor + 2));
        client.wake(began + 4 * INTERVAL);
        assert_eq!(
            client.request_line(),
            format!("GET /poll?topic=all&ask={ask}&after={} HTTP/1.1", cursor + 2)
        );
        assert_eq!(client.receive(reply(cursor + 4, &parts[2..], false)), IDLE);
    }
    assert_eq!(client.seen.events, [answer(7, 1, 3), answer(8, 1, 3)].concat());
    assert_eq!((client.seen.ready, client.seen.count(Note::EmptyReply)), (1, 4));
    assert_eq!((client.seen.count(Note::Request), client.seen.notes.len()), (10, 14));
}

#[test]
fn only_wait_answers_are_empty_polls() {
    let mut client = short(Connection::KeepAlive);
    client.ask(7);
    client.sent();
    client.receive(ticket(0));
    assert_eq!((client.seen.up.empty, client.seen.down.empty), (0, 0));
    client.wake(SECOND + INTERVAL);
    let asked = client.sent().len() as u64;
    client.receive(nothing(0));
    assert_eq!((client.seen.up.empty, client.seen.down.empty), (asked, nothing(0).len() as u64));
    assert_eq!((client.seen.up.connecting, client.seen.down.connecting), (0, 0));
}

#[test]
fn a_long_poll_for_an_answer_is_always_under_way() {
    let mut client = long(true);
    client.ask(7);
    assert_eq!(client.request_line(), "POST /long-poll?topic=all&ask=7 HTTP/1.1");
    assert_eq!(client.receive(ticket(4)), hold(SECOND + 40 * SECOND));
    assert_eq!(client.request_line(), "GET /long-poll?topic=all&ask=7&after=4&timeout=30s HTTP/1.1");
    client.receive(reply(5, &answer(7, 1, 2)[..1], false));
    assert_eq!(client.request_line(), "GET /long-poll?topic=all&ask=7&after=5&timeout=30s HTTP/1.1");
    assert_eq!(client.receive(reply(7, &answer(7, 1, 2)[1..], false)), IDLE);
    assert_eq!(client.seen.notes, [Note::Request; 3]);
}

#[test]
fn with_a_socket_for_each_request_the_next_one_is_there_when_it_is_needed() {
    let planned = |at_ns| Step::Open { at_ns, why: Reopen::Planned };
    let mut client = short(Connection::Close);
    client.ask(7);
    assert!(String::from_utf8(client.sent()).unwrap().contains("\r\nConnection: close\r\n"));
    client.receive(ticket(4));
    assert_eq!(client.close(Closed::Eof), planned(SECOND + INTERVAL));
    client.now_ns = SECOND + INTERVAL;
    client.connect();
    assert_eq!(client.request_line(), "GET /poll?topic=all&ask=7&after=4 HTTP/1.1");
    client.receive(reply(6, &answer(7, 1, 1), false));
    // The next ask comes before the server has closed the last socket.
    assert_eq!(client.ask(8), hold(client.now_ns + TIMEOUT));
    assert_eq!(client.request_line(), "");
    assert_eq!(client.close(Closed::Eof), planned(client.now_ns));
    client.connect();
    assert_eq!(client.request_line(), "POST /poll?topic=all&ask=8 HTTP/1.1");
    assert_eq!((client.seen.ready, client.seen.count(Note::CutShort)), (1, 0));
}

#[test]
fn a_ticket_outlives_its_connection_where_the_client_resumes() {
    for (resume, cut_short) in [(true, 0), (false, 1)] {
        let mut client = long(resume);
        client.ask(7);
        client.receive(ticket(4));
        client.sent();
        assert_eq!(client.close(Closed::Broken), lost(SECOND + RETRY));
        client.close(Closed::ConnectFailed);
        client.connect();
        assert_eq!((client.seen.count(Note::CutShort), client.seen.ready), (cut_short, 2));
        let line = if resume { "GET /long-poll?topic=all&ask=7&after=4&timeout=30s HTTP/1.1" } else { "" };
        assert_eq!(client.request_line(), line);
    }
    // An ask that was not answered may have been heard or not.
    let mut client = long(true);
    client.ask(7);
    client.close(Closed::Eof);
    assert_eq!(client.seen.notes, [Note::Request, Note::CutShort]);
    // Nothing of the answer is lost with a socket between two polls.
    let mut client = short(Connection::KeepAlive);
    client.ask(7);
    client.receive(ticket(4));
    assert_eq!(client.close(Closed::Eof), Step::Open { at_ns: SECOND + INTERVAL, why: Reopen::Planned });
}

#[test]
fn what_is_no_answer_is_noted_and_cuts_the_ask_short() {
    let error = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes();
    let (first, later) = (false, true);
    let table: [(bool, Vec<u8>, &[Note], Step); 7] = [
        (first, error("409 Conflict"), &[Note::ErrorReply, Note::CutShort], IDLE),
        (first, error("503 Busy"), &[Note::ErrorReply, Note::CutShort], IDLE),
        (first, error("202 Accepted"), &[Note::ProtocolError, Note::CutShort], lost(SECOND + RETRY)),
        (first, nothing(4).into(), &[Note::ProtocolError, Note::CutShort], lost(SECOND + RETRY)),
        (later, error("404 Not Found"), &[Note::ErrorReply, Note::CutShort], IDLE),
        // It may still have it.
        (later, error("503 Busy"), &[Note::ErrorReply], hold(SECOND + RETRY)),
        (later, reply(9, &answer(7, 3, 3)[..1], true), &[Note::Gap, Note::CutShort], IDLE),
    ];
    for (has_ticket, bytes, notes, step) in table {
        let mut client = long(true);
        client.ask(7);
        if has_ticket {
            client.receive(ticket(4));
        }
        let before = client.seen.notes.len();
        let shown = String::from_utf8_lossy(&bytes);
        assert_eq!(client.receive(&bytes), step, "{shown}");
        assert_eq!(&client.seen.notes[before..], notes, "{shown}");
    }
}

proptest! {
    #[test]
    fn answers_cut_anywhere_are_the_same(asks in prop::collection::vec(0u32..5, 1..4), piece in 1usize..90) {
        let settings = Settings::LongPolling(long_polling::Settings::default());
        let mut client = begun(&settings, true);
        let mut expected = Vec::new();
        for (ask, parts) in (0..).zip(asks) {
            let payloads = answer(ask, 1, parts);
            client.ask(ask);
            let bytes = [ticket(ask).into_bytes(), nothing(ask).into(), reply(ask + 9, &payloads, false)];
            for bytes in bytes.iter().flat_map(|reply| reply.chunks(piece)) {
                let holds = matches!(client.receive(bytes), Step::Hold { .. });
                prop_assert!(holds);
            }
            expected.extend(payloads);
        }
        prop_assert_eq!(&client.seen.events, &expected);
        let usual = |note: &Note| matches!(note, Note::Request | Note::EmptyReply);
        prop_assert!(client.seen.notes.iter().all(usual));
    }

    #[test]
    fn any_bytes_are_safe(pieces: Vec<Vec<u8>>, has_ticket: bool) {
        let mut client = long(false);
        client.ask(7);
        if has_ticket {
            client.receive(ticket(4));
        }
        for piece in pieces {
            if !matches!(client.receive(piece), Step::Hold { .. }) {
                break;
            }
        }
        client.close(Closed::Broken);
        prop_assert!(client.seen.count(Note::CutShort) <= 1);
    }
}
