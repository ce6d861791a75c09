//! The order in which sleepers are due: a heap of instants over a slab of whom to wake. No clock, no descriptor.
//!
//! Cancelling and moving leave their old heap entry behind as a stale one; stale entries are dropped when they
//! come up, and all at once as soon as they outnumber the live ones. So memory stays within a constant factor
//! of the largest number of sleepers that were ever pending together.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Below this length the heap is not worth compacting.
const COMPACT_FROM: usize = 64;

/// A pending sleeper. Goes stale when the sleeper is due or cancelled; a stale key is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
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

#[derive(Debug)]
struct Slot<T> {
    /// The sequence of the one heap entry that is live for this slot.
    sequence: u64,
    /// `None` while the slot is free.
    sleeper: Option<T>,
}

/// Pending sleepers by instant; each is known by what `T` says of it.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<Entry>>,
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    last_sequence: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), last_sequence: 0 }
    }
}

impl<T> Timers<T> {
    /// Adds a sleeper that is to be woken at `at_ns`.
    pub fn insert(&mut self, at_ns: u64, sleeper: T) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { sequence: 0, sleeper: None });
            self.slots.len() - 1
        });
        self.slots[slot].sleeper = Some(sleeper);
        self.push(at_ns, slot)
    }

    /// Moves a pending sleeper to `at_ns`; `None` when it is not pending any more.
    pub fn reschedule(&mut self, key: Key, at_ns: u64) -> Option<Key> {
        self.sleeper(key)?;
        let moved = self.push(at_ns, key.slot);
        self.compact();
        Some(moved)
    }

    /// A pending sleeper, to be compared or replaced; `None` when it is not pending any more.
    pub fn sleeper(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.slot)?;
        if slot.sequence == key.sequence { slot.sleeper.as_mut() } else { None }
    }

    /// Cancels a sleeper. It is returned so that the caller decides when its drop may run foreign code.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.sleeper(key)?;
        let sleeper = self.release(key.slot);
        self.compact();
        sleeper
    }

    /// Takes out every sleeper due at `now_ns` or before, earliest first, and appends it to `due`.
    pub fn take_due(&mut self, now_ns: u64, due: &mut Vec<T>) {
        while let Some(entry) = self.earliest().filter(|entry| entry.at_ns <= now_ns) {
            self.heap.pop();
            due.extend(self.release(entry.slot));
        }
    }

    /// When the next pending sleeper is due.
    pub fn next_ns(&mut self) -> Option<u64> {
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

    fn release(&mut self, slot: usize) -> Option<T> {
        self.free.push(slot);
        self.slots[slot].sleeper.take()
    }

    fn compact(&mut self) {
        let live = self.slots.len() - self.free.len();
        if self.heap.len() >= COMPACT_FROM && self.heap.len() > 2 * live {
            let slots = &self.slots;
            self.heap.retain(|&Reverse(entry)| is_live(slots, entry));
        }
    }
}

fn is_live<T>(slots: &[Slot<T>], entry: Entry) -> bool {
    let slot = &slots[entry.slot];
    slot.sleeper.is_some() && slot.sequence == entry.sequence
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex},
        task::{Wake, Waker},
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
            let (mut timers, mut model) = (Timers::default(), BTreeMap::new());
            let (mut keys, mut places) = (Vec::new(), Vec::new());
            let (mut now, mut armed) = (0, 0);
            for step in steps {
                match step {
                    Step::Insert(at) => {
                        let number = keys.len();
                        let waker = Waker::from(Arc::new(Noted { number, log: log.clone() }));
                        keys.push(timers.insert(at, waker));
                        armed += 1;
                        model.insert((at, armed), number);
                        places.push((at, armed));
                    }
                    Step::Reschedule(nth, at) if nth < keys.len() => {
                        let moved = timers.reschedule(keys[nth], at);
                        prop_assert_eq!(moved.is_some(), model.remove(&places[nth]).is_some());
                        if let Some(moved) = moved {
                            armed += 1;
                            (keys[nth], places[nth]) = (moved, (at, armed));
                            model.insert((at, armed), nth);
                        }
                    }
                    Step::Remove(nth) if nth < keys.len() => {
                        let removed = timers.remove(keys[nth]);
                        prop_assert_eq!(removed.is_some(), model.remove(&places[nth]).is_some());
                    }
                    Step::Reschedule(..) | Step::Remove(_) => {}
                    Step::Advance(by) => {
                        now += by;
                        let mut wakers = Vec::new();
                        timers.take_due(now, &mut wakers);
                        wakers.into_iter().for_each(Waker::wake);
                        let later = model.split_off(&(now + 1, 0));
                        let expected: Vec<usize> = std::mem::replace(&mut model, later).into_values().collect();
                        prop_assert_eq!(std::mem::take(&mut *log.lock().unwrap()), expected);
                    }
                }
                prop_assert_eq!(timers.next_ns(), model.keys().next().map(|&(at, _)| at));
            }
        }
    }

    #[test]
    fn cancelling_and_moving_all_the_time_keeps_memory_bounded() {
        let mut timers = Timers::default();
        let far = u64::MAX;
        let mut kept: Vec<Key> = (0..1_000).map(|_| timers.insert(far, Waker::noop().clone())).collect();
        for round in 0..100_000_u64 {
            let cancelled = timers.insert(round, Waker::noop().clone());
            assert!(timers.remove(cancelled).is_some());
            let moved = &mut kept[round as usize % 1_000];
            *moved = timers.reschedule(*moved, far - round).unwrap();
        }
        assert_eq!(timers.slots.len(), 1_001);
        assert!(timers.heap.len() <= 2 * 1_001, "{}", timers.heap.len());
    }
}
