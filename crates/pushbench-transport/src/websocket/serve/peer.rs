//! What the peer of a connection says.
//!
//! Nearly all of them say nothing but pongs, and those need no state of the library: they are recognised and dropped
//! here. The first other byte makes the library's state, which from then on reads everything: it answers pings,
//! validates, and knows how far a close handshake is.

use std::io;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::MESSAGE_BYTES_MAX;
use crate::websocket::memory::Memory;

/// The library's default of 128 KiB would be allocated for every connection.
const READ_BUFFER_BYTES: usize = 2 << 10;
/// From this size on, collected frames go to a socket of the library's without waiting for the flush.
const WRITE_BUFFER_BYTES: usize = 4 << 10;

/// The library's settings for connections whose messages have that many bytes at most.
pub(super) fn config(message_bytes_max: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(message_bytes_max))
        .max_frame_size(Some(message_bytes_max))
}

/// The reading side of a connection.
#[derive(Debug)]
pub(super) enum Peer {
    /// Nothing but pongs so far.
    Quiet(Pongs),
    /// Something else: the library reads.
    Talking(Box<WebSocketContext>),
}

/// What some bytes of the peer came to.
#[derive(Debug)]
pub(super) enum Heard {
    /// Nothing that matters.
    Nothing,
    /// The peer closes, or answers a close. If it was the first to close, the answer has been written.
    Close,
    /// It broke the protocol, or is too much.
    Fault(Error),
}

impl Peer {
    pub(super) fn new() -> Self {
        Self::Quiet(Pongs::default())
    }

    /// Reads on. Whole messages go to `said`, what the library answers by itself to `out`. `is_closing` says that this side has sent a close.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        is_closing: bool,
        said: &mut Vec<String>,
        out: &mut Vec<u8>,
    ) -> Heard {
        match self {
            Self::Quiet(pongs) => {
                let rest = pongs.pass(bytes);
                if rest.is_empty() {
                    return Heard::Nothing;
                }
                let mut context = WebSocketContext::new(Role::Server, Some(config(MESSAGE_BYTES_MAX)));
                if is_closing {
                    // It has to know; the frame itself was written long ago.
                    let _ = context.close(&mut Memory { input: &[], out: &mut Vec::new() }, None);
                }
                let begun = *pongs;
                *self = Self::Talking(Box::new(context));
                match self.feed(begun.begun(), is_closing, said, out) {
                    Heard::Nothing => self.feed(rest, is_closing, said, out),
                    heard => heard,
                }
            }
            Self::Talking(context) => read(context, bytes, said, out),
        }
    }

    /// Writes a close frame.
    pub(super) fn close(&mut self, frame: CloseFrame, out: &mut Vec<u8>) {
        // Neither can fail: memory takes all that is written, and a connection that is over needs no close.
        match self {
            Self::Quiet(_) => {
                let _ = Frame::close(Some(frame)).format(out);
            }
            Self::Talking(context) => {
                let _ = context.close(&mut Memory { input: &[], out }, Some(frame));
            }
        }
    }
}

fn read(context: &mut WebSocketContext, bytes: &[u8], said: &mut Vec<String>, out: &mut Vec<u8>) -> Heard {
    let mut memory = Memory { input: bytes, out };
    // Every turn takes at least a frame header, so the loop ends with the bytes.
    loop {
        match context.read(&mut memory) {
            Ok(Message::Close(_)) => {
                // The answer is written with this; that the connection is over then is no fault.
                let _ = context.flush(&mut memory);
                return Heard::Close;
            }
            Ok(Message::Text(text)) => said.push(text.as_str().to_owned()),
            // An event's payload is text: what is none cannot be one.
            Ok(Message::Binary(bytes)) => said.extend(String::from_utf8(bytes.into())),
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Heard::Nothing,
            Err(error) => return Heard::Fault(error),
        }
    }
}

/// Header of a masked pong: two bytes and the mask (RFC 6455, section 5.2). A control frame has no longer one.
const PONG_HEADER_BYTES: usize = 6;
/// FIN, no reserved bit, opcode 10.
const PONG: u8 = 0x8a;

/// Recognises masked pongs, whole or cut anywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pongs {
    /// The beginning of a header that may be a pong's.
    header: [u8; PONG_HEADER_BYTES - 1],
    header_bytes: u8,
    /// Bytes of payload that are still to come.
    payload_bytes: u8,
}

/// What a header looks like.
enum Looks {
    Pong { payload_bytes: u8 },
    PerhapsPong,
    Other,
}

fn look(header: &[u8]) -> Looks {
    match header {
        // Masked, and at most 125 bytes.
        [PONG, length @ 0x80..=0xfd, mask @ ..] if mask.len() == PONG_HEADER_BYTES - 2 => {
            Looks::Pong { payload_bytes: length & 0x7f }
        }
        [] | [PONG] | [PONG, 0x80..=0xfd, ..] => Looks::PerhapsPong,
        _ => Looks::Other,
    }
}

impl Pongs {
    /// Passes over pongs. What is left begins with the rest of another frame, whose beginning is [`Pongs::begun`].
    fn pass<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            let skipped = bytes.len().min(usize::from(self.payload_bytes));
            self.payload_bytes -= skipped as u8;
            bytes = &bytes[skipped..];
            let mut header = [0; PONG_HEADER_BYTES];
            let known = usize::from(self.header_bytes);
            let taken = bytes.len().min(PONG_HEADER_BYTES - known);
            header[..known].copy_from_slice(&self.header[..known]);
            header[known..known + taken].copy_from_slice(&bytes[..taken]);
            match look(&header[..known + taken]) {
                Looks::Other => return bytes,
                Looks::PerhapsPong => {
                    self.header[..known + taken].copy_from_slice(&header[..known + taken]);
                    self.header_bytes = (known + taken) as u8;
                    return &[];
                }
                Looks::Pong { payload_bytes } => {
                    *self = Self { payload_bytes, ..Self::default() };
                    bytes = &bytes[taken..];
                }
            }
        }
    }

    /// The first bytes of the frame that has begun and is not known to be a pong.
    fn begun(&self) -> &[u8] {
        &self.header[..usize::from(self.header_bytes)]
    }
}
