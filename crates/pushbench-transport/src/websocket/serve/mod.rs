//! The server half: the upgrade, the delivery of events, and the echo.
//!
//! The handshake, frames, masks, fragments and UTF-8 are the library's work. Here is decided what is sent when, and
//! with which code a connection ends.

mod closing;
mod delivery;

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::{CONNECTION, HeaderName, HeaderValue, UPGRADE};
use hyper::{Request, StatusCode};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tungstenite::Message;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::server::create_response_with_body;
use tungstenite::protocol::{Role, WebSocketConfig};

use self::closing::{Ending, close};
use self::delivery::Delivery;
use super::Settings;
use super::wire::CURSOR_HEADER;
use crate::server::{Ask, Body, Hub, Pace, Refusal, Reply, Session, Subscription, Work};

/// Largest message that a subscriber may send, in bytes: it is read and ignored.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Largest message that is echoed, in bytes: what the usual conformance suites send at most.
pub const ECHO_BYTES_MAX: usize = 16 << 20;

/// The library's default of 128 KiB would be allocated for every connection.
const READ_BUFFER_BYTES: usize = 2 << 10;
/// From this size on, collected frames go to the socket without waiting for the flush.
const WRITE_BUFFER_BYTES: usize = 4 << 10;

const SEC_WEBSOCKET_VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");

/// The methods, as `Allow` has them.
pub const METHODS: &str = "GET";

/// An upgrade, and then the events of a subscription until either side ends it.
///
/// # Errors
/// [`Refusal`] when the request has a body, or when the hub takes no more topics.
pub fn answer<H: Hub, B: hyper::body::Body>(
    settings: &Settings,
    ask: Ask<'_, H, B>,
) -> Result<Work<H::Socket>, Refusal> {
    let settings = *settings;
    let Ask { hub, query, request, .. } = ask;
    upgrade(request, |reply| {
        let subscription = hub.subscribe(&query.topic, query.start, Pace::Live)?;
        // After which event the subscription begins.
        let cursor = HeaderValue::from(subscription.cursor());
        reply.headers_mut().insert(HeaderName::from_static(CURSOR_HEADER), cursor);
        Ok(Box::new(move |socket, already_read| {
            Box::pin(async move { deliver(socket, &already_read, subscription, &settings).await })
        }))
    })
}

/// An upgrade, and then every message back as it came until either side ends it or `closed` resolves.
///
/// # Errors
/// [`Refusal`] when the request has a body.
pub fn answer_echo<S, B>(
    request: &Request<B>,
    closed: impl Future<Output = ()> + 'static,
) -> Result<Work<S>, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    B: hyper::body::Body,
{
    upgrade(request, |_| {
        Ok(Box::new(move |socket, already_read| {
            Box::pin(async move { echo(socket, &already_read, closed).await })
        }))
    })
}

/// The `101` that a proper request gets (RFC 6455, section 4.2), and what `begin` makes of the connection.
fn upgrade<S, B: hyper::body::Body>(
    request: &Request<B>,
    begin: impl FnOnce(&mut Reply) -> Result<Session<S>, Refusal>,
) -> Result<Work<S>, Refusal> {
    if !request.body().is_end_stream() {
        return Err(Refusal::bad_request("a request for an upgrade has no body here"));
    }
    match create_response_with_body(request, Body::default) {
        Ok(mut reply) => {
            let session = begin(&mut reply)?;
            Ok(Work::Upgrade(reply, session))
        }
        // A refused upgrade has headers of its own, so it is a reply here already.
        Err(error) => Ok(Work::Done(refused(refusal(&error)))),
    }
}

fn refusal(error: &tungstenite::Error) -> Refusal {
    use ProtocolError as P;
    let upgrade_required = |why: &'static str| Refusal::new(StatusCode::UPGRADE_REQUIRED, why);
    match error {
        tungstenite::Error::Protocol(P::WrongHttpMethod) => Refusal::method_not_allowed(METHODS),
        tungstenite::Error::Protocol(P::WrongHttpVersion) => {
            Refusal::bad_request("an upgrade needs HTTP/1.1")
        }
        tungstenite::Error::Protocol(
            P::MissingConnectionUpgradeHeader | P::MissingUpgradeWebSocketHeader,
        ) => upgrade_required(
            "this path speaks WebSocket: ask for `Connection: Upgrade` and `Upgrade: websocket`",
        ),
        tungstenite::Error::Protocol(P::MissingSecWebSocketVersionHeader) => {
            upgrade_required("Sec-WebSocket-Version must be 13")
        }
        _ => Refusal::bad_request("Sec-WebSocket-Key must be 16 bytes in base64"),
    }
}

/// The response to a refused upgrade: a `426` names what to upgrade to (RFC 9110, section 15.5.22).
fn refused(refusal: Refusal) -> Reply {
    let mut reply = refusal.into_reply();
    if reply.status() == StatusCode::UPGRADE_REQUIRED {
        let headers = reply.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    reply
}

async fn open<S>(socket: S, already_read: &[u8], message_bytes_max: usize) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(message_bytes_max))
        .max_frame_size(Some(message_bytes_max));
    if already_read.is_empty() {
        WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await
    } else {
        WebSocketStream::from_partially_read(socket, already_read.to_vec(), Role::Server, Some(config)).await
    }
}

/// `already_read` came behind the request's head.
async fn deliver<S>(socket: S, already_read: &[u8], subscription: impl Subscription, settings: &Settings)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let socket = open(socket, already_read, MESSAGE_BYTES_MAX).await;
    let mut delivery = Delivery::new(socket, subscription, settings);
    let ending = (&mut delivery).await;
    close(delivery.into_socket(), ending).await;
}

async fn echo<S>(socket: S, already_read: &[u8], closed: impl Future<Output = ()>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut socket = open(socket, already_read, ECHO_BYTES_MAX).await;
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

/// How the question is answered.
///
/// # Errors
/// [`Refusal`] with the reason why it is not served.
pub fn serve(
    _: &Settings,
    _: &crate::server::Question<'_>,
    _: &mut Vec<u8>,
) -> Result<crate::server::Answer, Refusal> {
    Err(Refusal::new(hyper::StatusCode::NOT_IMPLEMENTED, "not yet"))
}
