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

/// Golden ratio: successive starts of a fan-out spread evenly over the subscribers.
const ROTATION: f64 = 0.618_033_988_749_895;

pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) ring: RefCell<Ring>,
    pub(crate) slots: RefCell<Slab<Slot>>,
    /// One more than the highest key ever used: the length of a full turn.
    bound: Cell<usize>,
    turn: Cell<Turn>,
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

/// A walk over all subscribers, done in parts.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    at: usize,
    left: usize,
    turns: u64,
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
        }
    }

    pub(crate) fn insert(&self, slot: Slot) -> usize {
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
        for _ in 0..visits.min(turn.left) {
            turn.at = if turn.at + 1 < bound { turn.at + 1 } else { 0 };
            cut += self.visit(turn.at);
        }
        turn.left = turn.left.saturating_sub(visits);
        self.turn.set(turn);
        (if turn.left == 0 { Walk::Done } else { Walk::Unfinished }, cut)
    }

    fn visit(&self, key: usize) -> u64 {
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(key) else { return 0 };
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
