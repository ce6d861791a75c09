//! What became of the answers that clients asked for (pattern `stream`), as sums. Their times are in histograms.

use serde::{Deserialize, Serialize};

/// Sums over the asks that were due in the measure phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnswerTally {
    /// Asks that were due.
    pub asked: u64,
    /// Of these, those that were sent late because their client still had an answer before, or no connection.
    pub late: u64,
    /// Of these, those that were never sent: their client could not ask until the end.
    pub unsent: u64,
    /// Answers with all their parts and their end.
    pub completed: u64,
    /// Answers to asks that were sent which ended otherwise, or not at all.
    pub cut_short: u64,
    /// Gaps between two parts above the limit of the scenario.
    pub stalls: u64,
    /// Most answers under way at once; of several workers the sum, which is at least the most of all.
    pub at_once_peak: u64,
}

impl AnswerTally {
    /// Adds the sum of another worker, which is over other clients.
    pub fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.late += other.late;
        self.unsent += other.unsent;
        self.completed += other.completed;
        self.cut_short += other.cut_short;
        self.stalls += other.stalls;
        self.at_once_peak += other.at_once_peak;
    }

    /// Adds the sum of another round: of its peak and this one the higher.
    pub fn pool(&mut self, other: &Self) {
        let at_once_peak = self.at_once_peak.max(other.at_once_peak);
        self.add(other);
        self.at_once_peak = at_once_peak;
    }
}
