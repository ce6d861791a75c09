//! One topic: its ring, and the places of its subscribers.
//!
//! A subscriber has no queue of its own: its place is the id it takes next, and the ring holds the events. Replaying
//! and going live are therefore one and the same, and an idle subscriber allocates nothing beyond its slot.

use pushbench_transport::server::{Pace, TopicName};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use super::ring::{Keep, Ring};
use crate::connection::Connection;

/// What is needed when there is no live subscriber.
const NOBODY: u64 = u64::MAX;

/// Golden ratio: successive starts of a fan-out spread evenly over the subscribers.
const ROTATION: f64 = 0.618_033_988_749_895;

pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) ring: RefCell<Ring>,
    pub(crate) slots: RefCell<Slab<Slot>>,
    /// One more than the highest key ever used: the length of a full turn.
    bound: Cell<usize>,
    turn: Cell<Turn>,
    lap: Cell<Lap>,
    /// No live subscriber has to take an event before this id: at most the lowest of their places.
    needed: Cell<u64>,
}

/// The place of one subscriber.
pub(crate) struct Slot {
    /// Who waits; `None` while the subscriber is awake.
    pub(crate) waker: Option<Waker>,
    /// The id it takes next.
    pub(crate) next: u64,
    /// Position of the ring when it subscribed: it is not blamed for what was there before.
    pub(crate) live_bytes: u64,
    pub(crate) pace: Pace,
    pub(crate) connection: Rc<Connection>,
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

impl Lap {
    fn with(self, place: u64) -> Self {
        Self { lowest: self.lowest.min(place), ..self }
    }
}

/// Whether a walk came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    Done,
    Unfinished,
}

impl Topic {
    pub(crate) fn new(name: TopicName, keep: Keep) -> Self {
        Self {
            name,
            ring: RefCell::new(Ring::new(keep)),
            slots: RefCell::default(),
            bound: Cell::new(0),
            turn: Cell::default(),
            lap: Cell::default(),
            needed: Cell::new(NOBODY),
        }
    }

    /// No live subscriber has to take an event before this id.
    pub(crate) fn needed(&self) -> u64 {
        self.needed.get()
    }

    pub(crate) fn insert(&self, slot: Slot) -> usize {
        self.needed.set(self.needed.get().min(slot.place()));
        self.lap.set(self.lap.get().with(slot.place()));
        let key = self.slots.borrow_mut().insert(slot);
        self.bound.set(self.bound.get().max(key + 1));
        key
    }

    /// Takes a subscriber out. With the last one goes the room that was made for all.
    pub(crate) fn remove(&self, key: usize) {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.try_remove(key);
        if slots.is_empty() {
            *slots = Slab::new();
            self.bound.set(0);
            self.needed.set(NOBODY);
            self.lap.take();
        }
        // Its connection and its waker may end other things when they go, so they outlive the borrow.
        drop(slots);
        drop(slot);
    }

    /// Nobody subscribes and nothing was ever published: forgetting the topic loses nothing.
    pub(crate) fn is_unused(&self) -> bool {
        self.slots.borrow().is_empty() && self.ring.borrow().newest() == 0
    }

    /// Begins a walk, or makes the one under way go on for a full turn; each begins somewhere else.
    pub(crate) fn begin_walk(&self) {
        let mut turn = self.turn.get();
        let bound = self.bound.get();
        if turn.left == 0 {
            turn.turns += 1;
            turn.at = ((turn.turns as f64 * ROTATION).fract() * bound as f64) as usize;
            // Only visits in a row see everybody.
            self.lap.take();
        }
        turn.left = bound;
        self.turn.set(turn);
    }

    /// Visits up to `visits` more subscribers: wakes those who wait, and cuts off those who are too slow.
    ///
    /// Returns how many were cut off beside whether the walk is done.
    pub(crate) fn walk(&self, visits: usize) -> (Walk, u64) {
        let mut turn = self.turn.get();
        let bound = self.bound.get();
        let mut cut = 0;
        let visits = visits.min(turn.left);
        for _ in 0..visits {
            turn.at = if turn.at + 1 < bound { turn.at + 1 } else { 0 };
            cut += self.visit(turn.at);
        }
        turn.left -= visits;
        self.turn.set(turn);
        self.end_lap(visits);
        (if turn.left == 0 { Walk::Done } else { Walk::Unfinished }, cut)
    }

    /// Lets go of what the slowest live subscriber has taken, once everybody was visited.
    fn end_lap(&self, visits: usize) {
        let Lap { visits: before, lowest } = self.lap.get();
        if before + visits < self.bound.get() {
            self.lap.set(Lap { visits: before + visits, lowest });
            return;
        }
        self.needed.set(lowest);
        self.ring.borrow_mut().release(lowest);
        self.lap.take();
    }

    fn visit(&self, key: usize) -> u64 {
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(key) else { return 0 };
        self.lap.set(self.lap.get().with(slot.place()));
        let too_slow = slot.pace == Pace::Live && self.ring.borrow().is_too_slow(slot.next, slot.live_bytes);
        let waker = slot.waker.take();
        let connection = too_slow.then(|| Rc::clone(&slot.connection));
        // What is woken may come back here.
        drop(slots);
        if let Some(waker) = waker {
            waker.wake();
        }
        connection.map_or(0, |connection| u64::from(connection.cut()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pushbench_transport::server::Event;

    fn topic(events: usize, backlog_bytes: u64) -> Topic {
        Topic::new(TopicName::new("t").unwrap(), Keep { events, bytes: u64::MAX, backlog_bytes })
    }

    fn publish(topic: &Topic) {
        let mut ring = topic.ring.borrow_mut();
        let event = Event::new(ring.next_id(), "x".repeat(10));
        ring.push(Rc::new(event), topic.needed());
        drop(ring);
        topic.begin_walk();
    }

    fn subscribe(topic: &Topic, next: u64, pace: Pace) -> usize {
        let connection = Rc::new(Connection::new(0));
        topic.insert(Slot { waker: None, next, live_bytes: 0, pace, connection })
    }

    #[test]
    fn what_every_live_subscriber_has_taken_is_not_held_for_them() {
        let topic = topic(2, 1000);
        let [quick, slow] = [Pace::Live, Pace::Live].map(|pace| subscribe(&topic, 1, pace));
        subscribe(&topic, 1, Pace::Once);
        let to = |key: usize, next| topic.slots.borrow_mut()[key].next = next;
        let held = || topic.ring.borrow().next_id() - topic.ring.borrow().first_held();
        for id in 1..=50 {
            publish(&topic);
            assert_eq!(topic.walk(usize::MAX).0, Walk::Done);
            to(quick, id + 1);
            assert_eq!(held(), id, "the slow one is within its allowance");
        }
        to(slow, 41);
        publish(&topic);
        topic.walk(usize::MAX);
        assert_eq!(held(), 11);
        topic.remove(slow);
        publish(&topic);
        topic.walk(usize::MAX);
        assert_eq!(held(), 2, "who waits for one event reads what newcomers are offered");
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
            let topic = topic(events, u64::MAX);
            let mut keys = Vec::new();
            for happening in happenings {
                let (oldest, next_id) = (topic.ring.borrow().oldest(), topic.ring.borrow().next_id());
                match happening {
                    Happening::Publish => publish(&topic),
                    Happening::Walk(visits) => drop(topic.walk(visits)),
                    Happening::Subscribe { back } => {
                        let next = next_id.saturating_sub(back).max(oldest);
                        keys.push(subscribe(&topic, next, Pace::Live));
                    }
                    Happening::Take { who, events } => {
                        if let Some(who) = who.checked_rem(keys.len()) {
                            let slot = &mut topic.slots.borrow_mut()[keys[who]];
                            slot.next = (slot.next + events).min(next_id);
                        }
                    }
                    Happening::TakeAll => {
                        topic.slots.borrow_mut().iter_mut().for_each(|(_, slot)| slot.next = next_id);
                    }
                    Happening::Leave { who } => {
                        if let Some(who) = who.checked_rem(keys.len()) {
                            topic.remove(keys.remove(who));
                        }
                    }
                }
                let first_held = topic.ring.borrow().first_held();
                for (_, slot) in topic.slots.borrow().iter() {
                    prop_assert!(first_held <= slot.next, "{first_held} {}", slot.next);
                }
            }
            // Whatever came before: two whole walks, and only what is owed is left.
            for _ in 0..2 {
                topic.walk(usize::MAX);
                topic.begin_walk();
            }
            topic.walk(usize::MAX);
            let lowest = topic.slots.borrow().iter().map(|(_, slot)| slot.next).min().unwrap_or(u64::MAX);
            let ring = topic.ring.borrow();
            prop_assert_eq!(ring.first_held(), ring.oldest().min(lowest));
        }
    }
}
