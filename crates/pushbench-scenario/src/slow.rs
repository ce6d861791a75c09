//! `[slow]`: clients that read slower than they are sent to, who they are, and what the target does with them.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use pushbench_transport::{Period, Size};

use crate::schedule::{Stream, rng};

/// The fractional part of the golden ratio.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

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
        let buffer = Size::from_bytes(self.receive_buffer_bytes.into());
        write!(f, "{percent}% of the clients read {}, receive buffer {buffer}", self.reading)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Rate(bytes) => write!(f, "{}/s", Size::from_bytes(bytes as u64)),
            Self::Stop { at, span } => {
                let [at, span] = [at, span].map(Period::from_duration);
                write!(f, "nothing for {span}, {at} into the measure phase")
            }
        }
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

/// Which of so many clients read slowly, rising: exactly `count` of them, as many of each topic as of any other (one more or
/// less), and alike of every worker.
#[must_use]
pub fn slow_clients(seed: u64, count: u32, clients: u32, topics: u32) -> Vec<u32> {
    let (clients, topics) = (clients.max(1), topics.clamp(1, clients.max(1)));
    let count = count.min(clients);
    let mut rng = rng(seed, Stream::Slow);
    // Topics in an order of their own: in that of the file, who is slow would keep step with who is whose worker.
    let mut order: Vec<u32> = (0..topics).collect();
    order.shuffle(&mut rng);
    let share = f64::from(count) / f64::from(clients);
    let phase: f64 = rng.random();
    // So many of the first `before` clients, topic after topic. All of them are exactly `count`.
    let due_of = |before: u32| {
        if before == clients { count } else { (f64::from(before) * share + phase) as u32 }
    };
    let mut slow = Vec::with_capacity(count as usize);
    let (mut before, mut due) = (0, 0);
    for topic in order {
        let members = (clients - topic).div_ceil(topics);
        before += members;
        let quota = due_of(before).clamp(due, due + members) - due;
        due += quota;
        // Steps of the golden ratio meet every part of the members alike, and no number of workers keeps step with them.
        let offset: f64 = rng.random();
        let mut ranked: Vec<(f64, u32)> = (0..members)
            .map(|member| ((f64::from(member) * GOLDEN + offset).fract(), topic + member * topics))
            .collect();
        if quota > 0 && quota < members {
            ranked.select_nth_unstable_by(quota as usize, |left, right| left.0.total_cmp(&right.0));
        }
        slow.extend(ranked[..quota as usize].iter().map(|(_, client)| *client));
    }
    slow.sort_unstable();
    slow
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_clients_are_as_many_as_asked_for_and_everywhere_alike() {
        for (clients, topics) in [(1, 1), (7, 3), (100, 1), (1_000, 1), (1_000, 7), (1_000, 144), (999, 999)]
        {
            for share in [0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 1.0] {
                let count = (f64::from(clients) * share).round() as u32;
                let slow = slow_clients(11, count, clients, topics);
                assert_eq!(slow.len(), count as usize, "{clients} {topics} {share}");
                assert!(slow.windows(2).all(|pair| pair[0] < pair[1]) && slow.iter().all(|at| *at < clients));
                let mut of_topic = vec![0u32; topics as usize];
                for client in &slow {
                    of_topic[(client % topics) as usize] += 1;
                }
                let members = f64::from(clients) / f64::from(topics);
                for of_one in of_topic {
                    assert!(
                        (f64::from(of_one) - members * share).abs() < 2.0,
                        "{of_one} of {members} {share}"
                    );
                }
                for workers in [2, 3, 4, 5, 8, 10] {
                    let mut of_worker = vec![0u32; workers as usize];
                    for client in &slow {
                        of_worker[(client % workers) as usize] += 1;
                    }
                    let even = f64::from(count) / f64::from(workers);
                    // As far as chance alone would have it.
                    let apart = 4.0 * even.sqrt() + 1.0;
                    assert!(
                        of_worker.iter().all(|of_one| (f64::from(*of_one) - even).abs() <= apart),
                        "{of_worker:?}"
                    );
                }
            }
        }
        assert_eq!(slow_clients(3, 50, 500, 4), slow_clients(3, 50, 500, 4));
        assert_ne!(slow_clients(3, 50, 500, 4), slow_clients(4, 50, 500, 4));
    }
}
