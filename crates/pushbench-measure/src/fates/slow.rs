//! What became of clients that read slowly, as sums. They are in no other sum and in no histogram but their own.

use serde::{Deserialize, Serialize};

/// Sums over the slow clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlowTally {
    /// How many there are.
    pub clients: u64,
    /// Events due for them in the measure phase.
    pub expected: u64,
    /// Of these, how many reached them.
    pub delivered: u64,
    /// Bytes they read within the measure phase.
    pub bytes: u64,
    /// For how long of it they were connected, up to the last read of each, microseconds, summed over them.
    pub reading_us: u64,
    /// Their connections that broke, and replies that were none: the answer to their slowness, so no error of the run.
    pub errors: u64,
}

impl SlowTally {
    /// Adds the sum of another worker, which is over other clients.
    pub fn add(&mut self, other: &Self) {
        self.clients += other.clients;
        self.expected += other.expected;
        self.delivered += other.delivered;
        self.bytes += other.bytes;
        self.reading_us += other.reading_us;
        self.errors += other.errors;
    }

    /// Adds the sum of another round, in which the same clients are slow again.
    pub fn pool(&mut self, other: &Self) {
        let clients = self.clients.max(other.clients);
        self.add(other);
        self.clients = clients;
    }
}
