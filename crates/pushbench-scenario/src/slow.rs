//! `[slow]`: clients that read slower than they are sent to, and what the target does with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use pushbench_transport::{Period, Size};

/// A share of the clients reads slowly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// Which part of the clients, 0 to 1.
    pub share: f64,
    /// How they read.
    pub reading: Reading,
    /// Receive buffer that their sockets ask for, bytes: what the kernel takes in for a client that does not read. Linux
    /// grants twice that, for its own bookkeeping.
    pub receive_buffer_bytes: u32,
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

impl Slow {
    /// How many of so many clients are slow.
    #[must_use]
    pub fn count(&self, clients: u32) -> u32 {
        (self.share * f64::from(clients)).round() as u32
    }
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 29 % are 28.999999999999996 of a binary fraction.
        let percent = (self.share * 1e8).round() / 1e6;
        write!(f, "{percent}% of the clients read ")?;
        match self.reading {
            Reading::Rate(bytes) => write!(f, "{}/s", Size::from_bytes(bytes as u64))?,
            Reading::Stop { at, span } => {
                let [at, span] = [at, span].map(Period::from_duration);
                write!(f, "nothing for {span}, {at} into the measure phase")?;
            }
        }
        write!(f, ", receive buffer {}", Size::from_bytes(self.receive_buffer_bytes.into()))
    }
}

impl fmt::Display for SlowPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disconnect => "disconnect",
            Self::Skip => "skip",
        })
    }
}
