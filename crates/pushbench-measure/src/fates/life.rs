//! What became of connections that went and came back, as sums. Times are in histograms.

use serde::{Deserialize, Serialize};

/// Sums over all clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifeTally {
    /// Times that a client left by plan.
    pub left: u64,
    /// Times that a client lost its connection to a storm or a restart.
    pub dropped: u64,
    /// Of these, those after which it was ready again before the end.
    pub back: u64,
    /// Events due while their client had been dropped and was not back, or under way to it then, that it never got.
    pub missed: u64,
    /// Events due while their client was away, dropped or by plan, that it got when it was back.
    pub caught_up: u64,
}

impl LifeTally {
    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.left += other.left;
        self.dropped += other.dropped;
        self.back += other.back;
        self.missed += other.missed;
        self.caught_up += other.caught_up;
    }
}
