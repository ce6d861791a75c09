//! The event envelope: what every payload of a run starts with.
//!
//! `{"n":42,"d":<due ns>,"p":<published ns>,"t":"<topic>","x":"<filler>"}`, the keys always in this order, so that a
//! receiver finds the numbers by position without a JSON parser, whoever relayed the payload. Payloads of other
//! publishers are opaque text and have no envelope.
//!
//! An answer of several parts (pattern `stream`) has parts with envelopes, numbered from 1 within the answer, and an event
//! that says that it is over: `{"end":<parts>,"ask":<ask>,"t":"<topic>"}`. That one is no part.

use std::io::Write as _;

/// The numbers a receiver needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Sequence number within the topic, from 1 to [`LARGEST_N`]: also the event's id at a target that injects no faults.
    pub n: u64,
    /// When the schedule said it must be published, nanoseconds of `CLOCK_MONOTONIC`.
    pub due_ns: u64,
    /// When the publisher handed it to the hub, nanoseconds of `CLOCK_MONOTONIC`.
    pub published_ns: u64,
}

/// The largest sequence number that is read: receivers reckon with the numbers after it, which must exist. Far more
/// than any run publishes, so a payload that claims more is a stranger's.
pub const LARGEST_N: u64 = i64::MAX as u64;

/// Digits of the longest sequence number that [`smallest_size`] leaves room for.
const SEQUENCE_DIGITS: u64 = 10;
/// Digits of the longest instant that [`smallest_size`] leaves room for: 31 years of uptime.
const INSTANT_DIGITS: u64 = 18;
/// Everything but the numbers, the topic and the filler.
const FRAME: u64 = r#"{"n":,"d":,"p":,"t":"","x":""}"#.len() as u64;

/// The smallest payload size in bytes that always has room for the envelope of a topic name of that length.
#[must_use]
pub const fn smallest_size(topic_bytes: u64) -> u64 {
    FRAME + SEQUENCE_DIGITS + 2 * INSTANT_DIGITS + topic_bytes
}

/// Writes an envelope of exactly `size_bytes` (or as long as its prefix demands, if that is longer) to `out`.
///
/// `topic` must need no JSON escaping; the topics of a run never do.
pub fn encode(stamp: Stamp, topic: &str, size_bytes: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    let Stamp { n, due_ns, published_ns } = stamp;
    // Writing to a Vec cannot fail.
    let _ = write!(out, r#"{{"n":{n},"d":{due_ns},"p":{published_ns},"t":"{topic}","x":""#);
    let filler_end = (begin + size_bytes).saturating_sub(2).max(out.len());
    out.resize(filler_end, b'x');
    out.extend_from_slice(br#""}"#);
}

/// Reads the stamp at the front of a payload; `None` when it does not start with an envelope, or when its sequence
/// number is above [`LARGEST_N`].
#[must_use]
pub fn stamp_of(payload: &[u8]) -> Option<Stamp> {
    let (n, rest) = number(payload.strip_prefix(br#"{"n":"#)?)?;
    let (due_ns, rest) = number(rest.strip_prefix(br#","d":"#)?)?;
    let (published_ns, rest) = number(rest.strip_prefix(br#","p":"#)?)?;
    (n <= LARGEST_N && rest.starts_with(b",")).then_some(Stamp { n, due_ns, published_ns })
}

/// What the event begins with that says that an answer is over.
const END: &[u8] = br#"{"end":"#;

/// What follows the number of parts, before that of the ask.
const OF_ASK: &[u8] = br#","ask":"#;

/// The end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// How many parts the answer had.
    pub parts: u32,
    /// Which ask it was the answer to.
    pub ask: u64,
}

/// Writes the event that ends an answer to `out`.
///
/// `topic` must need no JSON escaping.
pub fn encode_end(end: End, topic: &str, out: &mut Vec<u8>) {
    let End { parts, ask } = end;
    // Writing to a Vec cannot fail.
    let _ = write!(out, r#"{{"end":{parts},"ask":{ask},"t":"{topic}"}}"#);
}

/// What ends with this payload; `None` when it is anything but the end of an answer.
#[must_use]
pub fn end_of(payload: &[u8]) -> Option<End> {
    let (parts, rest) = number(payload.strip_prefix(END)?)?;
    let (ask, rest) = number(rest.strip_prefix(OF_ASK)?)?;
    let parts = u32::try_from(parts).ok()?;
    (rest.starts_with(b",") || rest.starts_with(b"}")).then_some(End { parts, ask })
}

/// Digits of the longest `u64`.
const MAX_DIGITS: usize = 20;

/// The number at the front, and what follows it.
//
// PERF: one pass, checked only where it must be: an envelope is read in 17 ns. Digits counted first and then added up with
// a check each: 29 ns; eight digits at a time in one word: 24 ns, as instants have 13 and sequence numbers few.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut digits) = (0u64, 0);
    while let Some(&byte @ b'0'..=b'9') = bytes.get(digits) {
        let digit = u64::from(byte - b'0');
        // Only the last digit can be one too many for a `u64`.
        value = match digits + 1 {
            ..MAX_DIGITS => value * 10 + digit,
            MAX_DIGITS => value.checked_mul(10)?.checked_add(digit)?,
            _ => return None,
        };
        digits += 1;
    }
    (digits > 0).then(|| (value, &bytes[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_envelope_is_json_of_the_asked_size() {
        let mut out = Vec::new();
        encode(Stamp { n: 42, due_ns: 1, published_ns: 2 }, "t7", 256, &mut out);
        assert_eq!(out.len(), 256);
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((json["n"].as_u64(), json["t"].as_str()), (Some(42), Some("t7")));
    }

    #[test]
    fn the_smallest_size_has_room_for_the_longest_numbers() {
        let longest = 10u64.pow(INSTANT_DIGITS as u32) - 1;
        let stamp =
            Stamp { n: 10u64.pow(SEQUENCE_DIGITS as u32) - 1, due_ns: longest, published_ns: longest };
        let size = smallest_size(2) as usize;
        let mut out = Vec::new();
        encode(stamp, "t7", size, &mut out);
        assert_eq!(out.len(), size);
        assert_eq!(stamp_of(&out), Some(stamp));
    }

    #[test]
    fn a_sequence_number_without_a_next_one_is_no_stamp() {
        for (n, read) in [(LARGEST_N, true), (LARGEST_N + 1, false), (u64::MAX, false)] {
            let mut out = Vec::new();
            encode(Stamp { n, due_ns: 1, published_ns: 2 }, "all", 0, &mut out);
            assert_eq!(stamp_of(&out).is_some(), read, "{n}");
        }
    }

    #[test]
    fn an_end_is_told_from_a_part_and_from_anything_else() {
        for (parts, ask) in [(0, 0), (20, 7), (u32::MAX, u64::MAX)] {
            let mut out = Vec::new();
            encode_end(End { parts, ask }, "t7", &mut out);
            assert_eq!((end_of(&out), stamp_of(&out)), (Some(End { parts, ask }), None));
            let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!((json["end"].as_u64(), json["ask"].as_u64()), (Some(parts.into()), Some(ask)));
            assert_eq!(json["t"].as_str(), Some("t7"));
        }
        let mut part = Vec::new();
        encode(Stamp { n: 1, due_ns: 1, published_ns: 2 }, "t7", 0, &mut part);
        assert_eq!(end_of(&part), None);
        for other in [
            "",
            "{}",
            r#"{"end":"#,
            r#"{"end":}"#,
            r#"{"end":1}"#,
            r#"{"end":1,"t":"t7"}"#,
            r#"{"end":4294967296,"ask":1}"#,
            r#"{"end":1,"ask":1x"#,
            r#"{"end":-1,"ask":1}"#,
        ] {
            assert_eq!(end_of(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(n in 0..=LARGEST_N, due_ns: u64, published_ns: u64, size in 0usize..600) {
            let stamp = Stamp { n, due_ns, published_ns };
            let mut out = b"before".to_vec();
            encode(stamp, "all", size, &mut out);
            prop_assert_eq!(stamp_of(&out[6..]), Some(stamp));
        }

        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            let _ = (stamp_of(&bytes), end_of(&bytes));
        }

        #[test]
        fn a_number_ends_with_its_digits(digits in "[0-9]{0,23}", after in prop::option::of(any::<u8>()), more: [u8; 9]) {
            prop_assume!(!after.is_some_and(|byte| byte.is_ascii_digit()));
            let tail = after.map_or(vec![], |byte| [&[byte], &more[..]].concat());
            let bytes = [digits.as_bytes(), &tail].concat();
            let expected = (digits.len() <= MAX_DIGITS).then(|| digits.parse::<u64>().ok()).flatten();
            prop_assert_eq!(number(&bytes), expected.map(|value| (value, tail.as_slice())));
        }
    }
}
