//! What became of the messages that clients were to send (pattern `chat`), as sums. Their times are in histograms.

use serde::{Deserialize, Serialize};

/// Sums over the messages that were due in the measure phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageTally {
    /// Messages that were sent.
    pub sent: u64,
    /// Of these, those that had to wait for their connection, or on it for the reply to the one before.
    pub late: u64,
    /// Messages that were never sent: lost for everyone.
    pub unsent: u64,
}

impl MessageTally {
    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.late += other.late;
        self.unsent += other.unsent;
    }
}
