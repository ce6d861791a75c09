//! Topics, publishing, and whose turn it is in which fan-out.
//!
//! Publishing puts the event into the topic's ring and begins a walk over the topic's subscribers, or has it begin later
//! where events are gathered. Who walks, and how an event reaches a subscriber, is not known here: neither sockets nor
//! transports are, and no clock is read.

mod ring;
mod topic;

use hyper::StatusCode;
use pushbench_scenario::Coalesce;
use pushbench_transport::server::{Batch, Event, Refusal, Start, TopicName, TopicRef};
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

pub(crate) use self::ring::{Bounds, Gap, Keep, Ring};
use self::topic::Topic;
pub(crate) use self::topic::{Pace, Slot};
use crate::key::Key;

/// All topics of one target.
pub(crate) struct Hub {
    keep: Keep,
    topics_max: usize,
    coalesce: Coalesce,
    names: HashMap<TopicName, usize>,
    topics: Slab<Topic>,
    /// Topics whose fan-out is not done.
    unfinished: VecDeque<usize>,
    /// Topics whose fan-out begins later, in the order of their instants: all wait equally long.
    awaited: VecDeque<(u64, usize)>,
    pub(crate) published: u64,
    pub(crate) sent: u64,
    pub(crate) subscribers: u64,
    /// Subscribers cut off because they did not keep up.
    pub(crate) slow: u64,
    /// Events skipped for those who did not.
    pub(crate) skipped: u64,
    /// Events that shared a write with others.
    pub(crate) coalesced: u64,
}

/// Where a subscriber has its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    topic: u32,
    slot: u32,
}

impl Hub {
    pub(crate) fn new(keep: Keep, topics_max: usize, coalesce: Coalesce) -> Self {
        Self {
            keep,
            topics_max,
            coalesce,
            names: HashMap::new(),
            topics: Slab::new(),
            unfinished: VecDeque::new(),
            awaited: VecDeque::new(),
            published: 0,
            sent: 0,
            subscribers: 0,
            slow: 0,
            skipped: 0,
            coalesced: 0,
        }
    }

    /// Makes room for at least that many topics.
    pub(crate) fn allow_topics(&mut self, topics: usize) {
        self.topics_max = self.topics_max.max(topics);
    }

    /// Publishes the payload that `payload` makes of the event's id, and returns the id.
    pub(crate) fn publish(
        &mut self,
        topic: &TopicName,
        now_ns: u64,
        payload: impl FnOnce(u64) -> String,
    ) -> Result<u64, Refusal> {
        let id = self.push(topic, now_ns, payload)?;
        self.published += 1;
        Ok(id)
    }

    /// The same for an event that counts as published already, or never will.
    pub(crate) fn push(
        &mut self,
        topic: &TopicName,
        now_ns: u64,
        payload: impl FnOnce(u64) -> String,
    ) -> Result<u64, Refusal> {
        let key = self.key(topic.as_topic_ref())?;
        let topic = &mut self.topics[key];
        let id = topic.ring.next_id();
        topic.ring.push(Rc::new(Event::new(id, payload(id))), topic.needed());
        match self.coalesce {
            Coalesce::Off | Coalesce::Tick => self.begin_walk(key),
            Coalesce::Within(pause) if !topic.awaited => {
                topic.awaited = true;
                let at_ns = now_ns.saturating_add(pause.as_nanos() as u64);
                // Publish requests and the publisher may have read the clock in another order.
                let at_ns = self.awaited.back().map_or(at_ns, |(last_ns, _)| at_ns.max(*last_ns));
                self.awaited.push_back((at_ns, key));
            }
            Coalesce::Within(_) => {}
        }
        Ok(id)
    }

    /// Makes sure that there is room for a topic.
    pub(crate) fn admit(&mut self, topic: &TopicName) -> Result<(), Refusal> {
        self.key(topic.as_topic_ref()).map(drop)
    }

    /// Whether there is such a topic now.
    pub(crate) fn has(&self, topic: &TopicName) -> bool {
        self.names.contains_key(topic)
    }

    /// Counts an event as published.
    pub(crate) fn count_published(&mut self) {
        self.published += 1;
    }

    /// Number of topics.
    pub(crate) fn topics(&self) -> usize {
        self.topics.len()
    }

    /// The topic of that name, made if there is room for it.
    fn key(&mut self, name: TopicRef<'_>) -> Result<usize, Refusal> {
        if let Some(key) = self.names.get(name.as_str()) {
            return Ok(*key);
        }
        let most = self.topics_max;
        if self.topics.len() >= most {
            let why = format!("this target already has its {most} topics");
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let key = self.topics.insert(Topic::new(name.to_name(), self.keep));
        self.names.insert(name.to_name(), key);
        Ok(key)
    }

    /// Replaces `batch` by the events after `start`, as far as they are still held and fit into `bounds`.
    ///
    /// A topic that nobody has used is empty; reading does not create it.
    pub(crate) fn read(&self, topic: TopicRef<'_>, start: Start, bounds: Bounds, batch: &mut Batch) {
        match self.names.get(topic.as_str()) {
            Some(key) => self.topics[*key].ring.read(start, bounds, batch),
            None => Ring::new(Keep { events: 0, bytes: 0, backlog_bytes: 0 }).read(start, bounds, batch),
        }
    }

    /// The same for one who has a place in the topic.
    pub(crate) fn read_at(&self, place: Place, start: Start, bounds: Bounds, batch: &mut Batch) {
        self.topics[place.topic as usize].ring.read(start, bounds, batch);
    }

    /// Subscribes from `start` on: what is held already comes first, with nothing lost or doubled in between.
    ///
    /// # Errors
    /// [`Refusal`] when the topic is new and the limit of topics is reached.
    pub(crate) fn subscribe(
        &mut self,
        topic: TopicRef<'_>,
        start: Start,
        pace: Pace,
        connection: Key,
    ) -> Result<Place, Refusal> {
        let key = self.key(topic)?;
        let topic = &mut self.topics[key];
        let (next, gap) = topic.ring.begin(start);
        let live_bytes = topic.ring.end_bytes();
        let slot = topic.insert(Slot { connection, next, live_bytes, pace, gap });
        self.subscribers += 1;
        Ok(Place { topic: key as u32, slot: slot as u32 })
    }

    /// Gives a place up, and forgets its topic if nobody ever used it.
    pub(crate) fn unsubscribe(&mut self, place: Place) {
        let key = place.topic as usize;
        let topic = &mut self.topics[key];
        topic.remove(place.slot as usize);
        self.subscribers -= 1;
        if topic.is_unused() {
            let topic = self.topics.remove(key);
            self.names.remove(&*topic.name);
        }
    }

    /// The topic of a place; it may be forgotten with its last place.
    pub(crate) fn name(&self, place: Place) -> &Rc<TopicName> {
        &self.topics[place.topic as usize].name
    }

    /// A subscriber's place and what there is for it.
    pub(crate) fn at(&mut self, place: Place) -> (&mut Slot, &Ring) {
        let topic = &mut self.topics[place.topic as usize];
        (&mut topic.slots[place.slot as usize], &topic.ring)
    }

    /// Those who have a place in a topic.
    pub(crate) fn subscribers_of(&self, topic: TopicRef<'_>) -> Vec<Key> {
        let Some(key) = self.names.get(topic.as_str()) else { return Vec::new() };
        self.topics[*key].slots.iter().map(|(_, slot)| slot.connection).collect()
    }

    /// The newest id of a topic, made if there is room for it.
    pub(crate) fn newest(&mut self, topic: TopicRef<'_>) -> Result<u64, Refusal> {
        let key = self.key(topic)?;
        Ok(self.topics[key].ring.newest())
    }

    /// The id up to which a subscriber has everything.
    pub(crate) fn cursor(&self, place: Place) -> u64 {
        self.topics[place.topic as usize].slots[place.slot as usize].next - 1
    }

    fn begin_walk(&mut self, key: usize) {
        let topic = &mut self.topics[key];
        topic.begin_walk();
        if !topic.is_walked() && !topic.queued {
            topic.queued = true;
            self.unfinished.push_back(key);
        }
    }

    /// When the next walk begins by itself.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.awaited.front().map(|(at_ns, _)| *at_ns)
    }

    /// Begins the walks whose time has come.
    pub(crate) fn begin_due(&mut self, now_ns: u64) {
        while let Some((_, key)) = self.awaited.pop_front_if(|(at_ns, _)| *at_ns <= now_ns) {
            self.topics[key].awaited = false;
            self.begin_walk(key);
        }
    }

    /// Whether a walk is not done.
    pub(crate) fn has_unfinished(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// Where somebody waits to be visited, if anywhere: topics take turns.
    ///
    /// The slot may be empty. The visit is over when [`Hub::visited`] is told of it.
    pub(crate) fn step(&mut self, topic: usize) -> Option<Place> {
        let slot = self.topics[topic].step()?;
        Some(Place { topic: topic as u32, slot: slot as u32 })
    }

    /// The next topic whose fan-out is not done.
    pub(crate) fn next_unfinished(&mut self) -> Option<usize> {
        self.unfinished.pop_front()
    }

    /// A part of the topic's fan-out is over: the rest comes when the other topics have had their turn.
    pub(crate) fn rest(&mut self, topic: usize) {
        if self.topics[topic].is_walked() {
            self.topics[topic].queued = false;
        } else {
            self.unfinished.push_back(topic);
        }
    }

    /// Who has that place, and what there is in the topic's ring.
    pub(crate) fn visit(&mut self, place: Place) -> Option<(&mut Slot, &Ring)> {
        let topic = &mut self.topics[place.topic as usize];
        Some((topic.slots.get_mut(place.slot as usize)?, &topic.ring))
    }

    /// Notes that a visit is over.
    pub(crate) fn visited(&mut self, place: Place) {
        self.topics[place.topic as usize].visited(place.slot as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const BOUNDS: Bounds = Bounds { events: 10, bytes: 1000 };

    fn hub(events: usize, coalesce: Coalesce) -> Hub {
        Hub::new(Keep { events, bytes: u64::MAX, backlog_bytes: 0 }, 10, coalesce)
    }

    fn publish(hub: &mut Hub, name: &str, now_ns: u64) {
        hub.publish(&topic(name), now_ns, |id| id.to_string()).unwrap();
    }

    fn topic(name: &str) -> TopicName {
        TopicName::new(name).unwrap()
    }

    /// Walks to the end, in parts of two; returns the topics in the order of the visits.
    fn walked(hub: &mut Hub) -> String {
        let mut visits = String::new();
        while let Some(key) = hub.next_unfinished() {
            for _ in 0..2 {
                let Some(place) = hub.step(key) else { break };
                visits.push_str(hub.topics[key].name.as_str());
                hub.visited(place);
            }
            hub.rest(key);
        }
        visits
    }

    #[test]
    fn what_the_ring_has_passed_by_is_a_gap_also_for_one_who_was_there() {
        let mut hub = hub(2, Coalesce::Off);
        let key = Key::of(0, 0);
        (0..2).for_each(|_| publish(&mut hub, "t", 0));
        let place = hub.subscribe(topic("t").as_topic_ref(), Start::After(0), Pace::Once, key).unwrap();
        (0..3).for_each(|_| publish(&mut hub, "t", 0));
        let (slot, ring) = hub.at(place);
        slot.settle(ring);
        assert_eq!((slot.next, slot.gap), (4, Gap::Yes));
        (slot.next, slot.gap) = (6, Gap::No);
        slot.settle(ring);
        assert!(!slot.is_behind(ring));
        publish(&mut hub, "t", 0);
        let (slot, ring) = hub.at(place);
        assert!(slot.is_behind(ring));
        assert_eq!(hub.cursor(place), 5);
    }

    #[test]
    fn an_unused_topic_is_forgotten_and_a_used_one_keeps_its_ids() {
        let mut hub = hub(0, Coalesce::Off);
        let subscribe = |hub: &mut Hub| {
            hub.subscribe(topic("t").as_topic_ref(), Start::Now, Pace::Live, Key::of(0, 0)).unwrap()
        };
        let place = subscribe(&mut hub);
        hub.unsubscribe(place);
        assert_eq!((hub.topics(), hub.subscribers), (0, 0));
        let place = subscribe(&mut hub);
        publish(&mut hub, "t", 0);
        hub.unsubscribe(place);
        assert_eq!(hub.topics(), 1);
        walked(&mut hub);
        let mut batch = Batch::default();
        hub.read(topic("t").as_topic_ref(), Start::Now, BOUNDS, &mut batch);
        assert_eq!(batch.cursor, 1);
    }

    #[test]
    fn topics_take_turns_and_a_second_event_prolongs_the_walk() {
        let mut hub = hub(2, Coalesce::Off);
        for name in ["a", "a", "a", "b", "b", "b"] {
            hub.subscribe(topic(name).as_topic_ref(), Start::Now, Pace::Live, Key::of(0, 0)).unwrap();
        }
        publish(&mut hub, "a", 0);
        publish(&mut hub, "b", 0);
        assert_eq!(walked(&mut hub), "aabbab");
        publish(&mut hub, "a", 0);
        assert!(hub.step(0).is_some());
        publish(&mut hub, "a", 0);
        assert_eq!(walked(&mut hub), "aaa");
        assert!(!hub.has_unfinished());
    }

    #[test]
    fn where_events_are_gathered_a_walk_begins_a_while_after_the_first() {
        let mut hub = hub(9, Coalesce::Within(Duration::from_nanos(100)));
        for name in ["a", "b"] {
            hub.subscribe(topic(name).as_topic_ref(), Start::Now, Pace::Live, Key::of(0, 0)).unwrap();
        }
        for (name, now_ns) in [("a", 10), ("a", 90), ("b", 60)] {
            publish(&mut hub, name, now_ns);
        }
        assert_eq!(hub.next_ns(), Some(110));
        hub.begin_due(109);
        assert!(!hub.has_unfinished());
        hub.begin_due(110);
        assert_eq!((walked(&mut hub).as_str(), hub.next_ns()), ("a", Some(160)));
        publish(&mut hub, "a", 150);
        hub.begin_due(250);
        assert_eq!((walked(&mut hub).as_str(), hub.next_ns()), ("ba", None));
    }
}
