//! The server half as a body for an HTTP library: a response that goes on until the client leaves or the target shuts
//! down.

use bytes::Bytes;
use hyper::body::Frame;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

use super::Settings;
use super::wire::{HEARTBEAT, encode_event, encode_gap, encode_prologue};
use crate::server::{
    Ask, Body, Event, Hub, Next, Pace, Query, Refusal, Reply, Start, Subscription, Work, head_only,
};

/// The id that a reconnecting client sends (WHATWG HTML, 9.2.4).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Keeps proxies from collecting the stream before they pass it on.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The stream; to a `HEAD` its head alone, which subscribes to nothing.
///
/// # Errors
/// [`Refusal`] when the `Last-Event-ID` is not an id, or when the hub takes no more topics.
pub fn answer<H: Hub, B>(settings: &Settings, ask: Ask<'_, H, B>) -> Result<Work<H::Socket>, Refusal> {
    let Ask { hub, query, request, .. } = ask;
    if request.method() == Method::HEAD {
        return Ok(Work::Done(head()));
    }
    stream(&hub, &query, request.headers(), settings).map(Work::Done)
}

fn head() -> Reply {
    let mut reply = head_only(StatusCode::OK);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    reply
}

/// A `Last-Event-ID` header counts more than `after`, as a reconnect has both.
fn stream<H: Hub>(
    hub: &H,
    query: &Query,
    headers: &HeaderMap,
    settings: &Settings,
) -> Result<Reply, Refusal> {
    let start = match headers.get(LAST_EVENT_ID) {
        Some(id) if !id.is_empty() => Start::parse("Last-Event-ID", id.to_str().unwrap_or("?"))?,
        _ => query.start,
    };
    let subscription = hub.subscribe(&query.topic, start, Pace::Live)?;
    let prologue = encode_prologue(settings.retry, subscription.cursor());
    let heartbeat = (!settings.heartbeat.is_zero()).then(|| Heartbeat::new(settings.heartbeat.duration()));
    let stream = Stream { subscription, prologue: Some(prologue), heartbeat };
    Ok(head().map(|_| Body::Stream(Box::pin(stream))))
}

/// Not kept in the event: what is kept there has the chunk around it.
fn block_of(event: &Event) -> Bytes {
    encode_event(event.id(), &event.text())
}

/// The body: the prologue, then each event as it comes.
struct Stream<S> {
    subscription: S,
    prologue: Option<Bytes>,
    heartbeat: Option<Heartbeat>,
}

impl<S: Subscription> hyper::body::Body for Stream<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = ready!(self.poll_bytes(context));
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

impl<S: Subscription> Stream<S> {
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(prologue) = self.prologue.take() {
            return Poll::Ready(Some(prologue));
        }
        while let Poll::Ready(state) = self.subscription.poll_ready(context) {
            if state.is_err() {
                return Poll::Ready(None);
            }
            let bytes = match self.subscription.take() {
                Some(Next::Event(event)) => block_of(&event),
                Some(Next::Gap { oldest }) => encode_gap(oldest),
                None => continue,
            };
            if let Some(heartbeat) = &mut self.heartbeat {
                heartbeat.sent();
            }
            return Poll::Ready(Some(bytes));
        }
        let Some(heartbeat) = &mut self.heartbeat else { return Poll::Pending };
        heartbeat.poll_due(context).map(|()| Some(Bytes::from_static(HEARTBEAT)))
    }
}

/// Due when nothing was sent for a while. The timer is moved when it fires, not at each event.
struct Heartbeat {
    pause: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Heartbeat {
    fn new(pause: Duration) -> Self {
        Self { pause, last: Instant::now(), timer: Box::pin(sleep(pause)) }
    }

    fn sent(&mut self) {
        self.last = Instant::now();
    }

    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            let due = self.last + self.pause;
            if now >= due {
                self.last = now;
                self.timer.as_mut().reset(now + self.pause);
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
    }
}
