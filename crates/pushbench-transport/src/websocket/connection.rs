//! An open WebSocket, client's side: bytes to messages and back.
//!
//! What a server sends nearly always are whole messages in one unmasked frame each, and now and then a ping. Those are
//! read here, where they stand. All else is `tungstenite`'s, from the first frame that is anything else to the end of the
//! connection: fragments, closes, and whatever breaks the rules.

use std::io::Cursor;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::library::Library;
use crate::error::WireError;
use crate::random::Random;
use crate::websocket::wire::MAX_MESSAGE_BYTES;

/// The longest payload of a control frame (RFC 6455, section 5.5).
const MAX_CONTROL_BYTES: usize = 125;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Message(&'a [u8]),
    /// The peer closes, or answers our close.
    Close,
}

/// An open WebSocket. Holds no memory between whole frames.
//
// PERF: one event of 256 bytes per read, recorder's part included: 123 ns by the library, 39 ns here. Its context and read
// buffer are 1.4 KiB per connection, these are 32 bytes.
#[derive(Debug)]
pub(super) struct Connection {
    reader: Reader,
    /// A close frame of ours was sent.
    closing: bool,
}

#[derive(Debug)]
enum Reader {
    /// Plain frames so far. Holds the beginning of one whose end has not come.
    Plain(Vec<u8>),
    Library(Box<Library>),
}

/// What there is at the front of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Front<'a> {
    /// A message, in a frame of so many bytes.
    Message(&'a [u8], usize),
    Ping(&'a [u8], usize),
    Pong(usize),
    /// A frame whose end has not come: it has at least so many bytes.
    Cut(usize),
    /// A frame for the library to read, or to refuse.
    Other,
}

impl<'a> Front<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let mut cursor = Cursor::new(bytes);
        let (header, length) = match FrameHeader::parse(&mut cursor) {
            Ok(Some(found)) => found,
            Ok(None) => return Self::Cut(bytes.len() + 1),
            Err(_) => return Self::Other,
        };
        let longest = match header.opcode {
            OpCode::Data(Data::Text | Data::Binary) => MAX_MESSAGE_BYTES,
            OpCode::Control(Control::Ping | Control::Pong) => MAX_CONTROL_BYTES,
            _ => return Self::Other,
        };
        let has_reserved_bits = header.rsv1 || header.rsv2 || header.rsv3;
        if !header.is_final || header.mask.is_some() || has_reserved_bits || length > longest as u64 {
            return Self::Other;
        }
        let begin = cursor.position() as usize;
        let end = begin + length as usize;
        let Some(payload) = bytes.get(begin..end) else { return Self::Cut(end) };
        match header.opcode {
            OpCode::Data(Data::Text) if std::str::from_utf8(payload).is_err() => Self::Other,
            OpCode::Data(_) => Self::Message(payload, end),
            OpCode::Control(Control::Ping) => Self::Ping(payload, end),
            OpCode::Control(_) => Self::Pong(end),
        }
    }
}

/// Where a connection's bytes go, and what it masks its answers with.
pub(super) struct Answers<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) masks: &'a mut Random,
}

impl Answers<'_> {
    fn control(&mut self, opcode: Control, payload: &[u8]) {
        self.frame(OpCode::Control(opcode), payload);
    }

    /// A whole message, or a control frame: masked, as all that a client sends (RFC 6455, section 5.1).
    fn frame(&mut self, opcode: OpCode, payload: &[u8]) {
        let mask = self.masks.mask();
        let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
        // Writing to a Vec cannot fail.
        let _ = header.format(payload.len() as u64, self.out);
        self.out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
}

impl Connection {
    /// A connection right after the handshake.
    pub(super) fn new() -> Self {
        Self { reader: Reader::Plain(Vec::new()), closing: false }
    }

    /// Reads on and hands what was found to `sink`; answers to pings and closes are written.
    ///
    /// # Errors
    /// [`WireError::TooLong`] and [`WireError::BadMessage`]; the close frame that says so is written then (RFC 6455,
    /// section 7.1.7), and the connection is to be given up.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        answers: &mut Answers<'_>,
        mut sink: impl FnMut(Found<'_>),
    ) -> Result<(), WireError> {
        let begun = match &mut self.reader {
            Reader::Plain(begun) => std::mem::take(begun),
            Reader::Library(library) => return library.feed(bytes, answers.out, sink),
        };
        let mut rest = bytes;
        if !begun.is_empty() {
            match self.complete(begun, rest, answers, &mut sink)? {
                Some(after) => rest = after,
                None => return Ok(()),
            }
        }
        while !rest.is_empty() {
            match Front::of(rest) {
                Front::Cut(_) => {
                    self.reader = Reader::Plain(rest.to_vec());
                    break;
                }
                Front::Other => return self.hand_over(&[], rest, answers, sink),
                front => rest = &rest[self.take(front, answers, &mut sink)..],
            }
        }
        Ok(())
    }

    /// Completes the frame that began earlier with its own bytes only: those after it are read where they stand.
    /// `None` when there are none.
    fn complete<'a>(
        &mut self,
        mut begun: Vec<u8>,
        bytes: &'a [u8],
        answers: &mut Answers<'_>,
        sink: &mut impl FnMut(Found<'_>),
    ) -> Result<Option<&'a [u8]>, WireError> {
        let mut rest = bytes;
        // Each turn but the last takes at least one byte.
        loop {
            match Front::of(&begun) {
                Front::Cut(_) if rest.is_empty() => {
                    self.reader = Reader::Plain(begun);
                    return Ok(None);
                }
                Front::Cut(size) => {
                    let (more, after) = rest.split_at(rest.len().min(size - begun.len()));
                    begun.extend_from_slice(more);
                    rest = after;
                }
                Front::Other => return self.hand_over(&begun, rest, answers, sink).map(|()| None),
                front => {
                    self.take(front, answers, sink);
                    return Ok(Some(rest));
                }
            }
        }
    }

    /// Takes a whole frame; returns its size in bytes.
    fn take(
        &mut self,
        front: Front<'_>,
        answers: &mut Answers<'_>,
        sink: &mut impl FnMut(Found<'_>),
    ) -> usize {
        match front {
            Front::Message(payload, size) => {
                sink(Found::Message(payload));
                size
            }
            Front::Ping(payload, size) => {
                // After our close frame nothing is sent (section 5.5.1).
                if !self.closing {
                    answers.control(Control::Pong, payload);
                }
                size
            }
            Front::Pong(size) => size,
            Front::Cut(_) | Front::Other => 0,
        }
    }

    /// Lets the library read from the begin of a frame on, for the rest of the connection.
    fn hand_over(
        &mut self,
        begun: &[u8],
        rest: &[u8],
        answers: &mut Answers<'_>,
        mut sink: impl FnMut(Found<'_>),
    ) -> Result<(), WireError> {
        let mut library = Box::new(Library::new());
        if self.closing {
            // The frame itself has been sent; the library must know that it is its turn to wait.
            library.close(CloseCode::Normal, &mut Vec::new());
        }
        library.feed(begun, answers.out, &mut sink)?;
        library.feed(rest, answers.out, sink)?;
        self.reader = Reader::Library(library);
        Ok(())
    }

    /// Writes a message, unless a close frame was sent before (section 5.5.1). True when it was written.
    pub(super) fn message(&self, opcode: Data, payload: &[u8], answers: &mut Answers<'_>) -> bool {
        // The library keeps nothing back, so a frame may go out beside it.
        if !self.closing {
            answers.frame(OpCode::Data(opcode), payload);
        }
        !self.closing
    }

    /// Writes the close frame that ends the connection in order, unless one was sent before.
    pub(super) fn close(&mut self, answers: &mut Answers<'_>) {
        match &mut self.reader {
            Reader::Library(library) => library.close(CloseCode::Normal, answers.out),
            Reader::Plain(_) if self.closing => {}
            Reader::Plain(_) => answers.control(Control::Close, &u16::from(CloseCode::Normal).to_be_bytes()),
        }
        self.closing = true;
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
