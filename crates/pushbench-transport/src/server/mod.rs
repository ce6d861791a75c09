//! What the serving halves of the transports need of a target: its requests, its events and its replies.
//!
//! A serving half turns a request into the beginning of an answer, and events into bytes. It does not listen, does not
//! route, keeps no events, and does not know how a target stores or bounds them.

mod event;
mod form;
mod head;
mod query;
mod reply;
mod stream;
mod topic;

pub use event::Event;
pub use head::{Parsed, RequestHead, parse};
pub use query::{Query, Start};
pub use reply::{Body, Instead, Refusal, Reply, page};
pub use stream::{Answer, Go, Hold, PollAnswer, Question, ReplyForm, Stream};
pub use topic::{TOPIC_BYTES_MAX, TopicName, TopicRef};

use std::rc::Rc;

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
