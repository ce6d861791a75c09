//! How a connection ends: the close handshake (RFC 6455, section 7), and time for the peer to read it.

use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};

/// How long the peer may take to answer a close, or to read one.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The peer is not there any more.
    Gone,
    /// The peer closed; the answer stands in the write buffer.
    Answered,
    /// This side closes.
    Close(CloseCode, &'static str),
    /// The peer broke the protocol, so its further bytes mean nothing.
    Fail(CloseCode, &'static str),
}

impl Ending {
    /// The target shuts down.
    pub(super) const AWAY: Self = Self::Close(CloseCode::Away, "the target shuts down");

    /// What follows from an error of reading.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::Fail(CloseCode::Size, "the message is too long"),
            Error::Utf8(_) => Self::Fail(CloseCode::Invalid, "the text is not UTF-8"),
            Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::Fail(CloseCode::Protocol, "not a valid frame"),
            _ => Self::Gone,
        }
    }
}

/// Ends the connection as `ending` says.
pub(super) async fn close<S>(mut socket: WebSocketStream<S>, ending: Ending)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // A peer that neither answers nor reads is left after this.
    let _ = timeout(PATIENCE, async {
        match ending {
            Ending::Gone => return,
            Ending::Answered => {}
            Ending::Close(code, reason) | Ending::Fail(code, reason) => {
                let frame = CloseFrame { code, reason: reason.into() };
                let _ = socket.send(Message::Close(Some(frame))).await;
            }
        }
        if !matches!(ending, Ending::Fail(..)) {
            // Reading drives the handshake to its end; what else comes is of no interest.
            while let Some(Ok(_)) = socket.next().await {}
        }
        linger(socket.into_inner()).await;
    })
    .await;
}

/// Ends the write side and reads what is left.
///
/// A socket closed over unread bytes is reset, and the reset may take the close frame away from the peer.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S) {
    let _ = socket.shutdown().await;
    let mut discarded = [0; 1024];
    while let Ok(1..) = socket.read(&mut discarded).await {}
}
