//! A client of event streams, driven by a script: no sockets, and a clock that is jumped by hand.

use super::*;
use crate::client::Reopen;
use crate::scripted::{SECOND, Script, identity};
use crate::sse::wire::{HEARTBEAT, encode_event, encode_gap, encode_prologue};
use crate::{Kind, Period};
use proptest::prelude::*;

const TIMEOUT: u64 = 10 * SECOND;
const RETRY: u64 = 3 * SECOND;
const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n";
const STREAMING: Step = Step::Hold { wake_ns: None };

fn client() -> Script {
    let mut client = Script::new(Kind::Sse.default_settings().subscriber(identity()));
    assert_eq!(client.connect(), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    client
}

/// A client in a stream without transfer coding.
fn streaming() -> Script {
    let mut client = client();
    client.sent();
    assert_eq!(client.receive(format!("{HEAD}\r\n")), STREAMING);
    client
}

fn lost(at_ns: u64) -> Step {
    Step::Open { at_ns, why: Reopen::Lost }
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

#[test]
fn the_request_is_that_of_an_event_source() {
    let sent = String::from_utf8(client().sent()).unwrap();
    assert!(sent.starts_with("GET /sse?topic=all HTTP/1.1\r\nHost: 127.0.0.1:9\r\n"), "{sent}");
    for header in ["Accept: text/event-stream", "Cache-Control: no-cache", "Connection: keep-alive"] {
        assert!(sent.contains(&format!("\r\n{header}\r\n")), "{sent}");
    }
    assert!(!sent.contains("Last-Event-ID"), "{sent}");
}

#[test]
fn events_are_payload_and_heads_are_connecting() {
    let mut client = client();
    let asked = client.sent().len() as u64;
    let head = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.receive(&head[..30]), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert_eq!((client.seen.ready, client.seen.down.connecting), (0, 0));
    let event = encode_event(7, "payload");
    let stream = [&head.as_bytes()[30..], &chunk(&event), &chunk(HEARTBEAT)].concat();
    assert_eq!(client.receive(&stream), STREAMING);
    assert_eq!((client.seen.events.as_slice(), client.seen.ready), (["payload".to_owned()].as_slice(), 1));
    assert_eq!((client.seen.up.connecting, client.seen.up.framing), (asked, 0));
    let down = client.seen.down;
    assert_eq!((down.connecting, down.payload), (head.len() as u64, 7));
    assert_eq!(down.framing, (chunk(&event).len() + chunk(HEARTBEAT).len() - 7) as u64);
    assert_eq!(client.seen.notes, [Note::Request]);
}

#[test]
fn a_lost_stream_is_resumed_after_the_id_of_the_last_whole_event() {
    let mut client = streaming();
    client.receive(encode_prologue(Period::from_secs(5), 41));
    // Cut off before the first event there is an id all the same.
    assert_eq!(client.close(Closed::Eof), lost(SECOND + 5 * SECOND), "the server's retry counts");
    client.connect();
    assert!(String::from_utf8(client.sent()).unwrap().contains("\r\nLast-Event-ID: 41\r\n"));

    client.receive(format!("{HEAD}\r\n"));
    client.receive(encode_event(42, "whole"));
    let half = encode_event(43, "half");
    client.receive(&half[..half.len() - 1]);
    assert_eq!(client.close(Closed::Broken), lost(SECOND + 5 * SECOND));
    client.connect();
    assert!(String::from_utf8(client.sent()).unwrap().contains("\r\nLast-Event-ID: 42\r\n"));
    client.receive(format!("{HEAD}\r\n"));
    client.receive(half);
    assert_eq!(client.seen.events, ["whole", "half"]);
    assert_eq!((client.seen.ready, client.seen.count(Note::ProtocolError)), (3, 0));
}

#[test]
fn gaps_are_noted_and_events_of_other_types_are_nobodys() {
    let mut client = streaming();
    client.receive(encode_gap(9));
    client.receive("event: other\ndata: x\n\nevent: message\ndata: y\n\n");
    assert_eq!(
        (client.seen.count(Note::Gap), client.seen.events.as_slice()),
        (1, ["y".to_owned()].as_slice())
    );
}

#[test]
fn how_a_stream_ends_decides_whether_it_was_cut_short() {
    let body = chunk(&encode_event(1, "x"));
    let table: [(Vec<u8>, Option<Closed>, usize); 6] = [
        // The last chunk ends the response while the connection stays.
        ([&body[..], b"0\r\n\r\n"].concat(), None, 0),
        (body.clone(), Some(Closed::Eof), 1),
        (body[..body.len() - 3].to_vec(), Some(Closed::Eof), 1),
        (body.clone(), Some(Closed::Broken), 0),
        ([&body[..], b"x"].concat(), None, 1),
        (body.clone(), Some(Closed::ConnectFailed), 0),
    ];
    for (stream, closed, errors) in table {
        let mut client = client();
        client.receive(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n"));
        let step = client.receive(&stream);
        let step = closed.map_or(step, |why| client.close(why));
        assert_eq!(step, lost(SECOND + RETRY), "{closed:?}");
        assert_eq!(client.seen.count(Note::ProtocolError), errors, "{:?}", String::from_utf8_lossy(&stream));
    }
}

#[test]
fn other_answers_are_counted_and_retried_but_204_is_obeyed() {
    let table = [
        ("HTTP/1.1 503 Busy\r\n\r\n", Some(Note::ErrorReply), lost(SECOND + RETRY)),
        ("HTTP/1.1 404 Not Found\r\n\r\n", Some(Note::ErrorReply), lost(SECOND + RETRY)),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
            Some(Note::ProtocolError),
            lost(SECOND + RETRY),
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", Some(Note::ProtocolError), lost(SECOND + RETRY)),
        ("RTSP/1.0 200 OK\r\n\r\n", Some(Note::ProtocolError), lost(SECOND + RETRY)),
        ("HTTP/1.1 204 No Content\r\n\r\n", None, Step::End),
    ];
    for (head, note, step) in table {
        let mut client = client();
        assert_eq!(client.receive(head), step, "{head}");
        assert_eq!(client.seen.notes.get(1), note.as_ref(), "{head}");
        assert_eq!(client.seen.ready, 0);
    }
}

#[test]
fn a_head_that_does_not_come_is_given_up() {
    let mut client = client();
    client.receive("HTTP/1.1 200 OK\r\n");
    assert_eq!(client.wake(SECOND + TIMEOUT - 1), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert_eq!(client.wake(SECOND + TIMEOUT), lost(SECOND + TIMEOUT + RETRY));
    assert_eq!(client.seen.notes, [Note::Request, Note::Timeout]);
    // The half head is not taken for the beginning of the next.
    client.connect();
    client.receive(format!("{HEAD}\r\n"));
    assert_eq!(client.seen.ready, 1);
    // A refused connect is tried again after the pause; a half head is an error.
    assert_eq!(client.close(Closed::ConnectFailed), lost(client.now_ns + RETRY));
    for (why, errors) in [(Closed::Eof, 1), (Closed::Broken, 1)] {
        client.connect();
        client.receive("HTTP/1.1 2");
        client.close(why);
        assert_eq!(client.seen.count(Note::ProtocolError), errors, "a reset is the driver's to count");
    }
}

proptest! {
    #[test]
    fn a_response_cut_anywhere_gives_the_same_events_and_accounts(
        payloads in prop::collection::vec("[a-zé\n]{0,40}", 0..6),
        chunked: bool,
        piece in 1usize..80,
    ) {
        let mut bytes = HEAD.as_bytes().to_vec();
        bytes.extend_from_slice(if chunked { b"Transfer-Encoding: chunked\r\n\r\n" } else { b"\r\n" });
        for (at, payload) in payloads.iter().enumerate() {
            let event = encode_event(at as u64, payload);
            bytes.extend_from_slice(&if chunked { chunk(&event) } else { event.to_vec() });
        }
        let mut client = client();
        for bytes in bytes.chunks(piece) {
            let holds = matches!(client.receive(bytes), Step::Hold { .. });
            prop_assert!(holds);
        }
        prop_assert_eq!(&client.seen.events, &payloads);
        let payload: usize = payloads.iter().map(String::len).sum();
        prop_assert_eq!(client.seen.down.payload, payload as u64);
        prop_assert_eq!(client.seen.down.total(), bytes.len() as u64);
        prop_assert_eq!(client.seen.ready, 1);
    }

    #[test]
    fn any_bytes_are_safe(pieces: Vec<Vec<u8>>) {
        let mut client = streaming();
        for piece in pieces {
            client.receive(piece);
        }
    }
}
