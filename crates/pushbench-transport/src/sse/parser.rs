//! The event stream parser (WHATWG HTML 9.2.6), over bytes cut anywhere.
//!
//! It works on bytes: what is not UTF-8 is handed on as it came, where a browser would put replacement characters.

use std::borrow::Cow;

use super::last_id::LastId;
use crate::error::WireError;

/// Longest event accepted, in bytes of its data and of the line being read.
pub const MAX_EVENT_BYTES: usize = 16 << 20;

/// What a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A dispatched event.
    Event {
        /// The `event` field; empty for the default type, `message`.
        kind: &'a [u8],
        /// The data lines, joined by LF.
        data: &'a [u8],
    },
    /// The server sets the reconnection time, in milliseconds.
    Retry(u64),
}

/// Reads one event stream after another; the last event id survives from one to the next.
///
/// Holds no memory but that id while blocks arrive in one piece: what an event with a single `data` line is made of is
/// then read where it stands.
#[derive(Debug, Default)]
pub struct Parser {
    last_id: LastId,
    /// What the bytes so far have begun and not ended.
    begun: Option<Box<Begun>>,
    /// How much of a byte order mark the stream has begun with; [`MARK`]'s length when that question is settled.
    mark: u8,
    /// The last line ended with CR: an LF right after it belongs to that end.
    after_cr: bool,
    /// Whether the last event id is not kept over the end of a stream.
    forgets: bool,
}

/// A block, and a line of it, whose ends have not come.
#[derive(Debug, Default)]
struct Begun {
    line: Vec<u8>,
    block: Block<'static>,
}

/// The fields of a block so far, where they stand as long as that is possible.
#[derive(Debug, Default)]
struct Block<'a> {
    /// Becomes the last event id at the end of the block.
    id: Option<Cow<'a, [u8]>>,
    kind: Cow<'a, [u8]>,
    data: Option<Cow<'a, [u8]>>,
}

/// The byte order mark that a stream may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Parser {
    /// A parser that knows nothing of the last event id once its stream has ended: of a client that does not resume.
    #[must_use]
    pub fn forgetting() -> Self {
        Self { forgets: true, ..Self::default() }
    }

    /// Begins a new stream: what the old one left unfinished is dropped, as 9.2.6 demands.
    pub fn restart(&mut self) {
        let last_id = if self.forgets { LastId::default() } else { std::mem::take(&mut self.last_id) };
        *self = Self { last_id, forgets: self.forgets, ..Self::default() };
    }

    /// The last event id, empty when there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &[u8] {
        self.last_id.as_bytes()
    }

    /// Reads on and hands every item found to `sink`.
    ///
    /// # Errors
    /// [`WireError::TooLong`] for an event over [`MAX_EVENT_BYTES`].
    pub fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(Item<'_>)) -> Result<(), WireError> {
        let Begun { mut line, mut block } = self.begun.take().map(|begun| *begun).unwrap_or_default();
        let rest = self.skip_mark(bytes, &mut line);
        let read = self.read_lines(rest, &mut line, &mut block, &mut sink);
        if !(line.is_empty() && block.is_empty()) {
            self.begun = Some(Box::new(Begun { line, block: block.into_owned() }));
        }
        read
    }

    fn read_lines<'a>(
        &mut self,
        bytes: &'a [u8],
        line: &mut Vec<u8>,
        block: &mut Block<'a>,
        sink: &mut impl FnMut(Item<'_>),
    ) -> Result<(), WireError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', rest) else {
                line.extend_from_slice(rest);
                break;
            };
            self.after_cr = rest[end] == b'\r';
            if line.is_empty() {
                self.whole_line(&rest[..end], Cow::Borrowed, block, sink);
            } else {
                line.extend_from_slice(&rest[..end]);
                let keep = |value: &[u8]| Cow::Owned(value.to_vec());
                self.whole_line(&std::mem::take(line), keep, block, sink);
            }
            if block.data_bytes() > MAX_EVENT_BYTES {
                return Err(WireError::TooLong);
            }
            rest = &rest[end + 1..];
        }
        if line.len() + block.data_bytes() > MAX_EVENT_BYTES { Err(WireError::TooLong) } else { Ok(()) }
    }

    /// Skips a byte order mark at the front of the stream.
    fn skip_mark<'a>(&mut self, bytes: &'a [u8], line: &mut Vec<u8>) -> &'a [u8] {
        let mut rest = bytes;
        while let Some(&expected) = MARK.get(usize::from(self.mark)) {
            match rest.first() {
                None => break,
                Some(&byte) if byte == expected => {
                    rest = &rest[1..];
                    self.mark += 1;
                }
                Some(_) => {
                    line.extend_from_slice(&MARK[..usize::from(self.mark)]);
                    self.mark = MARK.len() as u8;
                }
            }
        }
        rest
    }

    /// A line without its end; `keep` makes of a part of it what the block keeps.
    fn whole_line<'l, 'b>(
        &mut self,
        line: &'l [u8],
        keep: impl FnOnce(&'l [u8]) -> Cow<'b, [u8]>,
        block: &mut Block<'b>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        if line.is_empty() {
            return self.dispatch(block, sink);
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut block.data {
                Some(data) => {
                    let data = data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => block.data = Some(keep(value)),
            },
            b"id" if !value.contains(&0) => block.id = Some(keep(value)),
            b"event" => block.kind = keep(value),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                // Digits only, so always UTF-8; an empty value and one beyond u64 are not numbers.
                let millis = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                if let Some(millis) = millis {
                    sink(Item::Retry(millis));
                }
            }
            // Comments have an empty name; unknown fields are ignored.
            _ => {}
        }
    }

    /// The end of a block: the id counts from here on, whether or not there is an event.
    fn dispatch(&mut self, block: &mut Block<'_>, sink: &mut impl FnMut(Item<'_>)) {
        let Block { id, kind, data } = std::mem::take(block);
        if let Some(id) = id {
            self.last_id.set(&id);
        }
        if let Some(data) = data {
            sink(Item::Event { kind: &kind, data: &data });
        }
    }
}

impl Block<'_> {
    fn is_empty(&self) -> bool {
        self.id.is_none() && self.kind.is_empty() && self.data.is_none()
    }

    fn data_bytes(&self) -> usize {
        self.data.as_ref().map_or(0, |data| data.len())
    }

    /// Takes what it holds away from the bytes in which it stands.
    fn into_owned(self) -> Block<'static> {
        let own = |field: Cow<'_, [u8]>| Cow::Owned(field.into_owned());
        Block { id: self.id.map(own), kind: own(self.kind), data: self.data.map(own) }
    }
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
