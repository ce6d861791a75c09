//! The recent events of one topic: a window over ids that are never reused. Pure: no wakers, no clock.
//!
//! Two lengths: the newest `events` are kept for whoever asks, and behind them what live subscribers may still have to
//! take, up to `backlog_bytes`. Subscribers share the events, so a slow one costs no memory of its own.

use pushbench_transport::server::Event;
use std::collections::VecDeque;
use std::rc::Rc;

/// How much a ring keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// Newest events, whoever asks.
    pub(crate) events: usize,
    /// Bytes that a live subscriber may be behind.
    pub(crate) backlog_bytes: u64,
}

#[derive(Debug)]
pub(crate) struct Ring {
    keep: Keep,
    held: VecDeque<Held>,
    newest: u64,
    /// Payload bytes of all events ever published here.
    end_bytes: u64,
}

#[derive(Debug)]
struct Held {
    event: Rc<Event>,
    /// Payload bytes published before it.
    begin_bytes: u64,
}

impl Ring {
    pub(crate) fn new(keep: Keep) -> Self {
        Self { keep, held: VecDeque::new(), newest: 0, end_bytes: 0 }
    }

    /// The id of the newest event, 0 before the first.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// Payload bytes published so far: positions are compared in them.
    pub(crate) fn end_bytes(&self) -> u64 {
        self.end_bytes
    }

    /// The oldest id that a newcomer can get; the next id to come when there is none.
    pub(crate) fn oldest(&self) -> u64 {
        self.newest + 1 - self.held.len().min(self.keep.events) as u64
    }

    /// The next id, which a pushed event must have.
    pub(crate) fn next_id(&self) -> u64 {
        self.newest + 1
    }

    /// Adds an event; `live` tells whether anyone may still have to take older ones.
    pub(crate) fn push(&mut self, event: Rc<Event>, live: bool) {
        debug_assert_eq!(event.id(), self.next_id());
        self.newest = event.id();
        let begin_bytes = self.end_bytes;
        self.end_bytes += event.payload().len() as u64;
        self.held.push_back(Held { event, begin_bytes });
        while self.held.len() > self.keep.events && !(live && self.front_may_be_needed()) {
            self.held.pop_front();
        }
    }

    /// Whether a subscriber that has yet to take the oldest event is within its allowance.
    fn front_may_be_needed(&self) -> bool {
        self.held
            .front()
            .is_some_and(|front| self.backlog_bytes(front.begin_bytes) <= self.keep.backlog_bytes)
    }

    /// Bytes between a position and the newest event, which itself is not counted: nobody can be late for it yet.
    fn backlog_bytes(&self, position_bytes: u64) -> u64 {
        self.held.back().map_or(0, |newest| newest.begin_bytes.saturating_sub(position_bytes))
    }

    /// Whether a subscriber that takes `next` next, live since `live_bytes`, is too far behind.
    pub(crate) fn is_too_slow(&self, next: u64, live_bytes: u64) -> bool {
        let position = self.find(next).map_or(self.end_bytes, |held| held.begin_bytes);
        let position = if next < self.first_held() { 0 } else { position };
        self.backlog_bytes(position.max(live_bytes)) > self.keep.backlog_bytes
    }

    /// The event with that id, if it is held.
    pub(crate) fn get(&self, id: u64) -> Option<&Rc<Event>> {
        self.find(id).map(|held| &held.event)
    }

    /// The id of the first event held for anyone.
    pub(crate) fn first_held(&self) -> u64 {
        self.next_id() - self.held.len() as u64
    }

    fn find(&self, id: u64) -> Option<&Held> {
        let at = id.checked_sub(self.first_held())?;
        self.held.get(usize::try_from(at).ok()?)
    }

    /// Where a subscriber that has everything up to `after` goes on: the id to take next, and whether events between
    /// are gone.
    ///
    /// An id beyond the newest is from another life of this target: the subscriber has none of the events held here,
    /// and waiting for its id to come round would be waiting for ever. It gets a gap and everything that is held.
    pub(crate) fn resume(&self, after: u64) -> (u64, Gap) {
        let oldest = self.oldest();
        if after > self.newest || after + 1 < oldest { (oldest, Gap::Yes) } else { (after + 1, Gap::No) }
    }
}

/// Whether events that were asked for are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring(events: usize, backlog_bytes: u64) -> Ring {
        Ring::new(Keep { events, backlog_bytes })
    }

    fn push(ring: &mut Ring, size: usize, live: bool) {
        ring.push(Rc::new(Event::new(ring.next_id(), "x".repeat(size))), live);
    }

    #[test]
    fn resuming_gives_what_is_newer_or_says_that_it_is_gone() {
        let mut ring = ring(3, 0);
        assert_eq!(ring.resume(0), (1, Gap::No));
        assert_eq!(ring.resume(5), (1, Gap::Yes));
        for _ in 0..5 {
            push(&mut ring, 1, false);
        }
        let table = [
            (0, 3, Gap::Yes),
            (1, 3, Gap::Yes),
            (2, 3, Gap::No),
            (4, 5, Gap::No),
            (5, 6, Gap::No),
            (6, 3, Gap::Yes),
            (u64::MAX, 3, Gap::Yes),
        ];
        for (after, next, gap) in table {
            assert_eq!(ring.resume(after), (next, gap), "after {after}");
        }
    }

    #[test]
    fn live_subscribers_keep_more_than_the_ring_but_not_without_end() {
        let mut ring = ring(2, 100);
        for _ in 0..50 {
            push(&mut ring, 10, true);
        }
        // Eleven events: a backlog of ten before the newest is just within 100 bytes.
        assert_eq!(ring.first_held(), 40);
        assert_eq!(ring.oldest(), 49);
        assert!(!ring.is_too_slow(40, 0));
        assert!(ring.is_too_slow(39, 0));
        // Whoever began later is not blamed for what was there before.
        assert!(!ring.is_too_slow(1, 400));
        assert!(!ring.is_too_slow(51, 0));
        push(&mut ring, 10, false);
        assert_eq!(ring.first_held(), 50);
    }

    #[test]
    fn nobody_is_late_for_one_event_however_long() {
        let mut ring = ring(2, 100);
        push(&mut ring, 5_000, true);
        assert!(!ring.is_too_slow(1, 0));
        push(&mut ring, 1, true);
        assert!(ring.is_too_slow(1, 0));
    }

    proptest! {
        #[test]
        fn a_window_holds_its_newest_events_whatever_comes(
            pushes in proptest::collection::vec((0usize..50, any::<bool>()), 1..200),
            events in 0usize..20,
            backlog in 0u64..500,
        ) {
            let mut ring = ring(events, backlog);
            for (size, live) in pushes {
                push(&mut ring, size, live);
                prop_assert!(ring.first_held() <= ring.oldest());
                for id in ring.oldest()..=ring.newest() {
                    prop_assert_eq!(ring.get(id).map(|event| event.id()), Some(id));
                }
                prop_assert!(ring.get(ring.next_id()).is_none());
            }
        }
    }
}
