//! An open WebSocket, client's side, by `tungstenite` on a stream that is only memory: it reads everything.
//!
//! Pings are answered and closes are answered in here; masks are tungstenite's own random numbers, not seeded ones.

use std::io;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::connection::Found;
use crate::error::WireError;
use crate::websocket::memory::Memory;
use crate::websocket::wire::MAX_MESSAGE_BYTES;

/// The buffer that tungstenite allocates at once for each connection. Its default of 128 KiB is a hundred times what
/// most events need, and there are thousands of connections.
const READ_BUFFER_BYTES: usize = 1024;

/// An open WebSocket.
#[derive(Debug)]
pub(super) struct Library {
    context: WebSocketContext,
}

impl Library {
    /// A connection of which nothing has been read.
    pub(super) fn new() -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(1 << 20)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        Self { context: WebSocketContext::new(Role::Client, Some(config)) }
    }

    /// Reads on and hands what was found to `sink`; answers to pings and closes are put into `out`.
    ///
    /// # Errors
    /// [`WireError::TooLong`] and [`WireError::BadMessage`]; the close frame that says so is in `out` then (RFC 6455,
    /// section 7.1.7), and the connection is to be given up.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        mut sink: impl FnMut(Found<'_>),
    ) -> Result<(), WireError> {
        let mut memory = Memory { input: bytes, out };
        // Every turn takes at least a frame header, so the loop ends with the bytes.
        let (fault, code) = loop {
            match self.context.read(&mut memory) {
                Ok(Message::Text(text)) => sink(Found::Message(text.as_bytes())),
                Ok(Message::Binary(data)) => sink(Found::Message(&data)),
                Ok(Message::Close(_)) => sink(Found::Close),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(Error::Capacity(_)) => break (WireError::TooLong, CloseCode::Size),
                Err(Error::Utf8(_)) => break (WireError::BadMessage, CloseCode::Invalid),
                Err(_) => break (WireError::BadMessage, CloseCode::Protocol),
            }
        };
        self.close(code, memory.out);
        Err(fault)
    }

    /// Puts a close frame into `out`, unless one was sent before.
    pub(super) fn close(&mut self, code: CloseCode, out: &mut Vec<u8>) {
        let frame = CloseFrame { code, reason: "".into() };
        // Cannot fail: memory takes all that is written, and a connection that is over needs no close.
        let _ = self.context.close(&mut Memory { input: &[], out }, Some(frame));
    }
}
