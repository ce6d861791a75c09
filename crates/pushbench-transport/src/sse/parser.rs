//! The event stream parser (WHATWG HTML 9.2.6), over bytes cut anywhere.
//!
//! It works on bytes: what is not UTF-8 is handed on as it came, where a browser would put replacement characters.

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
/// Holds no memory but the id while blocks arrive in one piece: the data of an event with a single `data` line is then
/// handed out where it stands.
#[derive(Debug, Default)]
pub struct Parser {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Data lines of the block so far, unless its only one is held where it stands.
    data: Vec<u8>,
    kind: Vec<u8>,
    /// The `id` seen last; becomes the last event id at the end of its block.
    id: Vec<u8>,
    last_id: Vec<u8>,
    /// How much of a byte order mark the stream has begun with; [`MARK`]'s length when that question is settled.
    mark: u8,
    has_data: bool,
    /// The last line ended with CR: an LF right after it belongs to that end.
    after_cr: bool,
}

/// The byte order mark that a stream may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Parser {
    /// Begins a new stream: what the old one left unfinished is dropped, as 9.2.6 demands.
    pub fn restart(&mut self) {
        let last_id = std::mem::take(&mut self.last_id);
        *self = Self { id: last_id.clone(), last_id, ..Self::default() };
    }

    /// The last event id, empty when there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &[u8] {
        &self.last_id
    }

    /// Reads on and hands every item found to `sink`.
    ///
    /// # Errors
    /// [`WireError::TooLong`] for an event over [`MAX_EVENT_BYTES`].
    pub fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(Item<'_>)) -> Result<(), WireError> {
        let mut rest = self.skip_mark(bytes);
        let mut held = None;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.line.extend_from_slice(rest);
                break;
            };
            self.after_cr = rest[end] == b'\r';
            if self.line.is_empty() {
                self.whole_line(&rest[..end], &mut held, &mut sink);
            } else {
                self.line.extend_from_slice(&rest[..end]);
                let line = std::mem::take(&mut self.line);
                // Only the first line of a feed can have begun before, so nothing is held yet.
                let mut joined = None;
                self.whole_line(&line, &mut joined, &mut sink);
                self.spill(&mut joined);
            }
            if self.data.len() > MAX_EVENT_BYTES {
                return Err(WireError::TooLong);
            }
            rest = &rest[end + 1..];
        }
        self.spill(&mut held);
        if self.line.len() + self.data.len() > MAX_EVENT_BYTES {
            return Err(WireError::TooLong);
        }
        if !self.has_data {
            // An idle client keeps no buffer for the large event it once had.
            self.data = Vec::new();
        }
        Ok(())
    }

    /// Skips a byte order mark at the front of the stream.
    fn skip_mark<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        while let Some(&expected) = MARK.get(usize::from(self.mark)) {
            match rest.first() {
                None => break,
                Some(&byte) if byte == expected => {
                    rest = &rest[1..];
                    self.mark += 1;
                }
                Some(_) => {
                    self.line.extend_from_slice(&MARK[..usize::from(self.mark)]);
                    self.mark = MARK.len() as u8;
                }
            }
        }
        rest
    }

    fn whole_line<'a>(
        &mut self,
        line: &'a [u8],
        held: &mut Option<&'a [u8]>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        if line.is_empty() {
            return self.dispatch(held.take(), sink);
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" if self.has_data => {
                self.spill(held);
                self.data.push(b'\n');
                self.data.extend_from_slice(value);
            }
            b"data" => {
                self.has_data = true;
                *held = Some(value);
            }
            b"id" if !value.contains(&0) => {
                self.id.clear();
                self.id.extend_from_slice(value);
            }
            b"event" => {
                self.kind.clear();
                self.kind.extend_from_slice(value);
            }
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
    fn dispatch(&mut self, held: Option<&[u8]>, sink: &mut impl FnMut(Item<'_>)) {
        if self.last_id != self.id {
            self.last_id.clone_from(&self.id);
        }
        if std::mem::take(&mut self.has_data) {
            sink(Item::Event { kind: &self.kind, data: held.unwrap_or(&self.data) });
            self.data.clear();
        }
        self.kind.clear();
    }

    /// Keeps the data line that was held where it stands, because the block goes on.
    fn spill(&mut self, held: &mut Option<&[u8]>) {
        if let Some(data) = held.take() {
            self.data.extend_from_slice(data);
        }
    }
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
