//! Plain sums: what was opened, asked, answered and carried.
//!
//! Counters only grow; a difference of two readings is what happened between them. Nothing here is a percentile.

use serde::{Deserialize, Serialize};

/// Bytes read or written on sockets in one direction, by what they were for.
///
/// The four parts add up to every byte that crossed the socket's stream, so their sum is the stream total. A byte counts
/// as framing until it is known what it was for, so the framing of a short time can be negative: signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamBytes {
    /// Envelope bytes of delivered events; upwards those of messages that clients send.
    pub payload: i64,
    /// Heads, chunk lines, frame headers, JSON around events, heartbeats, requests that were answered with events,
    /// and those that publish with their replies.
    pub framing: i64,
    /// Requests answered with "nothing yet", and those answers.
    pub empty_polls: i64,
    /// Upgrade or stream requests and their response heads: paid once per connection.
    pub connecting: i64,
}

impl StreamBytes {
    /// Every byte of the stream, in bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        u64::try_from(self.payload + self.framing + self.empty_polls + self.connecting).unwrap_or_default()
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Sums over all clients of one worker (or, added, of all workers).
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
            /// Stream bytes from the target to clients.
            pub down: StreamBytes,
            /// Stream bytes from clients to the target.
            pub up: StreamBytes,
        }

        impl Counters {
            /// Adds every counter of `other`.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
                add_bytes(&mut self.down, &other.down);
                add_bytes(&mut self.up, &other.up);
            }

            /// What happened since `earlier`, a reading of the same counters.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self {
                    $($name: self.$name.saturating_sub(earlier.$name),)*
                    down: bytes_since(&self.down, &earlier.down),
                    up: bytes_since(&self.up, &earlier.up),
                }
            }
        }
    };
}

counters! {
    /// Events read, of every phase, doubles included.
    events,
    /// Requests sent (polls, stream requests, upgrades, publishes).
    requests,
    /// Answers that said "nothing yet".
    empty_replies,
    /// Reads that returned at least one byte.
    reads,
    /// Reads that completed at least one event.
    event_reads,
    /// Sockets connected.
    opened,
    /// Sockets closed, by either side.
    closed,
    /// Connections opened again after an unwanted end.
    reconnects,
    /// Polls sent after their due time because the reply before them was slow.
    polls_late,
    /// Polls never sent because the reply before them was slower than the interval.
    polls_skipped,
    /// Gap markers read: the target no longer had the events asked for.
    gaps,
    /// Connects refused or timed out.
    connect_errors,
    /// Connections reset, or ended in the middle of a message.
    broken,
    /// Replies that were not what the protocol allows.
    protocol_errors,
    /// Replies with an error status (4xx, 5xx).
    error_replies,
    /// Requests without an answer in time.
    timeouts,
    /// Sockets that could not be made or used: no file descriptor, port or memory left.
    limits_hit,
    /// Payloads that did not start with an envelope.
    foreign_payloads,
}

impl Counters {
    /// All failures of connections and replies together.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.connect_errors
            + self.broken
            + self.protocol_errors
            + self.error_replies
            + self.timeouts
            + self.limits_hit
            + self.foreign_payloads
    }
}

fn add_bytes(sum: &mut StreamBytes, more: &StreamBytes) {
    sum.payload += more.payload;
    sum.framing += more.framing;
    sum.empty_polls += more.empty_polls;
    sum.connecting += more.connecting;
}

fn bytes_since(now: &StreamBytes, earlier: &StreamBytes) -> StreamBytes {
    StreamBytes {
        payload: now.payload - earlier.payload,
        framing: now.framing - earlier.framing,
        empty_polls: now.empty_polls - earlier.empty_polls,
        connecting: now.connecting - earlier.connecting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_less_one_part_is_the_other_part() {
        let mut part = Counters { events: 3, broken: 1, ..Counters::default() };
        part.down.payload = 10;
        part.up.empty_polls = 4;
        let other = Counters { events: 5, timeouts: 2, ..Counters::default() };
        let mut sum = part;
        sum.add(&other);
        assert_eq!(sum.events, 8);
        assert_eq!(sum.errors(), 3);
        assert_eq!(sum.since(&other), part);
        assert_eq!(sum.down.total() + sum.up.total(), 14);
    }

    #[test]
    fn bytes_of_a_time_add_up_when_an_event_began_before_it() {
        let of = |payload, framing| Counters {
            down: StreamBytes { payload, framing, ..StreamBytes::default() },
            ..Counters::default()
        };
        // 900 of 1,000 bytes had been read, as framing; then the rest came and 990 were payload.
        let since = of(990, 10).since(&of(0, 900)).down;
        assert_eq!((since.payload, since.framing, since.total()), (990, -890, 100));
    }
}
