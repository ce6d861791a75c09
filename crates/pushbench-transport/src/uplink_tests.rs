//! An uplink, driven by a script: no sockets, and a clock that is jumped by hand.

use super::*;
use crate::scripted::{SECOND, Script, identity};
use proptest::prelude::*;

const TIMEOUT: u64 = 10 * SECOND;
const HOLD: Step = Step::Hold { wake_ns: None };
const ACCEPTED: &str =
    "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{\"id\":1}";

fn uplink() -> Script {
    let mut uplink = Script::new(Box::new(Uplink::of(identity())));
    assert!(!uplink.can_send(), "there is no connection yet");
    assert_eq!(
        (uplink.connect(), uplink.sent().len()),
        (HOLD, 0),
        "nothing is asked before there is a message"
    );
    uplink
}

/// Whether a lost connection is opened again within the pause after so many failures in a row.
fn lost(step: Step, now_ns: u64, bound_ns: u64) -> bool {
    matches!(step, Step::Open { at_ns, why: Reopen::Lost } if (now_ns..now_ns + bound_ns).contains(&at_ns))
}

#[test]
fn a_message_is_the_body_of_a_post_and_the_next_one_waits_for_its_reply() {
    let mut uplink = uplink();
    assert_eq!(uplink.send(b"{\"n\":1}"), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    let sent = String::from_utf8(uplink.sent()).unwrap();
    assert!(sent.starts_with("POST /publish?topic=all HTTP/1.1\r\nHost: 127.0.0.1:9\r\n"), "{sent}");
    assert_eq!(sent.matches("Content-Length: ").count(), 1, "{sent}");
    assert!(sent.contains("\r\nContent-Length: 7\r\n"), "{sent}");
    assert!(sent.ends_with("\r\nContent-Type: application/json\r\n\r\n{\"n\":1}"), "{sent}");
    assert!(!uplink.can_send());
    assert_eq!(uplink.receive(ACCEPTED), HOLD);
    assert!(uplink.can_send());
    uplink.send(b"{}");
    assert_eq!(uplink.seen.notes, [Note::Request; 2]);
    // Payload is payload, and all around it is framing.
    assert_eq!((uplink.seen.up.payload, uplink.seen.down.framing), (9, ACCEPTED.len() as u64));
}

#[test]
fn an_idle_connection_that_ends_is_opened_again_when_it_is_needed() {
    for why in [Closed::Eof, Closed::Broken] {
        let mut uplink = uplink();
        assert_eq!(uplink.close(why), ON_DEMAND, "{why:?}");
        assert_eq!(uplink.connect(), HOLD);
        assert!(uplink.can_send());
        assert_eq!(uplink.seen.notes, []);
    }
}

#[test]
fn a_server_that_announces_its_close_is_waited_for() {
    let mut uplink = uplink();
    uplink.send(b"{}");
    let closes = ACCEPTED.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    assert_eq!(uplink.receive(&closes), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert!(!uplink.can_send());
    assert_eq!(uplink.close(Closed::Eof), ON_DEMAND);
    uplink.connect();
    uplink.send(b"{}");
    uplink.receive(&closes);
    assert_eq!(uplink.wake(SECOND + TIMEOUT), ON_DEMAND, "one that does not come is not waited for for ever");
    assert_eq!(uplink.seen.notes, [Note::Request; 2]);
}

#[test]
fn errors_are_noted_and_the_connection_goes_on_if_it_may() {
    let refused = "HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\nno";
    let mut uplink = uplink();
    uplink.send(b"{}");
    assert_eq!(uplink.receive(refused), HOLD);
    assert_eq!(uplink.seen.notes, [Note::Request, Note::ErrorReply]);
    assert!(uplink.can_send(), "what was refused is not sent again, what comes after it is");
    uplink.sent();
    uplink.send(b"[]");
    assert!(uplink.sent().ends_with(b"[]"));
}

#[test]
fn a_connection_that_is_lost_is_opened_again_after_a_pause_that_grows() {
    let mut uplink = uplink();
    uplink.send(b"{}");
    assert!(lost(uplink.close(Closed::Broken), SECOND, SECOND));
    assert_eq!(uplink.seen.notes, [Note::Request], "who drives the socket has counted it");
    assert!(lost(uplink.close(Closed::ConnectFailed), SECOND, 2 * SECOND));
    assert!(lost(uplink.close(Closed::ConnectFailed), SECOND, 4 * SECOND));
    uplink.connect();
    uplink.sent();
    assert_eq!(uplink.send(b"[]"), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert!(uplink.sent().ends_with(b"[]"), "what was under way is not sent again");
    uplink.receive(ACCEPTED);
    uplink.send(b"{}");
    assert!(lost(uplink.close(Closed::Eof), SECOND, SECOND), "a reply has ended the row of failures");
}

#[test]
fn wrong_answers_lose_the_connection() {
    let table: [(&str, Note); 3] = [
        ("HTTP/9 what", Note::ProtocolError),
        ("HTTP/1.1 202 Accepted\r\ncontent-length: 1\r\n\r\nab", Note::ProtocolError),
        ("SSH-2.0-OpenSSH\r\n", Note::ProtocolError),
    ];
    for (bytes, note) in table {
        let mut uplink = uplink();
        uplink.send(b"{}");
        assert!(lost(uplink.receive(bytes), SECOND, SECOND), "{bytes}");
        assert_eq!(uplink.seen.notes, [Note::Request, note], "{bytes}");
    }
    let mut unasked = uplink();
    assert!(lost(unasked.receive(ACCEPTED), SECOND, SECOND));
    let mut cut = uplink();
    cut.send(b"{}");
    cut.receive(&ACCEPTED[..20]);
    assert!(lost(cut.close(Closed::Eof), SECOND, SECOND));
    assert_eq!(cut.seen.count(Note::ProtocolError), 1);
}

#[test]
fn a_reply_that_does_not_come_is_given_up() {
    let mut uplink = uplink();
    uplink.send(b"{}");
    uplink.receive(&ACCEPTED[..9]);
    assert_eq!(uplink.wake(TIMEOUT), Step::Hold { wake_ns: Some(SECOND + TIMEOUT) });
    assert!(lost(uplink.wake(SECOND + TIMEOUT), SECOND + TIMEOUT, SECOND));
    assert_eq!(uplink.seen.count(Note::Timeout), 1);
    uplink.connect();
    uplink.send(b"{}");
    assert_eq!(uplink.receive(ACCEPTED), HOLD, "nothing of the reply before is left");
}

proptest! {
    #[test]
    fn replies_cut_anywhere_free_the_connection_once_each(
        statuses in prop::collection::vec(prop_oneof![Just(202_u16), Just(409), Just(503)], 1..6),
        body in "[a-z{}\"]{0,30}",
        chunked: bool,
        piece in 1_usize..90,
    ) {
        let mut uplink = uplink();
        for status in &statuses {
            prop_assert!(uplink.can_send());
            uplink.send(b"{}");
            let reply = if chunked && !body.is_empty() {
                let size = body.len();
                format!("HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n")
            } else {
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            };
            for bytes in reply.as_bytes().chunks(piece) {
                prop_assert!(!uplink.can_send());
                let step = uplink.receive(bytes);
                prop_assert!(matches!(step, Step::Hold { .. }), "{step:?}");
            }
        }
        let refused = statuses.iter().filter(|status| **status != 202).count();
        prop_assert!(uplink.can_send());
        prop_assert_eq!(uplink.seen.count(Note::Request), statuses.len());
        prop_assert_eq!(uplink.seen.notes.len(), statuses.len() + refused);
    }

    #[test]
    fn any_bytes_are_safe(pieces: Vec<Vec<u8>>) {
        let mut uplink = uplink();
        uplink.send(b"{}");
        for piece in pieces {
            if !matches!(uplink.receive(piece), Step::Hold { .. }) {
                break;
            }
        }
    }
}
