//! One topic: its ring, the places of its subscribers, and the order in which a fan-out visits them. No socket, no clock.
//!
//! A subscriber has no queue of its own: its place is the id it takes next, and the ring holds the events. Replaying
//! and going live are therefore one and the same, and an idle subscriber allocates nothing beyond its slot.

use pushbench_transport::server::TopicName;
use slab::Slab;
use std::rc::Rc;

use super::ring::{Gap, Keep, Ring};
use crate::golden;
use crate::key::Key;

/// What is needed when there is no live subscriber.
const NOBODY: u64 = u64::MAX;

pub(crate) struct Topic {
    pub(crate) name: Rc<TopicName>,
    pub(crate) ring: Ring,
    pub(crate) slots: Slab<Slot>,
    /// More than the highest key in use: the length of a full turn.
    bound: usize,
    turn: Turn,
    lap: Lap,
    /// No live subscriber has to take an event before this id: at most the lowest of their places.
    needed: u64,
    /// Whether it stands in the hub's queue of walks that are not done.
    pub(super) queued: bool,
    /// Whether a walk begins later by itself.
    pub(super) awaited: bool,
}

/// How fast a subscriber is expected to take events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As they come: one that falls too far behind is cut off.
    Live,
    /// Once, as soon as there is something: a held poll.
    Once,
}

/// The place of one subscriber.
pub(crate) struct Slot {
    /// Who it is.
    pub(crate) connection: Key,
    /// The id it takes next.
    pub(crate) next: u64,
    /// Position of the ring when it subscribed: it is not blamed for what was there before.
    pub(crate) live_bytes: u64,
    pub(crate) pace: Pace,
    /// A gap to be told before anything else.
    pub(crate) gap: Gap,
}

impl Slot {
    /// The event that has to be kept for it, beyond what is kept for everybody.
    fn place(&self) -> u64 {
        match self.pace {
            Pace::Live => self.next,
            // It reads what a newcomer is offered.
            Pace::Once => NOBODY,
        }
    }

    /// Moves a place that the ring has passed by on, over a gap; over how many events.
    pub(crate) fn settle(&mut self, ring: &Ring) -> u64 {
        if self.next >= ring.first_held() {
            return 0;
        }
        self.gap = Gap::Yes;
        let before = std::mem::replace(&mut self.next, ring.oldest());
        self.next - before
    }

    /// Whether there is something for it in a ring to which it was settled.
    pub(crate) fn is_behind(&self, ring: &Ring) -> bool {
        self.gap == Gap::Yes || self.next <= ring.newest()
    }
}

/// A walk over all subscribers, done in parts.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    at: usize,
    left: usize,
    turns: u64,
}

/// The search for the slowest live subscriber. It costs nothing of its own: it is made of the visits of a walk, which
/// have seen everybody once they are as many as there are keys.
#[derive(Debug, Clone, Copy)]
struct Lap {
    visits: usize,
    /// The lowest place seen; places only move on, and newcomers are entered when they come.
    lowest: u64,
}

impl Default for Lap {
    fn default() -> Self {
        Self { visits: 0, lowest: NOBODY }
    }
}

impl Topic {
    pub(crate) fn new(name: TopicName, keep: Keep) -> Self {
        Self {
            name: Rc::new(name),
            ring: Ring::new(keep),
            slots: Slab::new(),
            bound: 0,
            turn: Turn::default(),
            lap: Lap::default(),
            needed: NOBODY,
            queued: false,
            awaited: false,
        }
    }

    /// No live subscriber has to take an event before this id.
    pub(crate) fn needed(&self) -> u64 {
        self.needed
    }

    pub(crate) fn insert(&mut self, slot: Slot) -> usize {
        self.needed = self.needed.min(slot.place());
        self.lap.lowest = self.lap.lowest.min(slot.place());
        let key = self.slots.insert(slot);
        let grown = (key + 1).saturating_sub(self.bound);
        self.bound += grown;
        // A walk under way may come by the newcomers, who need nothing, and must not stop short of others for that.
        if self.turn.left > 0 {
            self.turn.left += grown;
        }
        key
    }

    /// Takes a subscriber out. With the last one goes the room that was made for all, and what was kept for them.
    pub(crate) fn remove(&mut self, key: usize) {
        let _ = self.slots.try_remove(key);
        if self.slots.is_empty() {
            self.slots = Slab::new();
            self.bound = 0;
            self.turn.left = 0;
            self.needed = NOBODY;
            self.lap = Lap::default();
            self.ring.release(NOBODY);
        }
    }

    /// Nobody subscribes and nothing was ever published: forgetting the topic loses nothing.
    pub(crate) fn is_unused(&self) -> bool {
        self.slots.is_empty() && self.ring.newest() == 0 && !self.queued && !self.awaited
    }

    /// Begins a walk, or makes the one under way go on for a full turn; each begins somewhere else.
    pub(crate) fn begin_walk(&mut self) {
        if self.turn.left == 0 {
            self.shrink();
            let bound = self.bound;
            self.turn.turns += 1;
            // Successive starts spread evenly over the subscribers.
            self.turn.at = (golden::nth(self.turn.turns) * bound as f64) as usize;
            // Only visits in a row see everybody.
            self.lap = Lap::default();
        }
        self.turn.left = self.bound;
    }

    /// Forgets the highest keys if nobody has them any more: at most as much work as a walk over them is.
    fn shrink(&mut self) {
        while self.bound.checked_sub(1).is_some_and(|last| !self.slots.contains(last)) {
            self.bound -= 1;
        }
    }

    /// Whom to visit next, if the walk is not done. There may be nobody under that key.
    ///
    /// The visit is over when [`Topic::visited`] is told of it.
    pub(crate) fn step(&mut self) -> Option<usize> {
        self.turn.left = self.turn.left.checked_sub(1)?;
        self.turn.at = if self.turn.at + 1 < self.bound { self.turn.at + 1 } else { 0 };
        Some(self.turn.at)
    }

    /// Whether nobody is left to be visited.
    pub(crate) fn is_walked(&self) -> bool {
        self.turn.left == 0
    }

    /// Notes the place in which a visit left a subscriber, and lets go of what the slowest live one has taken once
    /// everybody was visited.
    pub(crate) fn visited(&mut self, key: usize) {
        let place = self.slots.get(key).map_or(NOBODY, Slot::place);
        self.lap.lowest = self.lap.lowest.min(place);
        self.lap.visits += 1;
        if self.lap.visits >= self.bound {
            self.needed = self.lap.lowest;
            self.ring.release(self.needed);
            self.lap = Lap::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pushbench_transport::server::Event;
    use std::rc::Rc;

    fn topic(events: usize, backlog_bytes: u64) -> Topic {
        Topic::new(TopicName::new("t").unwrap(), Keep { events, bytes: u64::MAX, backlog_bytes })
    }

    fn publish(topic: &mut Topic) {
        let event = Event::new(topic.ring.next_id(), "x".repeat(10));
        topic.ring.push(Rc::new(event), topic.needed());
        topic.begin_walk();
    }

    fn subscribe(topic: &mut Topic, next: u64, pace: Pace) -> usize {
        topic.insert(Slot { connection: Key::of(0, 0), next, live_bytes: 0, pace, gap: Gap::No })
    }

    /// Visits up to so many subscribers, who take nothing.
    fn walk(topic: &mut Topic, visits: usize) {
        for _ in 0..visits {
            let Some(key) = topic.step() else { break };
            topic.visited(key);
        }
    }

    #[test]
    fn what_every_live_subscriber_has_taken_is_not_held_for_them() {
        let topic = &mut topic(2, 1000);
        let [quick, slow] = [Pace::Live, Pace::Live].map(|pace| subscribe(topic, 1, pace));
        subscribe(topic, 1, Pace::Once);
        let held = |topic: &Topic| topic.ring.next_id() - topic.ring.first_held();
        for id in 1..=50 {
            publish(topic);
            walk(topic, usize::MAX);
            assert!(topic.is_walked());
            topic.slots[quick].next = id + 1;
            assert_eq!(held(topic), id, "the slow one is within its allowance");
        }
        topic.slots[slow].next = 41;
        publish(topic);
        walk(topic, usize::MAX);
        assert_eq!(held(topic), 11);
        topic.remove(slow);
        publish(topic);
        walk(topic, usize::MAX);
        assert_eq!(held(topic), 2, "who waits for one event reads what newcomers are offered");
    }

    #[test]
    fn who_comes_while_a_walk_is_under_way_takes_nobodys_visit() {
        for visited in 0..6 {
            let topic = &mut topic(2, 1000);
            (0..6).for_each(|_| {
                subscribe(topic, 1, Pace::Live);
            });
            publish(topic);
            let mut seen: Vec<usize> = (0..visited).filter_map(|_| topic.step()).collect();
            (0..3).for_each(|_| {
                subscribe(topic, 2, Pace::Live);
            });
            seen.extend(std::iter::from_fn(|| topic.step()));
            assert!((0..6).all(|key| seen.contains(&key)), "after {visited} visits: {seen:?}");
        }
    }

    #[test]
    fn a_walk_visits_everybody_once_and_begins_somewhere_else_each_time() {
        let topic = &mut topic(2, 1000);
        for _ in 0..10 {
            subscribe(topic, 1, Pace::Live);
        }
        let mut starts = Vec::new();
        for _ in 0..4 {
            topic.begin_walk();
            let mut visited: Vec<usize> = std::iter::from_fn(|| topic.step()).collect();
            starts.push(visited[0]);
            visited.sort_unstable();
            assert_eq!(visited, (0..10).collect::<Vec<_>>());
        }
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts.len(), 4, "{starts:?}");
    }

    #[test]
    fn a_walk_is_as_long_as_those_who_stay_need() {
        let topic = &mut topic(2, 1000);
        let keys: Vec<usize> = (0..100).map(|_| subscribe(topic, 1, Pace::Live)).collect();
        for key in &keys[3..] {
            topic.remove(*key);
        }
        topic.begin_walk();
        let mut visited: Vec<usize> = std::iter::from_fn(|| topic.step()).collect();
        visited.sort_unstable();
        assert_eq!(visited, keys[..3]);
    }

    /// What happens to a topic.
    #[derive(Debug, Clone, Copy)]
    enum Happening {
        Publish,
        Walk(usize),
        Subscribe { back: u64 },
        Take { who: usize, events: u64 },
        TakeAll,
        Leave { who: usize },
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            4 => Just(Happening::Publish),
            4 => (0usize..6).prop_map(Happening::Walk),
            2 => (0u64..4).prop_map(|back| Happening::Subscribe { back }),
            2 => (any::<usize>(), 1u64..6).prop_map(|(who, events)| Happening::Take { who, events }),
            2 => Just(Happening::TakeAll),
            2 => any::<usize>().prop_map(|who| Happening::Leave { who }),
        ]
    }

    proptest! {
        #[test]
        fn nothing_that_a_live_subscriber_has_to_take_is_let_go(
            happenings in proptest::collection::vec(happening(), 1..300),
            events in 0usize..4,
        ) {
            let topic = &mut topic(events, u64::MAX);
            let mut keys = Vec::new();
            for happening in happenings {
                let (oldest, next_id) = (topic.ring.oldest(), topic.ring.next_id());
                match happening {
                    Happening::Publish => publish(topic),
                    Happening::Walk(visits) => walk(topic, visits),
                    Happening::Subscribe { back } => {
                        let next = next_id.saturating_sub(back).max(oldest);
                        keys.push(subscribe(topic, next, Pace::Live));
                    }
                    Happening::Take { who, events } => {
                        if let Some(who) = who.checked_rem(keys.len()) {
                            let slot = &mut topic.slots[keys[who]];
                            slot.next = (slot.next + events).min(next_id);
                        }
                    }
                    Happening::TakeAll => {
                        topic.slots.iter_mut().for_each(|(_, slot)| slot.next = next_id);
                    }
                    Happening::Leave { who } => {
                        if let Some(who) = who.checked_rem(keys.len()) {
                            topic.remove(keys.remove(who));
                        }
                    }
                }
                let first_held = topic.ring.first_held();
                for (_, slot) in &topic.slots {
                    prop_assert!(first_held <= slot.next, "{first_held} {}", slot.next);
                }
            }
            // Whatever came before: two whole walks, and only what is owed is left.
            for _ in 0..2 {
                walk(topic, usize::MAX);
                topic.begin_walk();
            }
            walk(topic, usize::MAX);
            let lowest = topic.slots.iter().map(|(_, slot)| slot.next).min().unwrap_or(u64::MAX);
            prop_assert_eq!(topic.ring.first_held(), topic.ring.oldest().min(lowest));
        }
    }
}
