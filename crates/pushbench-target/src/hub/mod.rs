//! Topics, publishing and fan-out.
//!
//! Publishing puts the event into the topic's ring and wakes those who wait. A long fan-out is broken into parts, so
//! that accepts and reads get their turn; order is kept, as each subscriber walks the ring by itself. Nothing here
//! knows a transport, and no clock is read.

mod ring;
mod subscription;
mod topic;

use hyper::StatusCode;
use pushbench_transport::server::{Event, Refusal, TopicName};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use tokio::sync::{Notify, watch};

pub(crate) use self::ring::Keep;
pub(crate) use self::subscription::Desk;
use self::topic::{Topic, Walk};

/// Subscribers visited before other tasks get their turn.
const VISITS: usize = 256;

/// All topics of one target.
pub(crate) struct Hub {
    keep: Keep,
    topics_max: Cell<usize>,
    topics: RefCell<HashMap<TopicName, Rc<Topic>>>,
    /// Topics whose fan-out is not done.
    unfinished: RefCell<VecDeque<Rc<Topic>>>,
    more: Notify,
    closed: watch::Sender<bool>,
    pub(crate) published: Cell<u64>,
    pub(crate) sent: Cell<u64>,
    pub(crate) subscribers: Cell<u64>,
    pub(crate) slow: Cell<u64>,
}

impl Hub {
    pub(crate) fn new(keep: Keep, topics_max: usize) -> Self {
        Self {
            keep,
            topics_max: Cell::new(topics_max),
            topics: RefCell::default(),
            unfinished: RefCell::default(),
            more: Notify::new(),
            closed: watch::Sender::new(false),
            published: Cell::new(0),
            sent: Cell::new(0),
            subscribers: Cell::new(0),
            slow: Cell::new(0),
        }
    }

    /// Makes room for at least that many topics.
    pub(crate) fn allow_topics(&self, topics: usize) {
        self.topics_max.set(self.topics_max.get().max(topics));
    }

    /// Publishes the payload that `payload` makes of the event's id, and returns the id.
    pub(crate) fn publish(
        &self,
        topic: &TopicName,
        payload: impl FnOnce(u64) -> String,
    ) -> Result<u64, Refusal> {
        let id = self.push(topic, payload)?;
        self.count_published();
        Ok(id)
    }

    /// The same for an event that counts as published already, or never will.
    pub(crate) fn push(
        &self,
        topic: &TopicName,
        payload: impl FnOnce(u64) -> String,
    ) -> Result<u64, Refusal> {
        let topic = self.topic(topic)?;
        let id = topic.ring.borrow().next_id();
        let event = Rc::new(Event::new(id, payload(id)));
        topic.ring.borrow_mut().push(event, topic.needed());
        topic.begin_walk();
        self.walk(topic);
        Ok(id)
    }

    /// Makes sure that there is room for a topic.
    pub(crate) fn admit(&self, topic: &TopicName) -> Result<(), Refusal> {
        self.topic(topic).map(drop)
    }

    /// Whether there is such a topic now.
    pub(crate) fn has(&self, topic: &TopicName) -> bool {
        self.topics.borrow().contains_key(topic)
    }

    /// Counts an event as published.
    pub(crate) fn count_published(&self) {
        self.published.set(self.published.get() + 1);
    }

    /// Goes on with the fan-outs that are not done, part by part. Never returns.
    pub(crate) async fn fan_out(&self) {
        loop {
            let topic = self.unfinished.borrow_mut().pop_front();
            match topic {
                Some(topic) => {
                    self.walk(topic);
                    tokio::task::yield_now().await;
                }
                None => self.more.notified().await,
            }
        }
    }

    fn walk(&self, topic: Rc<Topic>) {
        let (walk, cut) = topic.walk(VISITS);
        self.slow.set(self.slow.get() + cut);
        let mut unfinished = self.unfinished.borrow_mut();
        if walk == Walk::Unfinished && !unfinished.iter().any(|other| Rc::ptr_eq(other, &topic)) {
            unfinished.push_back(topic);
            self.more.notify_one();
        }
    }

    /// The topic of that name, made if there is room for it.
    fn topic(&self, name: &TopicName) -> Result<Rc<Topic>, Refusal> {
        let mut topics = self.topics.borrow_mut();
        if let Some(topic) = topics.get(name) {
            return Ok(Rc::clone(topic));
        }
        let most = self.topics_max.get();
        if topics.len() >= most {
            let why = format!("this target already has its {most} topics");
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let topic = Rc::new(Topic::new(name.clone(), self.keep));
        topics.insert(name.clone(), Rc::clone(&topic));
        Ok(topic)
    }

    /// Number of topics.
    pub(crate) fn topics(&self) -> usize {
        self.topics.borrow().len()
    }

    /// Forgets a topic that nobody used.
    fn forget(&self, topic: &Topic) {
        if topic.is_unused() {
            self.topics.borrow_mut().remove(&topic.name);
        }
    }

    /// Ends every subscription, once it has taken what is there.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
        let topics: Vec<_> = self.topics.borrow().values().cloned().collect();
        for topic in topics {
            topic.begin_walk();
            self.walk(topic);
        }
    }

    fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }
}
