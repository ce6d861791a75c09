//! The recent events of one topic: a window over ids that are never reused. Pure: no wakers, no clock.
//!
//! Two lengths: the newest events are kept for whoever asks, up to a number and an amount of bytes; and behind them what
//! the slowest live subscriber still has to take, up to `backlog_bytes`. Subscribers share the events, so a slow one
//! costs no memory of its own. Bytes are those of payloads; the wire forms that are made of them are not counted.

use pushbench_transport::server::{Batch, Event, Start};
use std::collections::VecDeque;
use std::rc::Rc;

/// How much a ring keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// Newest events, whoever asks.
    pub(crate) events: usize,
    /// Bytes of these at most, unless the newest alone is longer.
    pub(crate) bytes: u64,
    /// Bytes that a live subscriber may be behind.
    pub(crate) backlog_bytes: u64,
}

#[derive(Debug)]
pub(crate) struct Ring {
    keep: Keep,
    held: VecDeque<Held>,
    newest: u64,
    /// The oldest id that a newcomer can get; the next id to come when there is none.
    oldest: u64,
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
        Self { keep, held: VecDeque::new(), newest: 0, oldest: 1, end_bytes: 0 }
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
        self.oldest
    }

    /// The next id, which a pushed event must have.
    pub(crate) fn next_id(&self) -> u64 {
        self.newest + 1
    }

    /// Adds an event; nobody live has to take one before `needed` any more.
    pub(crate) fn push(&mut self, event: Rc<Event>, needed: u64) {
        debug_assert_eq!(event.id(), self.next_id());
        self.newest = event.id();
        let begin_bytes = self.end_bytes;
        self.end_bytes += event.payload().len() as u64;
        self.held.push_back(Held { event, begin_bytes });
        while self.keeps_too_much() {
            self.oldest += 1;
        }
        self.release(needed);
    }

    /// Whether newcomers are offered more than was agreed.
    fn keeps_too_much(&self) -> bool {
        let events = self.next_id() - self.oldest;
        let bytes = self.find(self.oldest).map_or(0, |oldest| self.end_bytes - oldest.begin_bytes);
        events > self.keep.events as u64 || (events > 1 && bytes > self.keep.bytes)
    }

    /// Lets go of what newcomers are not offered, and what nobody live has to take: all before `needed`, and whatever
    /// is further behind than a live subscriber may be.
    pub(crate) fn release(&mut self, needed: u64) {
        while let Some(front) = self.held.front() {
            let id = front.event.id();
            let waited_for = id >= needed && self.backlog_bytes(front.begin_bytes) <= self.keep.backlog_bytes;
            if id >= self.oldest || waited_for {
                break;
            }
            self.held.pop_front();
        }
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

    /// Bytes that a subscriber which takes `next` next has not got yet, and still can get.
    pub(crate) fn waiting_bytes(&self, next: u64) -> u64 {
        let next = if next < self.first_held() { self.oldest } else { next };
        self.find(next).map_or(0, |held| self.end_bytes - held.begin_bytes)
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

impl Ring {
    /// The id to take next from `start` on, and whether a gap lies before it.
    pub(crate) fn begin(&self, start: Start) -> (u64, Gap) {
        match start {
            Start::Now => (self.next_id(), Gap::No),
            Start::After(after) => self.resume(after),
        }
    }

    /// Replaces `batch` by the events after `start`, as far as they are held and within `bounds`.
    pub(crate) fn read(&self, start: Start, bounds: Bounds, batch: &mut Batch) {
        let (next, gap) = self.begin(start);
        batch.events.clear();
        (batch.cursor, batch.gap, batch.more) = (next - 1, gap == Gap::Yes, false);
        let mut bytes = 0;
        while let Some(event) = self.get(batch.cursor + 1) {
            bytes += event.payload().len();
            if !batch.events.is_empty() && (batch.events.len() >= bounds.events || bytes > bounds.bytes) {
                batch.more = true;
                break;
            }
            batch.cursor = event.id();
            batch.events.push(Rc::clone(event));
        }
    }
}

/// How much one polling reply may hold; always at least one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) events: usize,
    /// Of payload.
    pub(crate) bytes: usize,
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

    /// What is needed when nobody is live.
    const NOTHING: u64 = u64::MAX;

    fn ring(events: usize, backlog_bytes: u64) -> Ring {
        Ring::new(Keep { events, bytes: u64::MAX, backlog_bytes })
    }

    fn push(ring: &mut Ring, size: usize, needed: u64) {
        ring.push(Rc::new(Event::new(ring.next_id(), "x".repeat(size))), needed);
    }

    #[test]
    fn resuming_gives_what_is_newer_or_says_that_it_is_gone() {
        let mut ring = ring(3, 0);
        assert_eq!(ring.resume(0), (1, Gap::No));
        assert_eq!(ring.resume(5), (1, Gap::Yes));
        for _ in 0..5 {
            push(&mut ring, 1, NOTHING);
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
            push(&mut ring, 10, 1);
        }
        // Eleven events: a backlog of ten before the newest is just within 100 bytes.
        assert_eq!(ring.first_held(), 40);
        assert_eq!(ring.oldest(), 49);
        assert!(!ring.is_too_slow(40, 0));
        assert!(ring.is_too_slow(39, 0));
        // Whoever began later is not blamed for what was there before.
        assert!(!ring.is_too_slow(1, 400));
        assert!(!ring.is_too_slow(51, 0));
        push(&mut ring, 10, NOTHING);
        assert_eq!(ring.first_held(), 50);
    }

    #[test]
    fn what_every_subscriber_has_taken_is_not_kept_for_them() {
        let mut ring = ring(2, 100);
        for (needed, first_held) in [(1, 1), (1, 1), (1, 1), (2, 2), (5, 4), (5, 5), (5, 5), (5, 5), (9, 8)] {
            push(&mut ring, 10, needed);
            assert_eq!(ring.first_held(), first_held, "after {}", ring.newest());
            assert_eq!(ring.oldest(), ring.newest().saturating_sub(1).max(1));
        }
        push(&mut ring, 10, 8);
        assert_eq!(ring.first_held(), 8);
        ring.release(10);
        assert_eq!(ring.first_held(), 9);
    }

    #[test]
    fn newcomers_are_offered_so_many_bytes_but_always_the_newest_event() {
        let mut ring = Ring::new(Keep { events: 10, bytes: 100, backlog_bytes: 0 });
        for (size, oldest) in [(40, 1), (40, 1), (20, 1), (1, 2), (500, 5), (60, 6), (40, 6), (0, 6), (1, 7)]
        {
            push(&mut ring, size, NOTHING);
            assert_eq!((ring.oldest(), ring.first_held()), (oldest, oldest), "after {}", ring.newest());
        }
        assert_eq!(ring.resume(4), (7, Gap::Yes));
    }

    #[test]
    fn what_waits_for_a_subscriber_is_what_it_can_still_get() {
        let mut ring = ring(2, 100);
        (0..50).for_each(|_| push(&mut ring, 10, 1));
        for (next, bytes) in [(51, 0), (50, 10), (41, 100), (40, 110), (39, 20), (1, 20)] {
            assert_eq!(ring.waiting_bytes(next), bytes, "{next}");
        }
    }

    #[test]
    fn nobody_is_late_for_one_event_however_long() {
        let mut ring = ring(2, 100);
        push(&mut ring, 5_000, 1);
        assert!(!ring.is_too_slow(1, 0));
        push(&mut ring, 1, 1);
        assert!(ring.is_too_slow(1, 0));
    }

    proptest! {
        #[test]
        fn a_window_holds_its_newest_events_whatever_comes(
            pushes in proptest::collection::vec((0usize..50, 0u64..200), 1..200),
            events in 0usize..20,
            bytes in 0u64..1000,
            backlog_bytes in 0u64..500,
        ) {
            let mut ring = Ring::new(Keep { events, bytes, backlog_bytes });
            for (size, needed) in pushes {
                push(&mut ring, size, needed);
                prop_assert!(ring.first_held() <= ring.oldest());
                for id in ring.oldest()..=ring.newest() {
                    prop_assert_eq!(ring.get(id).map(|event| event.id()), Some(id));
                }
                prop_assert!(ring.get(ring.next_id()).is_none());
            }
        }
    }
}
