//! A client that asks by messages, driven by a script: no sockets, and a clock that is jumped by hand.

use super::*;
use crate::Kind;
use crate::asking::refusal_message;
use crate::scripted::{Script, answer, identity};
use crate::websocket::wire::gap_message;
use proptest::prelude::*;
use tungstenite::handshake::derive_accept_key;

const IDLE: Step = Step::Hold { wake_ns: None };

/// The server's answer to the request that the client has just written.
fn upgrade(client: &mut Script) -> String {
    let sent = String::from_utf8(client.sent()).unwrap();
    let key = sent.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {}\r\npushbench-cursor: 4\r\n\r\n",
        derive_accept_key(key.as_bytes())
    )
}

fn client(resume: bool) -> Script {
    let mut client = Script::new(Kind::WebSocket.default_settings().asker(Identity { resume, ..identity() }));
    client.connect();
    assert_eq!(client.seen.ready, 0);
    let head = upgrade(&mut client);
    assert_eq!((client.receive(head), client.seen.ready), (IDLE, 1));
    client
}

/// A message as a server sends it.
fn message(payload: &str) -> Vec<u8> {
    assert!(payload.len() < 126);
    [&[0x81, payload.len() as u8], payload.as_bytes()].concat()
}

fn messages(payloads: &[String]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| message(payload)).collect()
}

/// The one text message that the client wrote.
fn said(client: &mut Script) -> String {
    let sent = client.sent();
    assert_eq!((sent[0], usize::from(sent[1])), (0x81, 0x80 | (sent.len() - 6)), "one final, masked frame");
    let payload = sent[6..].iter().zip(sent[2..6].iter().cycle()).map(|(byte, mask)| byte ^ mask);
    String::from_utf8(payload.collect()).unwrap()
}

/// The client has lost its connection and has a new one.
fn come_back(client: &mut Script) {
    assert!(matches!(client.close(Closed::Broken), Step::Open { .. }));
    client.sent();
    client.connect();
    let head = upgrade(client);
    assert_eq!(client.receive(head), IDLE);
}

#[test]
fn asks_are_messages_and_answers_come_on_the_same_connection() {
    let mut client = client(true);
    for ask in 7..9 {
        assert_eq!(client.ask(ask), IDLE);
        assert_eq!(said(&mut client), format!(r#"{{"ask":{ask}}}"#));
        assert_eq!(client.receive(messages(&answer(ask, 1, 3))), IDLE);
    }
    assert_eq!(client.seen.events, [answer(7, 1, 3), answer(8, 1, 3)].concat());
    assert_eq!(client.seen.notes, [Note::Request; 3]);
}

#[test]
fn an_answer_that_is_cut_off_is_resumed_where_the_server_knows_it() {
    let parts = answer(7, 1, 3);
    let mut client = client(true);
    client.ask(7);
    client.receive(messages(&parts[..1]));
    come_back(&mut client);
    assert_eq!(said(&mut client), r#"{"ask":7,"resume":true}"#);
    assert_eq!(client.seen.count(Note::Request), 4, "two handshakes and two messages");
    client.receive(messages(&parts[1..]));
    assert_eq!((client.seen.events.as_slice(), client.seen.count(Note::CutShort)), (parts.as_slice(), 0));
    // Idle, it has nothing to resume.
    come_back(&mut client);
    assert_eq!(client.sent(), b"");
    client.ask(8);
    come_back(&mut client);
    client.receive(message(&refusal_message(8)));
    assert_eq!((client.seen.count(Note::ErrorReply), client.seen.count(Note::CutShort)), (1, 1));
}

#[test]
fn without_resuming_what_is_left_of_an_answer_is_passed_over() {
    let (old, new) = (answer(7, 1, 3), answer(8, 1, 2));
    for left in [&old[1..], &old[3..], &[]] {
        let mut client = client(false);
        client.ask(7);
        client.receive(messages(&old[..1]));
        come_back(&mut client);
        assert_eq!((client.sent().len(), client.seen.count(Note::CutShort)), (0, 1));
        client.ask(8);
        client.receive(messages(left));
        client.receive(messages(&new));
        assert_eq!(client.seen.events, [&old[..1], &new].concat());
        assert_eq!(client.seen.count(Note::CutShort), 1);
    }
}

#[test]
fn an_answer_without_its_first_part_ends_with_its_own_end() {
    let (old, new) = (answer(7, 1, 3), answer(8, 1, 3));
    let mut client = client(false);
    client.ask(7);
    client.receive(messages(&old[..1]));
    come_back(&mut client);
    client.ask(8);
    client.receive(messages(&new[1..]));
    assert_eq!(client.seen.events, [&old[..1], &new[3..]].concat());
    assert_eq!((client.seen.count(Note::CutShort), client.ask(9)), (1, IDLE));
}

#[test]
fn refusals_gaps_and_closes_cut_an_ask_short_once() {
    let mut client = client(true);
    client.ask(1);
    client.receive([message(&refusal_message(9)), message(&refusal_message(1))].concat());
    assert_eq!(client.seen.notes[2..], [Note::ErrorReply, Note::CutShort]);
    client.ask(2);
    client.receive(message(&gap_message(40)));
    client.receive(messages(&answer(2, 2, 3)));
    assert_eq!((client.seen.count(Note::CutShort), client.seen.events.len()), (2, 0));
    // Between the close frames and the end of the connection there is nobody to ask.
    client.sent();
    client.receive([0x88, 0]);
    assert!(matches!(client.ask(3), Step::Hold { wake_ns: Some(_) }));
    assert_eq!(client.seen.count(Note::CutShort), 3);
}

proptest! {
    #[test]
    fn answers_cut_anywhere_are_the_same(asks in prop::collection::vec(0u32..5, 1..4), piece in 1usize..90) {
        let mut client = client(true);
        let mut expected = Vec::new();
        for (ask, parts) in (0..).zip(asks) {
            let payloads = answer(ask, 1, parts);
            client.ask(ask);
            for bytes in messages(&payloads).chunks(piece) {
                prop_assert_eq!(client.receive(bytes), IDLE);
            }
            expected.extend(payloads);
        }
        prop_assert_eq!(&client.seen.events, &expected);
        prop_assert!(client.seen.notes.iter().all(|note| *note == Note::Request));
    }

    #[test]
    fn any_bytes_are_safe(pieces: Vec<Vec<u8>>) {
        let mut client = client(false);
        client.ask(7);
        for piece in pieces {
            if !matches!(client.receive(piece), Step::Hold { .. }) {
                break;
            }
        }
        client.close(Closed::Broken);
        prop_assert_eq!(client.seen.count(Note::CutShort), 1);
    }
}
