//! What the serving halves of the transports need of a target: its hub, its requests and its replies.
//!
//! A serving half turns a request into a response and reads events from a [`Hub`]. It does not listen, does not route,
//! keeps no events, and does not know how a hub stores or bounds them.

mod ask;
mod event;
mod form;
mod head;
mod query;
mod reply;
mod stream;

pub use ask::{Ask, Session, Work};
pub use event::Event;
pub use head::{Parsed, RequestHead, parse};
pub use query::{Query, Start, TOPIC_BYTES_MAX, TopicName};
pub use reply::{Body, Instead, Refusal, Reply, head_only, page};
pub use stream::{Answer, Go, Hold, PollAnswer, Question, ReplyForm, Stream};

use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// The topics of a target and their recent events, shared by everything on its event loop.
pub trait Hub: Clone + 'static {
    /// One subscriber's place in a topic.
    type Subscription: Subscription;
    /// What is under a connection after an upgrade.
    type Socket: AsyncRead + AsyncWrite + Unpin + 'static;

    /// The events after `start`, as far as they are still held and fit into `bounds`. Never waits.
    ///
    /// A topic that nobody has used is empty; reading does not create it.
    fn read(&self, topic: &TopicName, start: Start, bounds: Bounds) -> Batch;

    /// Subscribes from `start` on: what is held already comes first, with nothing lost or doubled in between.
    ///
    /// # Errors
    /// [`Refusal`] when the topic is new and the limit of topics is reached.
    fn subscribe(&self, topic: &TopicName, start: Start, pace: Pace) -> Result<Self::Subscription, Refusal>;

    /// Resolves when the target shuts down.
    fn closed(&self) -> impl Future<Output = ()> + 'static;
}

/// A place in a topic that moves on with every event taken.
pub trait Subscription: Unpin + 'static {
    /// Ready once [`Subscription::take`] has something.
    ///
    /// # Errors
    /// [`Closed`] once everything held was taken and the target shuts down. A subscriber that does not keep up gets no
    /// error: the hub closes its connection.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Closed>>;

    /// What comes next, `None` when nothing is there yet. A gap comes before the events that follow it.
    fn take(&mut self) -> Option<Next>;

    /// The id up to which everything was taken, or is known to be gone.
    fn cursor(&self) -> u64;
}

/// How fast a subscriber is expected to take events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As they come: one that falls too far behind is cut off.
    Live,
    /// Once, after it was woken: a held poll.
    Once,
}

/// What a subscription gives.
#[derive(Debug, Clone)]
pub enum Next {
    /// An event.
    Event(Rc<Event>),
    /// The events before the id `oldest` that were asked for are gone.
    Gap {
        /// The oldest id still held, or the next one to be published.
        oldest: u64,
    },
}

/// The target shuts down: a subscription gives nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// How much one polling reply may hold; always at least one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Events.
    pub events: usize,
    /// Bytes of payload.
    pub bytes: usize,
}

/// What a polling reply is made of.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// In order of their ids.
    pub events: Vec<Rc<Event>>,
    /// The id up to which the batch accounts for everything.
    pub cursor: u64,
    /// Events between the asked cursor and the first of `events` are gone.
    pub gap: bool,
    /// The bounds left something behind.
    pub more: bool,
}

impl Batch {
    /// True when there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.gap
    }
}
