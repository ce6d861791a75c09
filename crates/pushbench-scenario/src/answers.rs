//! What is asked for with `pattern = "stream"`: an answer of several parts that come one after the other.

use serde::{Deserialize, Serialize};

use crate::law::Law;

/// `[events]` of a stream: every ask is answered by parts, with pauses between them, and an explicit end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Number of parts.
    pub parts: Parts,
    /// From the arrival of the ask to the first part being due.
    pub first: Law,
    /// From one part's due time to the next one's.
    pub gap: Law,
    /// A gap between receptions above this is a stall, in nanoseconds.
    pub stall_ns: u64,
}

/// Number of parts of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parts {
    /// Always the same.
    Fixed(u32),
    /// Uniform over both ends.
    Uniform {
        /// Fewest.
        min: u32,
        /// Most.
        max: u32,
    },
}

impl Parts {
    /// The most that an answer may have.
    pub const MOST: u32 = 100_000;

    /// The mean.
    #[must_use]
    pub fn mean(self) -> f64 {
        match self {
            Self::Fixed(parts) => f64::from(parts),
            Self::Uniform { min, max } => f64::midpoint(f64::from(min), f64::from(max)),
        }
    }
}

impl Answers {
    /// The mean time from the arrival of an ask to its last part being due, in nanoseconds.
    #[must_use]
    pub fn mean_length_ns(&self) -> f64 {
        self.first.mean_ns() + (self.parts.mean() - 1.0).max(0.0) * self.gap.mean_ns()
    }
}
