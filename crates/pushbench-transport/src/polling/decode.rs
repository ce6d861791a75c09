//! Polling replies: bytes to events.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

use crate::error::WireError;

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

/// Events of a reply that are kept by their places in it.
const FEW: usize = 16;

/// Reads the body of a `200`; `event` gets the exact payload of each event, in order, once the whole is known to be
/// sound: a fault in a later event must not leave half a reply delivered.
///
/// # Errors
/// [`WireError::BadReply`] for anything but the JSON of [`encode_reply`](super::wire::encode_reply); unknown members are
/// ignored.
//
// PERF: allocates for strings with escapes only. A reply of one event of 256 bytes takes 172 ns, of ten 92 ns each; with
// lists of events on the heap it is 209 and 114 ns, and read twice in any case half as much again.
pub fn decode_reply(body: &[u8], mut event: impl FnMut(&[u8])) -> Result<ReplySummary, WireError> {
    let body = std::str::from_utf8(body).map_err(|_| WireError::BadReply)?;
    let (mut few, mut count) = ([const { Cow::Borrowed("") }; FEW], 0);
    let summary = read(body, |payload| {
        if let Some(place) = few.get_mut(count) {
            *place = payload;
        }
        count += 1;
    })?;
    if let Some(payloads) = few.get(..count) {
        for payload in payloads {
            event(payload.as_bytes());
        }
        Ok(summary)
    } else {
        // A list of many events would be memory: the reply is read again instead.
        read(body, |payload| event(payload.as_bytes()))
    }
}

fn read<'b>(body: &'b str, each: impl FnMut(Cow<'b, str>)) -> Result<ReplySummary, WireError> {
    let mut json = serde_json::Deserializer::from_str(body);
    let summary = json.deserialize_map(Reply(each)).map_err(|_| WireError::BadReply)?;
    json.end().map_err(|_| WireError::BadReply)?;
    Ok(summary)
}

/// The members of a reply.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Cursor,
    Events,
    Gap,
    More,
    #[serde(other)]
    Unknown,
}

/// Reads a reply and hands each event to the function.
struct Reply<F>(F);

impl<'de, F: FnMut(Cow<'de, str>)> Visitor<'de> for Reply<F> {
    type Value = ReplySummary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a polling reply")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<ReplySummary, A::Error> {
        let (mut cursor, mut events, mut gap, mut more) = (None, None, None, None);
        while let Some(member) = map.next_key()? {
            let is_double = match member {
                Member::Cursor => cursor.replace(map.next_value()?).is_some(),
                Member::Events => events.replace(map.next_value_seed(Events(&mut self.0))?).is_some(),
                Member::Gap => gap.replace(map.next_value()?).is_some(),
                Member::More => more.replace(map.next_value()?).is_some(),
                Member::Unknown => map.next_value::<IgnoredAny>().map(|_| false)?,
            };
            if is_double {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        events.ok_or_else(|| A::Error::missing_field("events"))?;
        let cursor = cursor.ok_or_else(|| A::Error::missing_field("cursor"))?;
        Ok(ReplySummary { cursor, gap: gap.unwrap_or(false), more: more.unwrap_or(false) })
    }
}

struct Events<'f, F>(&'f mut F);

impl<'de, F: FnMut(Cow<'de, str>)> DeserializeSeed<'de> for Events<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Cow<'de, str>)> Visitor<'de> for Events<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            (self.0)(payload(element).map_err(A::Error::custom)?);
        }
        Ok(())
    }
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
