//! `[slow]`: clients that read slower than they are sent to, and what the target does with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A share of the clients reads slowly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// Which part of the clients, 0 to 1.
    pub share: f64,
    /// How they read.
    pub reading: Reading,
}

/// How a slow client reads, at its socket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// So many bytes per second, all the time.
    Rate(f64),
    /// Not at all for a while.
    Stop {
        /// From when on, since the measure phase began.
        at: Duration,
        /// How long.
        span: Duration,
    },
}

/// What the target does with a subscriber that does not keep up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SlowPolicy {
    /// It is cut off when it has fallen too far behind.
    #[default]
    Disconnect,
    /// It skips what the ring no longer holds, and is told that there is a gap.
    Skip,
}
