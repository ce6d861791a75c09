//! The server half for an HTTP library: the upgrade, and the delivery of events on the socket that it leaves.

use hyper::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite};

use super::closing::close;
use super::delivery::Delivery;
use super::echo::{open, upgrade};
use super::{MESSAGE_BYTES_MAX, Settings};
use crate::server::{Ask, Hub, Pace, Refusal, Subscription, Work};
use crate::websocket::wire::CURSOR_HEADER;

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
