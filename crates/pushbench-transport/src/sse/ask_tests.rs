//! A client that asks by requests, driven by a script: no sockets, and a clock that is jumped by hand.

use super::*;
use crate::Settings as Any;
use crate::scripted::{SECOND, Script, answer, identity};
use crate::sse::wire::{encode_event, encode_gap, encode_prologue};
use proptest::prelude::*;

const RETRY: u64 = 3 * SECOND;
const TIMEOUT: u64 = 10 * SECOND;
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

fn client_of(method: AskMethod, resume: bool) -> Script {
    let settings = Any::Sse(Settings { ask: method, ..Settings::default() });
    let mut client = Script::new(settings.asker(Identity { resume, ..identity() }));
    assert_eq!(client.connect(), IDLE);
    assert_eq!((client.seen.ready, client.sent().len()), (1, 0), "idle, and ready to ask");
    client
}

fn client() -> Script {
    client_of(AskMethod::Post, true)
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// A head and the payloads under ids after `cursor`; the response ends if the answer does.
fn response(cursor: u64, payloads: &[String]) -> Vec<u8> {
    let mut bytes = HEAD.as_bytes().to_vec();
    bytes.extend(chunk(&encode_prologue(crate::Period::from_secs(3), cursor)));
    for (id, payload) in (cursor + 1..).zip(payloads) {
        bytes.extend(chunk(&encode_event(id, payload)));
    }
    if payloads.last().is_some_and(|last| last.starts_with(r#"{"end""#)) {
        bytes.extend(b"0\r\n\r\n");
    }
    bytes
}

fn lost(at_ns: u64) -> Step {
    Step::Open { at_ns, why: Reopen::Lost }
}

#[test]
fn an_answer_is_the_response_and_the_next_one_comes_on_the_same_connection() {
    let mut client = client();
    for ask in 7..9 {
        assert_eq!(client.ask(ask), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
        let sent = String::from_utf8(client.sent()).unwrap();
        assert!(sent.starts_with(&format!("POST /sse?topic=all&ask={ask} HTTP/1.1\r\n")), "{sent}");
        assert!(sent.contains("\r\nContent-Length: 0\r\n") && !sent.contains("Last-Event-ID"), "{sent}");
        assert_eq!(client.receive(response(4, &answer(ask, 1, 3))), IDLE);
    }
    assert_eq!(client.seen.events, [answer(7, 1, 3), answer(8, 1, 3)].concat());
    assert_eq!(client.seen.notes, [Note::Request, Note::Request]);
    // What an answer takes belongs to it, heads included.
    assert_eq!((client.seen.ready, client.seen.up.connecting, client.seen.down.connecting), (1, 0, 0));
}

#[test]
fn an_ask_between_the_end_and_the_last_chunk_waits_for_it() {
    let bytes = response(0, &answer(1, 1, 2));
    let (most, last) = bytes.split_at(bytes.len() - 5);
    let mut client = client();
    client.ask(1);
    client.sent();
    client.receive(most);
    assert_eq!(client.seen.events.len(), 3);
    assert_eq!((client.ask(2), client.sent().len()), (IDLE, 0));
    client.receive(&last[..2]);
    assert_eq!(client.receive(&last[2..]), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert_eq!(client.request_line(), "POST /sse?topic=all&ask=2 HTTP/1.1");
    client.receive(response(0, &answer(2, 1, 2)));
    assert_eq!((client.seen.events.len(), client.seen.count(Note::CutShort)), (6, 0));
}

#[test]
fn an_answer_by_get_is_resumed_and_one_by_post_is_cut_short_once() {
    let parts = answer(7, 1, 3);
    for (method, resume, goes_on) in
        [(AskMethod::Get, true, true), (AskMethod::Get, false, false), (AskMethod::Post, true, false)]
    {
        let mut client = client_of(method, resume);
        client.ask(7);
        client.sent();
        client.receive(response(4, &parts[..2]));
        assert_eq!(client.close(Closed::Broken), lost(SECOND + RETRY));
        client.close(Closed::ConnectFailed);
        client.connect();
        assert_eq!(client.seen.count(Note::CutShort), usize::from(!goes_on), "{method:?}");
        let sent = String::from_utf8(client.sent()).unwrap();
        if !goes_on {
            assert_eq!(sent, "", "{method:?}");
            continue;
        }
        assert!(sent.starts_with("GET /sse?topic=all&ask=7 HTTP/1.1\r\n"), "{sent}");
        assert!(sent.contains("\r\nLast-Event-ID: 6\r\n"), "{sent}");
        assert_eq!(client.receive(response(6, &parts[2..])), IDLE);
        assert_eq!(client.seen.events, parts);
        // The next answer begins anew.
        client.ask(8);
        assert!(!String::from_utf8(client.sent()).unwrap().contains("Last-Event-ID"));
    }
}

#[test]
fn what_is_no_answer_is_noted_and_cuts_the_ask_short() {
    let gap = [response(0, &[]), chunk(&encode_gap(3))].concat();
    let ended = [response(0, &answer(7, 1, 3)[..2]), b"0\r\n\r\n".to_vec()].concat();
    let on = IDLE;
    let table: [(&[u8], &[Note], Step); 6] = [
        (b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n", &[Note::ErrorReply], lost(SECOND + RETRY)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", &[], lost(SECOND + RETRY)),
        (b"HTTP/1.1 200 OK\r\n\r\n", &[Note::ProtocolError], lost(SECOND + RETRY)),
        (b"nonsense\r\n\r\n", &[Note::ProtocolError], lost(SECOND + RETRY)),
        // Parts are gone.
        (&gap, &[Note::Gap], on),
        // The target shuts down.
        (&ended, &[], lost(SECOND + RETRY)),
    ];
    for (bytes, notes, step) in table {
        let mut client = client();
        client.ask(7);
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(client.receive(bytes), step, "{shown}");
        assert_eq!(client.seen.notes, [&[Note::Request], notes, &[Note::CutShort]].concat(), "{shown}");
        client.close(Closed::Eof);
        assert_eq!(client.seen.count(Note::CutShort), 1, "{shown}");
    }
    let mut client = client();
    client.ask(7);
    assert_eq!(client.wake(SECOND + TIMEOUT), lost(SECOND + TIMEOUT + RETRY));
    assert_eq!(client.seen.notes, [Note::Request, Note::Timeout, Note::CutShort]);
}

#[test]
fn an_idle_connection_that_the_server_closes_is_opened_again_at_once() {
    let mut client = client();
    assert_eq!(client.close(Closed::Eof), Step::Open { at_ns: SECOND, why: Reopen::Planned });
    assert_eq!(client.close(Closed::ConnectFailed), lost(SECOND + RETRY));
    assert_eq!(client.connect(), IDLE);
    // A body that ends with the connection, as in HTTP/1.0.
    client.ask(7);
    let head = "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    client.receive(head);
    for payload in answer(7, 1, 1) {
        client.receive(encode_event(1, &payload));
    }
    assert_eq!(client.close(Closed::Eof), Step::Open { at_ns: SECOND, why: Reopen::Planned });
    assert_eq!((client.seen.notes.as_slice(), client.seen.events.len()), ([Note::Request].as_slice(), 2));
}

proptest! {
    #[test]
    fn answers_cut_anywhere_are_the_same(asks in prop::collection::vec(0u32..5, 1..4), piece in 1usize..90) {
        let mut client = client();
        let mut expected = Vec::new();
        for (ask, parts) in (0..).zip(asks) {
            let payloads = answer(ask, 1, parts);
            client.ask(ask);
            let mut step = IDLE;
            for bytes in response(ask, &payloads).chunks(piece) {
                step = client.receive(bytes);
            }
            prop_assert_eq!(step, IDLE);
            expected.extend(payloads);
        }
        prop_assert_eq!(&client.seen.events, &expected);
        prop_assert!(client.seen.notes.iter().all(|note| *note == Note::Request));
    }

    #[test]
    fn any_bytes_are_safe_and_an_ask_is_over_at_most_once(pieces: Vec<Vec<u8>>, begun: bool) {
        let mut client = client();
        client.ask(7);
        if begun {
            client.receive(HEAD);
        }
        for piece in pieces {
            client.receive(piece);
        }
        client.close(Closed::Broken);
        prop_assert_eq!(client.seen.count(Note::CutShort), 1);
    }
}
