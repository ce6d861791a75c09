//! The order in which sleepers are due: a heap of instants over a slab of wakers. No clock, no descriptor.
//!
//! Cancelling and moving leave their old heap entry behind as a stale one; stale entries are dropped when they
//! come up, and all at once as soon as they outnumber the live ones. So memory stays within a constant factor
//! of the largest number of sleepers that were ever pending together.

use std::{cmp::Reverse, collections::BinaryHeap, task::Waker};

/// Below this length the heap is not worth compacting.
const COMPACT_FROM: usize = 64;

/// A pending sleeper. Goes stale when the sleeper is due or cancelled; a stale key is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    slot: usize,
    sequence: u64,
}

/// Heap order: by instant, then by the order of arming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at_ns: u64,
    sequence: u64,
    slot: usize,
}

#[derive(Debug, Default)]
struct Slot {
    /// The sequence of the one heap entry that is live for this slot.
    sequence: u64,
    /// `None` while the slot is free.
    waker: Option<Waker>,
}

/// Pending sleepers by instant.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    last_sequence: u64,
}

impl Queue {
    /// Adds a sleeper that is to be woken at `at_ns`.
    pub(super) fn insert(&mut self, at_ns: u64, waker: Waker) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        self.slots[slot].waker = Some(waker);
        self.push(at_ns, slot)
    }

    /// Moves a pending sleeper to `at_ns`; `None` when it is not pending any more.
    pub(super) fn reschedule(&mut self, key: Key, at_ns: u64) -> Option<Key> {
        self.waker(key)?;
        let moved = self.push(at_ns, key.slot);
        self.compact();
        Some(moved)
    }

    /// The waker of a pending sleeper, to be compared or replaced; `None` when it is not pending any more.
    pub(super) fn waker(&mut self, key: Key) -> Option<&mut Waker> {
        let slot = self.slots.get_mut(key.slot)?;
        if slot.sequence == key.sequence { slot.waker.as_mut() } else { None }
    }

    /// Cancels a sleeper. The waker is returned so that the caller decides when its drop may run foreign code.
    pub(super) fn remove(&mut self, key: Key) -> Option<Waker> {
        self.waker(key)?;
        let waker = self.release(key.slot);
        self.compact();
        waker
    }

    /// Takes out every sleeper due at `now_ns` or before, earliest first, and appends its waker to `wakers`.
    pub(super) fn take_due(&mut self, now_ns: u64, wakers: &mut Vec<Waker>) {
        while let Some(entry) = self.earliest().filter(|entry| entry.at_ns <= now_ns) {
            self.heap.pop();
            wakers.extend(self.release(entry.slot));
        }
    }

    /// When the next pending sleeper is due.
    pub(super) fn next_ns(&mut self) -> Option<u64> {
        self.earliest().map(|entry| entry.at_ns)
    }

    /// The earliest live entry; stale ones above it are dropped.
    fn earliest(&mut self) -> Option<Entry> {
        loop {
            let Reverse(entry) = *self.heap.peek()?;
            if is_live(&self.slots, entry) {
                return Some(entry);
            }
            self.heap.pop();
        }
    }

    fn push(&mut self, at_ns: u64, slot: usize) -> Key {
        self.last_sequence += 1;
        let sequence = self.last_sequence;
        self.slots[slot].sequence = sequence;
        self.heap.push(Reverse(Entry { at_ns, sequence, slot }));
        Key { slot, sequence }
    }

    fn release(&mut self, slot: usize) -> Option<Waker> {
        self.free.push(slot);
        self.slots[slot].waker.take()
    }

    fn compact(&mut self) {
        let live = self.slots.len() - self.free.len();
        if self.heap.len() >= COMPACT_FROM && self.heap.len() > 2 * live {
            let slots = &self.slots;
            self.heap.retain(|&Reverse(entry)| is_live(slots, entry));
        }
    }
}

fn is_live(slots: &[Slot], entry: Entry) -> bool {
    let slot = &slots[entry.slot];
    slot.waker.is_some() && slot.sequence == entry.sequence
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex},
        task::Wake,
    };

    use proptest::prelude::*;

    use super::*;

    /// A waker that notes its number when woken.
    struct Noted {
        number: usize,
        log: Arc<Mutex<Vec<usize>>>,
    }

    impl Wake for Noted {
        fn wake(self: Arc<Self>) {
            self.log.lock().unwrap().push(self.number);
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u64),
        Reschedule(usize, u64),
        Remove(usize),
        Advance(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..1_000_u64).prop_map(Step::Insert),
            (0..200_usize, 0..1_000_u64).prop_map(|(nth, at)| Step::Reschedule(nth, at)),
            (0..200_usize).prop_map(Step::Remove),
            (0..30_u64).prop_map(Step::Advance),
        ]
    }

    proptest! {
        /// Any history gives the same wake-ups in the same order as a sorted map of (instant, arming).
        #[test]
        fn agrees_with_a_sorted_map(steps in proptest::collection::vec(step(), 0..400)) {
            let log = Arc::new(Mutex::new(Vec::new()));
            let (mut queue, mut model) = (Queue::default(), BTreeMap::new());
            let (mut keys, mut places) = (Vec::new(), Vec::new());
            let (mut now, mut armed) = (0, 0);
            for step in steps {
                match step {
                    Step::Insert(at) => {
                        let number = keys.len();
                        let waker = Waker::from(Arc::new(Noted { number, log: log.clone() }));
                        keys.push(queue.insert(at, waker));
                        armed += 1;
                        model.insert((at, armed), number);
                        places.push((at, armed));
                    }
                    Step::Reschedule(nth, at) if nth < keys.len() => {
                        let moved = queue.reschedule(keys[nth], at);
                        prop_assert_eq!(moved.is_some(), model.remove(&places[nth]).is_some());
                        if let Some(moved) = moved {
                            armed += 1;
                            (keys[nth], places[nth]) = (moved, (at, armed));
                            model.insert((at, armed), nth);
                        }
                    }
                    Step::Remove(nth) if nth < keys.len() => {
                        let removed = queue.remove(keys[nth]);
                        prop_assert_eq!(removed.is_some(), model.remove(&places[nth]).is_some());
                    }
                    Step::Reschedule(..) | Step::Remove(_) => {}
                    Step::Advance(by) => {
                        now += by;
                        let mut wakers = Vec::new();
                        queue.take_due(now, &mut wakers);
                        wakers.into_iter().for_each(Waker::wake);
                        let later = model.split_off(&(now + 1, 0));
                        let expected: Vec<usize> = std::mem::replace(&mut model, later).into_values().collect();
                        prop_assert_eq!(std::mem::take(&mut *log.lock().unwrap()), expected);
                    }
                }
                prop_assert_eq!(queue.next_ns(), model.keys().next().map(|&(at, _)| at));
            }
        }
    }

    #[test]
    fn cancelling_and_moving_all_the_time_keeps_memory_bounded() {
        let mut queue = Queue::default();
        let far = u64::MAX;
        let mut kept: Vec<Key> = (0..1_000).map(|_| queue.insert(far, Waker::noop().clone())).collect();
        for round in 0..100_000_u64 {
            let cancelled = queue.insert(round, Waker::noop().clone());
            assert!(queue.remove(cancelled).is_some());
            let moved = &mut kept[round as usize % 1_000];
            *moved = queue.reschedule(*moved, far - round).unwrap();
        }
        assert_eq!(queue.slots.len(), 1_001);
        assert!(queue.heap.len() <= 2 * 1_001, "{}", queue.heap.len());
    }
}
