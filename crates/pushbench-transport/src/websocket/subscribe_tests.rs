//! A WebSocket client, driven by a script: no sockets, and a clock that is jumped by hand.

use super::*;
use crate::Kind;
use crate::scripted::{SECOND, Script, identity};
use crate::websocket::wire::gap_message;
use proptest::prelude::*;
use tungstenite::Bytes;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

const TIMEOUT: u64 = 10 * SECOND;
const RETRY: u64 = SECOND;
const OPEN: Step = Step::Hold { wake_ns: None };

fn client() -> Script {
    let mut client = Script::new(Kind::WebSocket.default_settings().subscriber(identity()));
    assert_eq!(client.connect(), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    client
}

/// The server's answer to the request that the client has just written, and the request's line.
fn upgrade(client: &mut Script) -> (String, String) {
    let sent = String::from_utf8(client.sent()).unwrap();
    let key = sent.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {}\r\npushbench-cursor: 41\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    (head, sent.lines().next().unwrap_or_default().to_owned())
}

fn open() -> Script {
    let mut client = client();
    let (head, _) = upgrade(&mut client);
    assert_eq!(client.receive(head), OPEN);
    client
}

fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader { is_final, opcode, ..FrameHeader::default() };
    let mut out = Vec::new();
    Frame::from_payload(header, Bytes::copy_from_slice(payload)).format(&mut out).unwrap();
    out
}

fn text(payload: &str) -> Vec<u8> {
    frame(OpCode::Data(Data::Text), true, payload.as_bytes())
}

/// The only frame that the client wrote, unmasked: its opcode and payload. Every frame of a client is masked.
fn written(client: &mut Script) -> Option<(u8, Vec<u8>)> {
    let sent = client.sent();
    let (head, rest) = sent.split_at_checked(2)?;
    assert_eq!((head[0] & 0x80, head[1]), (0x80, 0x80 | (rest.len() - 4) as u8), "one final, masked frame");
    let payload = rest[4..].iter().zip(rest[..4].iter().cycle()).map(|(byte, mask)| byte ^ mask);
    Some((head[0] & 0x0f, payload.collect()))
}

fn is_lost_within(step: Step, now_ns: u64, bound_ns: u64) -> bool {
    matches!(step, Step::Open { at_ns, why: Reopen::Lost } if (now_ns..now_ns + bound_ns).contains(&at_ns))
}

#[test]
fn the_request_asks_for_an_upgrade() {
    let sent = String::from_utf8(client().sent()).unwrap();
    assert!(sent.starts_with("GET /ws?topic=all HTTP/1.1\r\nHost: 127.0.0.1:9\r\nConnection: Upgrade\r\n"));
    for header in ["Upgrade: websocket", "Sec-WebSocket-Version: 13"] {
        assert!(sent.contains(&format!("\r\n{header}\r\n")), "{sent}");
    }
    let keys: Vec<_> = [client().sent(), client().sent()].into();
    assert_ne!(keys[0], keys[1], "each connection has a key of its own");
}

#[test]
fn events_are_payload_and_the_handshake_is_connecting() {
    let mut client = client();
    let asked = client.written;
    let (head, _) = upgrade(&mut client);
    let binary = frame(OpCode::Data(Data::Binary), true, b"\x00\x01");
    // Events may come in one read with the head.
    let stream = [head.as_bytes(), &text("one"), &binary].concat();
    assert_eq!(client.receive(&stream), OPEN);
    assert_eq!(client.seen.events, ["one", "\0\u{1}"]);
    assert_eq!((client.seen.ready, client.seen.notes.as_slice()), (1, [Note::Request].as_slice()));
    assert_eq!((client.seen.up.connecting, client.seen.up.framing), (asked, 0));
    let down = client.seen.down;
    assert_eq!((down.connecting, down.payload, down.framing), (head.len() as u64, 5, 4));
}

#[test]
fn a_new_connection_resumes_after_the_newest_event_known() {
    // What came in the connection; where the next one begins.
    let table: [(&[&str], &str); 5] = [
        (&[], "41"),
        (&["opaque", "opaque"], "43"),
        // A server that loses or doubles events has ids that are not the events' numbers.
        (&[r#"{"n":77,"d":1,"p":2,"t":"all","x":""}"#], "42"),
        (&[r#"{"n":77,"d":1,"p":2,"t":"all","x":""}"#, "opaque"], "43"),
        (&[&gap_message(90), "opaque"], "90"),
    ];
    for (messages, after) in table {
        let mut client = open();
        for message in messages {
            client.receive(text(message));
        }
        client.close(Closed::Broken);
        client.connect();
        let (head, line) = upgrade(&mut client);
        assert_eq!(line, format!("GET /ws?topic=all&after={after} HTTP/1.1"), "{messages:?}");
        // The cursor of the second answer is of no use: what lies before it may still come.
        client.receive(head);
        client.close(Closed::Broken);
        client.connect();
        assert_eq!(upgrade(&mut client).1, line);
    }
}

#[test]
fn a_gap_is_noted_and_is_no_event() {
    let mut client = open();
    client.receive(text(&gap_message(9)));
    assert_eq!((client.seen.count(Note::Gap), client.seen.events.len()), (1, 0));
}

#[test]
fn pings_are_answered_also_between_fragments() {
    let mut client = open();
    let stream = [
        frame(OpCode::Data(Data::Text), false, b"fra"),
        frame(OpCode::Control(Control::Ping), true, b"there?"),
        frame(OpCode::Data(Data::Continue), false, b""),
        frame(OpCode::Data(Data::Continue), true, b"gment"),
    ]
    .concat();
    assert_eq!(client.receive(stream), OPEN);
    assert_eq!(client.seen.events, ["fragment"]);
    assert_eq!(written(&mut client), Some((0xa, b"there?".to_vec())));
    assert_eq!(client.seen.up.framing, 2 + 4 + 6);
}

#[test]
fn a_close_is_answered_with_its_code_and_the_server_is_waited_for() {
    let mut client = open();
    let close = frame(OpCode::Control(Control::Close), true, &[0x03, 0xe9]);
    let step = client.receive([text("last"), close].concat());
    assert_eq!(step, Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert_eq!(client.seen.events, ["last"]);
    assert_eq!(written(&mut client), Some((8, vec![0x03, 0xe9])));
    let step = client.close(Closed::Eof);
    assert!(is_lost_within(step, SECOND, RETRY), "{step:?}");
    assert_eq!(client.seen.notes, [Note::Request]);
}

#[test]
fn a_server_that_does_not_close_after_its_close_frame_is_left() {
    let mut client = open();
    client.receive(frame(OpCode::Control(Control::Close), true, &[]));
    assert_eq!(client.wake(SECOND + TIMEOUT - 1), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert!(is_lost_within(client.wake(SECOND + TIMEOUT), SECOND + TIMEOUT, RETRY));
}

#[test]
fn a_farewell_is_a_close_frame_and_nothing_comes_after_it() {
    let mut client = open();
    client.farewell();
    assert_eq!(written(&mut client), Some((8, vec![0x03, 0xe8])));
    // Events that were under way still count.
    client.receive(text("late"));
    assert_eq!(client.seen.events, ["late"]);
    client.receive(frame(OpCode::Control(Control::Close), true, &[0x03, 0xe8]));
    assert_eq!((client.sent(), client.close(Closed::Eof)), (vec![], Step::End));
    assert_eq!(client.seen.notes, [Note::Request]);
}

#[test]
fn broken_messages_fail_the_connection_with_the_code_that_says_why() {
    let huge = [0x82, 127, 0, 0, 0, 0, 0xff, 0, 0, 0];
    let table: [(&[u8], u16); 8] = [
        (b"\x81\x02\xc3\x28", 1007),
        (&huge, 1009),
        (b"\xc1\x01x", 1002),
        (b"\x83\x01x", 1002),
        (b"\x80\x01x", 1002),
        (b"\x81\x81\0\0\0\0x", 1002),
        (b"\x09\x00", 1002),
        (b"\x88\x01x", 1002),
    ];
    for (bytes, code) in table {
        let mut client = open();
        let step = client.receive(bytes);
        assert!(is_lost_within(step, SECOND, RETRY), "{bytes:?}: {step:?}");
        assert_eq!(client.seen.notes, [Note::Request, Note::ProtocolError], "{bytes:?}");
        assert_eq!(written(&mut client), Some((8, code.to_be_bytes().to_vec())), "{bytes:?}");
    }
}

#[test]
fn an_end_without_close_frame_is_an_error_and_a_reset_is_a_loss() {
    for (why, errors) in [(Closed::Eof, 1), (Closed::Broken, 0)] {
        let mut client = open();
        assert!(is_lost_within(client.close(why), SECOND, RETRY));
        assert_eq!(client.seen.count(Note::ProtocolError), errors);
        // The same amid the head of the upgrade.
        client.connect();
        client.receive("HTTP/1.1 101 Sw");
        client.close(why);
        assert_eq!(client.seen.count(Note::ProtocolError), 2 * errors);
    }
}

#[test]
fn a_refused_upgrade_is_counted_and_retried() {
    let table = [
        ("HTTP/1.1 503 Busy\r\n\r\n", Note::ErrorReply),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", Note::ProtocolError),
        ("HTTP?", Note::ProtocolError),
    ];
    for (head, note) in table {
        let mut client = client();
        assert!(is_lost_within(client.receive(head), SECOND, RETRY), "{head}");
        assert_eq!((client.seen.notes.as_slice(), client.seen.ready), ([Note::Request, note].as_slice(), 0));
    }
    let mut silent = client();
    silent.receive("HTTP/1.1 101 Swi");
    assert!(is_lost_within(silent.wake(SECOND + TIMEOUT), SECOND + TIMEOUT, RETRY));
    assert_eq!(silent.seen.notes, [Note::Request, Note::Timeout]);
}

#[test]
fn pauses_grow_with_failures_and_a_connection_resets_them() {
    let mut client = open();
    let mut longest = 0;
    for _ in 0..50 {
        let step = client.close(Closed::ConnectFailed);
        assert!(is_lost_within(step, SECOND, 16 * RETRY), "{step:?}");
        if let Step::Open { at_ns, .. } = step {
            longest = longest.max(at_ns - SECOND);
        }
    }
    assert!(longest > 8 * RETRY, "{longest}");
    client.connect();
    let (head, _) = upgrade(&mut client);
    client.receive(head);
    assert!(is_lost_within(client.close(Closed::Broken), SECOND, RETRY));
}

proptest! {
    #[test]
    fn a_connection_cut_anywhere_gives_the_same_events_and_accounts(
        payloads in prop::collection::vec("[a-zé]{0,200}", 0..6),
        fragment in 1usize..90,
        piece in 1usize..80,
    ) {
        let mut client = client();
        let (head, _) = upgrade(&mut client);
        let mut bytes = head.into_bytes();
        for payload in &payloads {
            let parts: Vec<_> = payload.as_bytes().chunks(fragment).collect();
            let count = parts.len().max(1);
            for at in 0..count {
                let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
                let part = parts.get(at).copied().unwrap_or_default();
                bytes.extend_from_slice(&frame(opcode, at + 1 == count, part));
            }
            bytes.extend_from_slice(&frame(OpCode::Control(Control::Ping), true, b"p"));
        }
        for bytes in bytes.chunks(piece) {
            let holds = matches!(client.receive(bytes), Step::Hold { .. });
            prop_assert!(holds);
        }
        prop_assert_eq!(&client.seen.events, &payloads);
        let payload: usize = payloads.iter().map(String::len).sum();
        prop_assert_eq!(client.seen.down.payload, payload as u64);
        prop_assert_eq!(client.seen.down.total(), bytes.len() as u64);
        prop_assert_eq!(client.seen.up.framing, 7 * payloads.len() as u64);
    }

    #[test]
    fn any_bytes_are_safe(pieces: Vec<Vec<u8>>) {
        let mut client = open();
        for piece in pieces {
            client.receive(piece);
        }
    }
}

/// The messages in frames that a client has written: opcode and payload of each.
fn messages(mut bytes: &[u8]) -> Vec<(OpCode, Vec<u8>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let mut cursor = std::io::Cursor::new(bytes);
        let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
        let (begin, mask) =
            (cursor.position() as usize, header.mask.expect("every frame of a client is masked"));
        let (payload, rest) = bytes[begin..].split_at(length as usize);
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        found.push((header.opcode, payload));
        bytes = rest;
    }
    found
}

#[test]
fn messages_are_sent_on_an_open_connection_only_and_counted_as_payload() {
    let mut client = client();
    assert!(!client.can_send());
    let (head, _) = upgrade(&mut client);
    client.receive(head);
    let long = vec![b'x'; 70_000];
    for message in [&b"{}"[..], &[b'y'; 126], &long] {
        let before = client.seen.up;
        assert_eq!(client.send(message), OPEN);
        let sent = messages(&client.sent());
        assert_eq!(sent, [(OpCode::Data(Data::Text), message.to_vec())]);
        assert_eq!(client.seen.up.payload - before.payload, message.len() as u64);
    }
    client.receive(text("{}"));
    assert!(client.can_send(), "what comes is no reply");
    client.close(Closed::Eof);
    assert!(!client.can_send());
}

#[test]
fn messages_are_binary_where_events_are_and_none_follows_a_close() {
    let settings = Settings { encoding: Encoding::Binary, ..Settings::default() };
    let mut client = Script::new(crate::Settings::WebSocket(settings).subscriber(identity()));
    client.connect();
    let (head, _) = upgrade(&mut client);
    client.receive(head);
    // From here on the library reads.
    client.receive(frame(OpCode::Data(Data::Binary), false, b"{"));
    client.receive(frame(OpCode::Data(Data::Continue), true, b"}"));
    client.send(b"[]");
    assert_eq!(messages(&client.sent()), [(OpCode::Data(Data::Binary), b"[]".to_vec())]);
    client.farewell();
    assert!(!client.can_send());
}
