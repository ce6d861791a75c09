//! Event streams: events to bytes and back (WHATWG HTML 9.2.5 and 9.2.6), however the bytes are cut.

use bytes::{BufMut as _, Bytes, BytesMut};

pub use super::parser::{Item, MAX_EVENT_BYTES, Parser};
use crate::Period;

/// A comment: keeps an idle stream from being closed by what stands between, and is no event.
pub const HEARTBEAT: &[u8] = b":\n\n";

/// One event of the default type.
///
/// Each line of the payload is a `data` line. The format has no way to tell CR and CRLF from LF: a receiver gets LF
/// for each of them.
#[must_use]
pub fn encode_event(id: u64, payload: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + 40);
    out.put_slice(format!("id: {id}\n").as_bytes());
    for line in lines(payload) {
        out.put_slice(b"data: ");
        out.put_slice(line.as_bytes());
        out.put_u8(b'\n');
    }
    out.put_u8(b'\n');
    out.freeze()
}

/// The lines of a payload, ended by LF, CR or CRLF; a payload always has at least one.
fn lines(payload: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(payload);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let after = &text[end..];
        rest = after.strip_prefix("\r\n").or_else(|| after.get(1..));
        Some(&text[..end])
    })
}

/// Says that events before `oldest` are gone: an event of type `gap`, which leaves the last event id alone.
#[must_use]
pub fn encode_gap(oldest: u64) -> Bytes {
    format!("event: gap\ndata: {{\"gap\":true,\"oldest\":{oldest}}}\n\n").into()
}

/// What a stream begins with: the reconnection time, and the id from which to resume.
///
/// A block without data sets the last event id and dispatches nothing (9.2.6), so a client that is cut off before its
/// first event can resume all the same.
#[must_use]
pub fn encode_prologue(retry: Period, cursor: u64) -> Bytes {
    let millis = retry.duration().as_millis().max(1);
    format!("retry: {millis}\nid: {cursor}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_payload_is_a_data_line() {
        let table = [
            ("a", "id: 7\ndata: a\n\n"),
            ("", "id: 7\ndata: \n\n"),
            ("a\nb\r\nc\rd", "id: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n"),
            ("a\n", "id: 7\ndata: a\ndata: \n\n"),
        ];
        for (payload, bytes) in table {
            assert_eq!(encode_event(7, payload), bytes.as_bytes(), "{payload:?}");
        }
    }

    #[test]
    fn the_gap_and_the_prologue_have_their_form() {
        assert_eq!(encode_gap(9), &b"event: gap\ndata: {\"gap\":true,\"oldest\":9}\n\n"[..]);
        assert_eq!(encode_prologue(Period::from_secs(3), 41), &b"retry: 3000\nid: 41\n\n"[..]);
    }
}
