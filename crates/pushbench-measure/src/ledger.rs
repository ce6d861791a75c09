//! The delivery ledger: which of the events that a client should have got did it get, how often and in which order.
//!
//! Sequence numbers of a topic rise by one, so a client needs only the next number and the holes behind it. The
//! ledger knows no schedule: which numbers are expected is told when it is closed.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// One client's account of one topic. An empty one takes 48 bytes and no heap memory.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Lowest number that can still be missing: the first one seen; 0 before any was seen.
    first: u64,
    /// One more than the highest number seen; 0 before any was seen.
    next: u64,
    /// Numbers below `next` and not yet seen, ascending and disjoint.
    holes: Vec<RangeInclusive<u64>>,
    duplicated: u32,
    reordered: u32,
}

/// What a reception was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// The newest so far.
    New,
    /// Not seen before, but a newer one was.
    Reordered,
    /// Seen before.
    Duplicate,
}

impl Ledger {
    /// Notes the reception of number `n` (from 1).
    pub fn receive(&mut self, n: u64) -> Reception {
        if self.next == 0 {
            self.first = n;
            self.next = n.saturating_add(1);
            return Reception::New;
        }
        if n >= self.next {
            if n > self.next {
                self.holes.push(self.next..=n - 1);
            }
            self.next = n.saturating_add(1);
            return Reception::New;
        }
        if n < self.first {
            self.holes.insert(0, n..=self.first - 1);
            self.first = n;
        }
        if self.fill(n) {
            self.reordered += 1;
            Reception::Reordered
        } else {
            self.duplicated += 1;
            Reception::Duplicate
        }
    }

    /// Takes `n` out of the holes; false when it was in none.
    fn fill(&mut self, n: u64) -> bool {
        let Some(at) = self.holes.iter().position(|hole| hole.contains(&n)) else { return false };
        let hole = self.holes.remove(at);
        if n < *hole.end() {
            self.holes.insert(at, n + 1..=*hole.end());
        }
        if n > *hole.start() {
            self.holes.insert(at, *hole.start()..=n - 1);
        }
        true
    }

    /// How many of the numbers `from..until` were received at least once.
    #[must_use]
    pub fn delivered(&self, from: u64, until: u64) -> u64 {
        if self.next == 0 {
            return 0;
        }
        let low = from.max(self.first);
        let high = until.min(self.next);
        let missing: u64 = self
            .holes
            .iter()
            .map(|hole| high.min(hole.end() + 1).saturating_sub(low.max(*hole.start())))
            .sum();
        high.saturating_sub(low).saturating_sub(missing)
    }

    /// Closes the account over the expected numbers `from..until`.
    #[must_use]
    pub fn close(&self, from: u64, until: u64) -> Tally {
        self.close_over([(from, until)])
    }

    /// Closes the account over several ranges of expected numbers, which are apart.
    #[must_use]
    pub fn close_over(&self, ranges: impl IntoIterator<Item = (u64, u64)>) -> Tally {
        let mut tally = Tally {
            duplicated: u64::from(self.duplicated),
            reordered: u64::from(self.reordered),
            ..Tally::default()
        };
        for (from, until) in ranges {
            tally.expected += until.saturating_sub(from);
            tally.delivered += self.delivered(from, until);
        }
        tally.lost = tally.expected - tally.delivered;
        tally
    }
}

/// Sums over ledgers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Clients in this sum, connected or not.
    pub intended: u64,
    /// Clients that were ready at least once before the measure phase ended.
    pub connected: u64,
    /// Events due in the measure phase while their client was subscribed.
    pub expected: u64,
    /// Events due in the measure phase for all intended clients, connected or not.
    pub expected_of_intended: u64,
    /// Expected events that arrived at least once.
    pub delivered: u64,
    /// Expected events that never arrived.
    pub lost: u64,
    /// Receptions of an event the client already had.
    pub duplicated: u64,
    /// Receptions of an event after a newer one.
    pub reordered: u64,
    /// Events due in the measure phase that arrived when it had ended.
    pub late: u64,
}

impl Tally {
    /// Adds the sum over other clients.
    pub fn add(&mut self, other: &Self) {
        self.intended += other.intended;
        self.connected += other.connected;
        self.expected += other.expected;
        self.expected_of_intended += other.expected_of_intended;
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.late += other.late;
    }

    /// Adds the sum of another round, which is over the same clients again; of those that were connected the fewest count.
    pub fn pool(&mut self, other: &Self) {
        let intended = self.intended.max(other.intended);
        let connected = self.connected.min(other.connected);
        self.add(other);
        (self.intended, self.connected) = (intended, connected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn ledger_of(numbers: &[u64]) -> Ledger {
        let mut ledger = Ledger::default();
        for n in numbers {
            ledger.receive(*n);
        }
        ledger
    }

    #[test]
    fn the_ledger_counts_known_faults_exactly() {
        let table: [(&[u64], u64, u64, u64); 7] = [
            // received, lost, duplicated, reordered; expected are 1..=5
            (&[1, 2, 3, 4, 5], 0, 0, 0),
            (&[1, 2, 4, 5], 1, 0, 0),
            (&[1, 2, 2, 3, 4, 5], 0, 1, 0),
            (&[1, 3, 2, 4, 5], 0, 0, 1),
            (&[5, 1, 2, 3, 4, 4], 0, 1, 4),
            (&[], 5, 0, 0),
            (&[3], 4, 0, 0),
        ];
        for (received, lost, duplicated, reordered) in table {
            let tally = ledger_of(received).close(1, 6);
            assert_eq!(
                (tally.lost, tally.duplicated, tally.reordered, tally.expected),
                (lost, duplicated, reordered, 5),
                "{received:?}"
            );
        }
    }

    #[test]
    fn numbers_outside_the_expected_range_do_not_hide_a_loss() {
        let tally = ledger_of(&[1, 2, 3, 5, 6, 7, 8]).close(4, 8);
        assert_eq!((tally.expected, tally.delivered, tally.lost), (4, 3, 1));
    }

    #[test]
    fn what_is_between_two_ranges_is_not_missed() {
        let tally = ledger_of(&[1, 2, 8, 9]).close_over([(1, 4), (7, 10), (12, 11)]);
        assert_eq!((tally.expected, tally.delivered, tally.lost), (6, 4, 2));
    }

    proptest! {
        #[test]
        fn the_ledger_agrees_with_a_set(numbers in proptest::collection::vec(1u64..40, 0..80), from in 1u64..40, length in 0u64..40) {
            let ledger = ledger_of(&numbers);
            let set: BTreeSet<u64> = numbers.iter().copied().collect();
            let until = from + length;
            let tally = ledger.close(from, until);
            prop_assert_eq!(tally.delivered, set.range(from..until).count() as u64);
            prop_assert_eq!(tally.duplicated, (numbers.len() - set.len()) as u64);
        }
    }
}
