//! The echo: every message back as it came. Here the library has the socket, as no load is measured on it.

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::Request;
use std::pin::{Pin, pin};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tungstenite::Message;
use tungstenite::handshake::server::create_response_with_body;
use tungstenite::protocol::Role;

use super::closing::{Ending, close};
use super::handshake::refusal;
use super::peer::config;
use crate::server::{Body, Refusal, Reply};

/// Largest message that is echoed, in bytes: what the usual conformance suites send at most.
pub const ECHO_BYTES_MAX: usize = 16 << 20;

/// What a connection is after its upgrade to an echo: given the socket and the bytes read behind the request, it ends both.
pub type Echo<S> = Box<dyn FnOnce(S, Vec<u8>) -> Pin<Box<dyn Future<Output = ()>>>>;

/// The `101` that a proper request gets (RFC 6455, section 4.2), and then every message back as it came until either side
/// ends it or `closed` resolves.
///
/// # Errors
/// [`Refusal`] when the request has a body, or is no proper one for an upgrade.
pub fn answer_echo<S, B>(
    request: &Request<B>,
    closed: impl Future<Output = ()> + 'static,
) -> Result<(Reply, Echo<S>), Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    B: hyper::body::Body,
{
    if !request.body().is_end_stream() {
        return Err(Refusal::bad_request("a request for an upgrade has no body here"));
    }
    let reply = create_response_with_body(request, Body::default).map_err(|error| refusal(&error))?;
    let echo: Echo<S> = Box::new(move |socket, already_read| {
        Box::pin(async move { echo(socket, &already_read, closed).await })
    });
    Ok((reply, echo))
}

async fn open<S>(socket: S, already_read: &[u8]) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = config(ECHO_BYTES_MAX);
    if already_read.is_empty() {
        WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await
    } else {
        WebSocketStream::from_partially_read(socket, already_read.to_vec(), Role::Server, Some(config)).await
    }
}

async fn echo<S>(socket: S, already_read: &[u8], closed: impl Future<Output = ()>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut socket = open(socket, already_read).await;
    let mut closed = pin!(closed);
    let ending = loop {
        let message = tokio::select! {
            biased;
            () = &mut closed => break Ending::AWAY,
            message = socket.next() => message,
        };
        match message {
            // The library answers pings by itself.
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                if socket.send(message).await.is_err() {
                    break Ending::Gone;
                }
            }
            Some(Ok(Message::Close(_))) => break Ending::Answered,
            Some(Ok(_)) => {}
            Some(Err(error)) => break Ending::of(&error),
            None => break Ending::Gone,
        }
    };
    close(socket, ending).await;
}
