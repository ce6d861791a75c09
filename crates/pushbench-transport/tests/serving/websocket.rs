//! WebSocket: frames, pings, closes, and a peer whose bytes come cut anywhere.

use proptest::prelude::*;
use pushbench_transport::server::{Event, Go, Start, Stream};
use pushbench_transport::{Kind, Settings};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

use crate::driver::{NOW_NS, SECOND, opened, settings, stream, subscription};

/// How long a close handshake may take.
const PATIENCE_NS: u64 = 2 * SECOND;

fn open(settings: &Settings) -> Box<dyn Stream> {
    opened(settings, &subscription(Kind::WebSocket, "")).0
}

/// A whole frame as a client sends it.
fn masked(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader { is_final, opcode, mask: Some([1, 2, 3, 4]), ..FrameHeader::default() };
    let mut out = Vec::new();
    Frame::from_payload(header, payload.to_vec().into()).format(&mut out).unwrap();
    out
}

fn text(payload: &[u8]) -> Vec<u8> {
    masked(OpCode::Data(Data::Text), true, payload)
}

fn control(opcode: Control, payload: &[u8]) -> Vec<u8> {
    masked(OpCode::Control(opcode), true, payload)
}

/// A close as a server sends it.
fn close_frame(code: CloseCode, reason: &'static str) -> Vec<u8> {
    let mut out = Vec::new();
    Frame::close(Some(CloseFrame { code, reason: reason.into() })).format(&mut out).unwrap();
    out
}

/// What some bytes of the client come to.
fn hear(stream: &mut Box<dyn Stream>, bytes: &[u8]) -> (Go, Vec<u8>) {
    let mut out = Vec::new();
    let go = stream.received(bytes, NOW_NS, &mut Vec::new(), &mut out);
    (go, out)
}

fn wake(stream: &mut Box<dyn Stream>, now_ns: u64) -> (Go, Vec<u8>) {
    let mut out = Vec::new();
    let go = stream.woken(now_ns, NOW_NS, &mut out);
    (go, out)
}

#[test]
fn a_subscription_begins_where_the_request_says() {
    let settings = Kind::WebSocket.default_settings();
    for (query, start) in [("", Start::Now), ("?after=7", Start::After(7))] {
        assert_eq!(stream(&settings, &subscription(Kind::WebSocket, query)).start(), start);
    }
}

#[test]
fn an_event_is_one_whole_frame_of_the_kind_that_was_chosen() {
    for (encoding, first) in [("text", 0x81), ("binary", 0x82)] {
        let stream = open(&settings(Kind::WebSocket, &format!(r#"{{"encoding":"{encoding}"}}"#)));
        let table = [
            (0, vec![0]),
            (125, vec![125]),
            (126, vec![126, 0, 126]),
            (65_535, vec![126, 255, 255]),
            (65_536, vec![127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (size, length) in table {
            let payload = "x".repeat(size);
            let event = Event::new(1, payload.clone());
            let expected = [&[first], &length[..], payload.as_bytes()].concat();
            assert_eq!(stream.event(&event), expected, "{encoding} {size}");
        }
        let (mut stream, mut out) = (stream, Vec::new());
        stream.gap(9, &mut out);
        assert_eq!(out, b"\x81\x17{\"gap\":true,\"oldest\":9}", "always text");
    }
}

#[test]
fn a_peer_that_answers_no_pings_is_closed_and_any_byte_is_a_sign_of_life() {
    let second = settings(Kind::WebSocket, r#"{"ping_interval":"1s"}"#);
    let (mut stream, go, _) = opened(&second, &subscription(Kind::WebSocket, ""));
    assert_eq!(go, Go::WakeAt(NOW_NS + SECOND));
    let mut now_ns = NOW_NS;
    let mut ping = |stream: &mut Box<dyn Stream>| {
        now_ns += SECOND;
        assert_eq!(wake(stream, now_ns), (Go::WakeAt(now_ns + SECOND), b"\x89\0".to_vec()));
    };
    for sign in [control(Control::Pong, b""), control(Control::Pong, b"")[..1].to_vec()] {
        ping(&mut stream);
        ping(&mut stream);
        assert_eq!(hear(&mut stream, &sign), (Go::On, Vec::new()));
    }
    ping(&mut stream);
    ping(&mut stream);
    let (go, out) = wake(&mut stream, 500 * SECOND);
    assert_eq!(go, Go::Closing { until_ns: 500 * SECOND + PATIENCE_NS });
    assert_eq!(out, close_frame(CloseCode::Error, "no answer to pings"));
    assert_eq!(wake(&mut stream, 502 * SECOND), (Go::End, Vec::new()), "no ping after a close");
    let mut out = Vec::new();
    assert_eq!((stream.shut_down(501 * SECOND, &mut out), out), (Go::End, Vec::new()), "nor another close");

    let never = settings(Kind::WebSocket, r#"{"ping_interval":"0s"}"#);
    assert_eq!(opened(&never, &subscription(Kind::WebSocket, "")).1, Go::On);
}

#[test]
fn messages_are_passed_over_pings_and_closes_are_answered() {
    let mut stream = open(&Kind::WebSocket.default_settings());
    let said = [
        text("ä".as_bytes()),
        control(Control::Pong, b"x"),
        masked(OpCode::Data(Data::Binary), true, b"\xff"),
    ];
    assert_eq!(hear(&mut stream, &said.concat()), (Go::On, Vec::new()));
    assert_eq!(hear(&mut stream, &control(Control::Ping, b"now")), (Go::On, b"\x8a\x03now".to_vec()));
    let done = [&4321u16.to_be_bytes()[..], b"done"].concat();
    let answer = [b"\x88\x06", &done[..]].concat();
    assert_eq!(hear(&mut stream, &control(Control::Close, &done)), (Go::End, answer));

    let mut stream = open(&Kind::WebSocket.default_settings());
    assert_eq!(hear(&mut stream, &control(Control::Close, b"")), (Go::End, b"\x88\0".to_vec()));
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told_how() {
    let unfinished = masked(OpCode::Data(Data::Text), false, b"a");
    let mut unmasked_pong = Vec::new();
    Frame::pong("").format(&mut unmasked_pong).unwrap();
    let mut reserved_bit = control(Control::Pong, b"");
    reserved_bit[0] |= 0x40;
    let mut long_pong = control(Control::Pong, b"");
    long_pong[1] = 0xfe;
    long_pong.splice(2..2, [0, 126]);
    long_pong.extend_from_slice(&[0; 124]);
    // Taken for a pong of the usual form, it would end here, and another one begin.
    long_pong.extend_from_slice(b"\x8a\x80");
    let huge = [&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1][..], &[0; 4]].concat();
    let table = [
        (text(b"\xff\xfe"), CloseCode::Invalid, "the text is not UTF-8"),
        (b"\x81\x02hi".to_vec(), CloseCode::Protocol, "not a valid frame"),
        ([unfinished.clone(), text(b"b")].concat(), CloseCode::Protocol, "not a valid frame"),
        (unmasked_pong, CloseCode::Protocol, "not a valid frame"),
        (reserved_bit, CloseCode::Protocol, "not a valid frame"),
        (long_pong, CloseCode::Protocol, "not a valid frame"),
        (masked(OpCode::Control(Control::Pong), false, b""), CloseCode::Protocol, "not a valid frame"),
        (huge, CloseCode::Size, "the message is too long"),
    ];
    for (bytes, code, reason) in table {
        for before in [Vec::new(), control(Control::Pong, b"x"), text(b"x")] {
            let mut stream = open(&Kind::WebSocket.default_settings());
            let heard = hear(&mut stream, &[before, bytes.clone()].concat());
            assert_eq!(heard, (Go::End, close_frame(code, reason)), "{bytes:?}");
            let mut stream = open(&Kind::WebSocket.default_settings());
            let bytewise = bytes.iter().map(|byte| hear(&mut stream, &[*byte]));
            assert_eq!(bytewise.last(), Some((Go::End, close_frame(code, reason))), "{bytes:?}");
        }
    }
    let mut stream = open(&Kind::WebSocket.default_settings());
    let largest = [&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0][..], &vec![0; 4 + (1 << 20)]].concat();
    assert_eq!(hear(&mut stream, &largest), (Go::On, Vec::new()), "the limit itself is allowed");
}

#[test]
fn at_shutdown_the_peer_has_a_while_to_answer_the_close() {
    // What the peer said before, and while the close was on its way to it.
    let quiet = Vec::new();
    let begun = control(Control::Pong, b"")[..1].to_vec();
    let talks = [text(b"x"), control(Control::Ping, b"x")].concat();
    for (before, pong) in [(quiet, &b""[..]), (begun, b""), (talks, b"\x8a\x01x")] {
        let mut stream = open(&Kind::WebSocket.default_settings());
        assert_eq!(hear(&mut stream, &before), (Go::On, pong.to_vec()));
        let mut out = Vec::new();
        let go = stream.shut_down(NOW_NS, &mut out);
        assert_eq!(go, Go::Closing { until_ns: NOW_NS + PATIENCE_NS });
        assert_eq!(out, close_frame(CloseCode::Away, "the target shuts down"));
        // The rest of the frame that had begun.
        let rest = if before.len() == 1 { &control(Control::Pong, b"")[1..] } else { &[] };
        let still =
            [rest, &control(Control::Pong, b"x"), &control(Control::Ping, b"late"), &text(b"y")].concat();
        assert_eq!(hear(&mut stream, &still), (Go::On, Vec::new()), "nothing follows a close");
        let answer = control(Control::Close, &1001u16.to_be_bytes());
        assert_eq!(hear(&mut stream, &answer), (Go::End, Vec::new()), "an answer is not answered");
    }
    let mut stream = open(&Kind::WebSocket.default_settings());
    stream.shut_down(NOW_NS, &mut Vec::new());
    assert_eq!(hear(&mut stream, b"\x81\x02hi"), (Go::End, Vec::new()), "one close is enough");
}

/// Frames of a peer, most of them pongs.
fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let bytes = |size: usize| prop::collection::vec(any::<u8>(), 0..size);
    let frame = prop_oneof![
        4 => bytes(126).prop_map(|payload| control(Control::Pong, &payload)),
        1 => bytes(126).prop_map(|payload| control(Control::Ping, &payload)),
        1 => "[a-zä]{0,200}".prop_map(|payload| text(payload.as_bytes())),
        1 => Just([masked(OpCode::Data(Data::Text), false, b"\xc3"), masked(OpCode::Data(Data::Continue), true, b"\xa4")].concat()),
        1 => bytes(4).prop_map(|bytes| text(&bytes)),
        1 => Just(control(Control::Close, b"")),
        1 => bytes(20),
    ];
    prop::collection::vec(frame, 0..8)
}

proptest! {
    #[test]
    fn frames_cut_anywhere_come_to_the_same(frames in frames(), cuts in prop::collection::vec(1usize..40, 0..60)) {
        let bytes = frames.concat();
        let mut whole = open(&Kind::WebSocket.default_settings());
        let expected = hear(&mut whole, &bytes);
        let mut stream = open(&Kind::WebSocket.default_settings());
        let (mut rest, mut out) = (&bytes[..], Vec::new());
        let mut go = Go::On;
        for size in cuts.into_iter().chain([bytes.len()]) {
            let (piece, next) = rest.split_at(size.min(rest.len()));
            rest = next;
            go = stream.received(piece, NOW_NS, &mut Vec::new(), &mut out);
            if go != Go::On {
                break;
            }
        }
        prop_assert_eq!((go, out), expected);
    }
}
