//! Polling replies: events to `{"cursor":N,"events":[…]}` and back.
//!
//! Nothing here knows of HTTP beyond the name of one header.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Write as _;

use crate::error::WireError;

/// Header of every polling reply and WebSocket upgrade: the newest event id that the reply accounts for.
///
/// A `204` has no body, and a client that began without `after` must learn its cursor from somewhere.
pub const CURSOR_HEADER: &str = "pushbench-cursor";

/// How an event stands in the reply's array.
///
/// A payload that is one JSON object or array, with nothing around it, stands as its own bytes. Anything else becomes
/// a JSON string, so that a reader always gets the exact payload back; bytes that are not UTF-8 are replaced, as JSON
/// cannot carry them.
#[must_use]
pub fn element(payload: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(payload);
    let stands_alone = text.starts_with(['{', '['])
        && text.ends_with(['}', ']'])
        && serde_json::from_str::<&RawValue>(&text).is_ok();
    if stands_alone {
        return Bytes::copy_from_slice(payload);
    }
    serde_json::Value::String(text.into_owned()).to_string().into()
}

/// The body of a `200`.
///
/// `cursor` is the id of the newest event it accounts for; `gap` says that events between the asked cursor and the
/// first of `elements` are gone; `more` that the reply was bounded and the client should ask again at once.
#[must_use]
pub fn encode_reply(cursor: u64, elements: &[Bytes], gap: bool, more: bool) -> Bytes {
    let elements = || elements.iter().map(|element| &element[..]);
    let mut body = Vec::with_capacity(body_size(cursor, elements(), gap, more));
    write_body(cursor, elements(), gap, more, &mut body);
    body.into()
}

const CURSOR: &str = r#"{"cursor":"#;
const EVENTS: &str = r#","events":["#;
const GAP: &str = r#","gap":true"#;
const MORE: &str = r#","more":true"#;

/// Appends the body of [`encode_reply`] to `out`.
pub(super) fn write_body<'a>(
    cursor: u64,
    elements: impl Iterator<Item = &'a [u8]>,
    gap: bool,
    more: bool,
    out: &mut Vec<u8>,
) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{CURSOR}{cursor}{EVENTS}");
    for (at, element) in elements.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(element);
    }
    out.push(b']');
    for (set, member) in [(gap, GAP), (more, MORE)] {
        if set {
            out.extend_from_slice(member.as_bytes());
        }
    }
    out.push(b'}');
}

/// How many bytes [`write_body`] appends.
pub(super) fn body_size<'a>(
    cursor: u64,
    elements: impl Iterator<Item = &'a [u8]>,
    gap: bool,
    more: bool,
) -> usize {
    let digits = cursor.checked_ilog10().map_or(1, |log| log as usize + 1);
    let members = [(gap, GAP), (more, MORE)];
    let said: usize = members.iter().map(|(set, member)| if *set { member.len() } else { 0 }).sum();
    let (count, bytes) = elements.fold((0, 0), |(count, bytes), element| (count + 1, bytes + element.len()));
    let commas = usize::saturating_sub(count, 1);
    CURSOR.len() + digits + EVENTS.len() + bytes + commas + said + "]}".len()
}

/// What a `200` says beside its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplySummary {
    /// The newest event id that the reply accounts for.
    pub cursor: u64,
    /// Events between the asked cursor and the first one of this reply are gone.
    pub gap: bool,
    /// The reply was bounded: there is more, ask again at once.
    pub more: bool,
}

#[derive(Deserialize)]
struct Reply<'a> {
    cursor: u64,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    #[serde(default)]
    gap: bool,
    #[serde(default)]
    more: bool,
}

/// Reads the body of a `200`; `event` gets the exact payload of each event, in order, once the whole is known to be
/// sound.
///
/// # Errors
/// [`WireError::BadReply`] for anything but the JSON of [`encode_reply`]; unknown members are ignored.
pub fn decode_reply(body: &[u8], mut event: impl FnMut(&[u8])) -> Result<ReplySummary, WireError> {
    let Reply { cursor, events, gap, more } =
        serde_json::from_slice(body).map_err(|_| WireError::BadReply)?;
    // All are unescaped before the first is handed on: a fault in a later one must not leave half a reply delivered.
    let payloads: Result<Vec<Cow<'_, str>>, _> = events.into_iter().map(payload).collect();
    for payload in payloads.map_err(|_| WireError::BadReply)? {
        event(payload.as_bytes());
    }
    Ok(ReplySummary { cursor, gap, more })
}

/// A string in JSON, borrowed when it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn payload(element: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    let raw = element.get();
    if raw.starts_with('"') {
        serde_json::from_str(raw).map(|Text(text)| text)
    } else {
        Ok(Cow::Borrowed(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn objects_and_arrays_stand_as_they_are_and_all_else_becomes_a_string() {
        let table = [
            (&br#"{"n":1}"#[..], r#"{"n":1}"#),
            (b"[1, 2]", "[1, 2]"),
            (b" {}", r#"" {}""#),
            (b"{}\n", r#""{}\n""#),
            (b"{} {}", r#""{} {}""#),
            (b"{", r#""{""#),
            (b"7", r#""7""#),
            (br#""quoted""#, r#""\"quoted\"""#),
            (b"", r#""""#),
            (b"\xff", "\"\u{fffd}\""),
        ];
        for (payload, stands) in table {
            assert_eq!(element(payload), stands.as_bytes(), "{payload:?}");
        }
    }

    #[test]
    fn members_of_the_reply_appear_only_when_they_say_something() {
        let elements = [element(b"{}"), element(b"x")];
        assert_eq!(encode_reply(2, &elements, false, false), &br#"{"cursor":2,"events":[{},"x"]}"#[..]);
        let full = br#"{"cursor":0,"events":[],"gap":true,"more":true}"#;
        assert_eq!(encode_reply(0, &[], true, true), &full[..]);
    }

    #[test]
    fn what_is_not_the_reply_is_refused_whole() {
        let table = [
            "",
            "{}",
            "[]",
            r#"{"cursor":1}"#,
            r#"{"cursor":-1,"events":[]}"#,
            r#"{"cursor":1,"events":[{}]"#,
            r#"{"cursor":1,"events":[{}]} x"#,
            r#"{"cursor":1,"events":[{},"\ud800"]}"#,
            r#"{"cursor":1,"events":[{}],"gap":1}"#,
        ];
        for body in table {
            let decoded = decode_reply(body.as_bytes(), |_| panic!("{body} gave an event"));
            assert_eq!(decoded, Err(WireError::BadReply), "{body}");
        }
    }

    #[test]
    fn another_servers_reply_may_have_spaces_and_further_members() {
        let body =
            br#" { "more" : true, "events" : [ {"a": 1} , 7 , "\u0041" ] , "x" : null, "cursor" : 3 } "#;
        let mut seen = Vec::new();
        let summary = decode_reply(body, |payload| seen.push(String::from_utf8_lossy(payload).into_owned()));
        assert_eq!(summary, Ok(ReplySummary { cursor: 3, gap: false, more: true }));
        assert_eq!(seen, [r#"{"a": 1}"#, "7", "A"]);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(
            payloads in prop::collection::vec(prop_oneof![any::<String>(), "[{}\\[\\]\",a:1]{0,9}"], 0..6),
            cursor: u64,
            gap: bool,
            more: bool,
        ) {
            let elements: Vec<_> = payloads.iter().map(|payload| element(payload.as_bytes())).collect();
            let body = encode_reply(cursor, &elements, gap, more);
            let size = body_size(cursor, elements.iter().map(|element| &element[..]), gap, more);
            prop_assert_eq!(size, body.len());
            let mut seen = Vec::new();
            let summary = decode_reply(&body, |payload| seen.push(payload.to_vec()));
            prop_assert_eq!(summary, Ok(ReplySummary { cursor, gap, more }));
            prop_assert_eq!(seen, payloads.into_iter().map(String::into_bytes).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_safe(body: Vec<u8>) {
            let _ = decode_reply(&body, |_| ());
        }
    }
}
