//! The loop of one subscriber's connection: events out, pings out, and the peer's messages in.
//!
//! Reading and writing do not wait for each other: a peer that sends without reading is still read, and one that reads
//! slowly is still asked for signs of life. Nothing is collected here beyond the library's write buffer.

use bytes::Bytes;
use futures_util::{Sink, Stream};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep};
use tokio_tungstenite::WebSocketStream;
use tungstenite::Message;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use super::Settings;
use super::closing::Ending;
use crate::server::{Next, Subscription};
use crate::websocket::settings::Encoding;
use crate::websocket::wire::gap_message;

/// Messages handled in one go before other connections get their turn.
const BURST: usize = 64;
/// Pings without any sign of life after which the peer is taken for dead.
const SILENT_PINGS_MAX: u32 = 2;

/// Resolves with the reason why the connection ends.
pub(super) struct Delivery<S, T> {
    socket: WebSocketStream<S>,
    subscription: T,
    opcode: Data,
    unflushed: bool,
    ping: Option<Ping>,
}

struct Ping {
    interval: Duration,
    timer: Pin<Box<Sleep>>,
    silent: u32,
}

impl<S, T> Delivery<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: Subscription,
{
    pub(super) fn new(socket: WebSocketStream<S>, subscription: T, settings: &Settings) -> Self {
        let opcode = match settings.encoding {
            Encoding::Text => Data::Text,
            Encoding::Binary => Data::Binary,
        };
        let interval = settings.ping_interval.duration();
        let ping =
            (!interval.is_zero()).then(|| Ping { interval, timer: Box::pin(sleep(interval)), silent: 0 });
        // What the library answers by itself while it opens, it also flushes.
        Self { socket, subscription, opcode, unflushed: false, ping }
    }

    pub(super) fn into_socket(self) -> WebSocketStream<S> {
        self.socket
    }

    /// Reads and ignores messages until there are none.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        for _ in 0..BURST {
            let message = ready!(Pin::new(&mut self.socket).poll_next(context));
            if let Some(ping) = &mut self.ping {
                ping.silent = 0;
            }
            match message {
                Some(Ok(Message::Close(_))) => return Poll::Ready(Ending::Answered),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Ending::of(&error)),
                None => return Poll::Ready(Ending::Gone),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes events until there are none or the socket takes no more.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        for _ in 0..BURST {
            if ready!(Pin::new(&mut self.socket).poll_ready(context)).is_err() {
                return Poll::Ready(Ending::Gone);
            }
            if ready!(self.subscription.poll_ready(context)).is_err() {
                return Poll::Ready(Ending::AWAY);
            }
            let message = match self.subscription.take() {
                Some(Next::Event(event)) => self.message(event.payload().clone()),
                Some(Next::Gap { oldest }) => Message::text(gap_message(oldest)),
                None => continue,
            };
            if !self.send(message) {
                return Poll::Ready(Ending::Gone);
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// The payload is known to be UTF-8: a ready frame is not checked again for each subscriber.
    fn message(&self, payload: Bytes) -> Message {
        Message::Frame(Frame::message(payload, OpCode::Data(self.opcode), true))
    }

    fn send(&mut self, message: Message) -> bool {
        self.unflushed = true;
        Pin::new(&mut self.socket).start_send(message).is_ok()
    }

    fn poll_ping(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        let Some(ping) = &mut self.ping else { return Poll::Pending };
        ready!(ping.timer.as_mut().poll(context));
        if ping.silent >= SILENT_PINGS_MAX {
            return Poll::Ready(Ending::Close(CloseCode::Error, "no answer to pings"));
        }
        ping.silent += 1;
        ping.timer.as_mut().reset(Instant::now() + ping.interval);
        // Polled so that the new deadline is watched.
        let _ = ping.timer.as_mut().poll(context);
        // A socket that takes nothing needs no ping to show that the peer is silent.
        if Pin::new(&mut self.socket).poll_ready(context).is_ready()
            && !self.send(Message::Ping(Bytes::new()))
        {
            return Poll::Ready(Ending::Gone);
        }
        Poll::Pending
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        if self.unflushed {
            match ready!(Pin::new(&mut self.socket).poll_flush(context)) {
                Ok(()) => self.unflushed = false,
                Err(_) => return Poll::Ready(Ending::Gone),
            }
        }
        Poll::Pending
    }
}

impl<S, T> Future for Delivery<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: Subscription,
{
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = &mut *self;
        let steps = [Self::poll_read, Self::poll_write, Self::poll_ping, Self::poll_flush];
        for step in steps {
            if let Poll::Ready(ending) = step(this, context) {
                return Poll::Ready(ending);
            }
        }
        Poll::Pending
    }
}
