//! When the sockets of a process are read, and what the readings were.

use serde::{Deserialize, Serialize};

use super::Wire;
use crate::PhaseEdges;

/// Readings of all open sockets in a step, see [`instants`].
pub const READINGS: usize = 4;

/// Part of the time for a reading that does not depend on the number of sockets.
const LEAD_NS: u64 = 20_000_000;
/// Time for one socket, several times what a reading takes.
const LEAD_PER_SOCKET_NS: u64 = 5_000;
/// How long events that were under way at the end of the measure phase are left alone.
const SETTLE_NS: u64 = 50_000_000;

/// When to read, for a process with so many sockets, always outside of the measured seconds: when the measure phase is
/// about to begin; when it is over and what was under way has arrived; in the middle of the drain, from where on there is
/// nothing but what idle connections need; at the end of the step.
#[must_use]
pub fn instants(edges: &PhaseEdges, sockets: usize) -> [u64; READINGS] {
    let drain_ns = edges.end_ns.saturating_sub(edges.drain_ns);
    [
        edges.measure_ns.saturating_sub(lead_ns(sockets)),
        edges.drain_ns + SETTLE_NS.min(drain_ns / 4),
        edges.drain_ns + drain_ns / 2,
        edges.end_ns,
    ]
}

/// From when on CPU time is that of idle connections: from the middle of the drain, after the reading that is taken there.
/// `sockets` are those of the process with the most.
#[must_use]
pub fn idle_cpu_from_ns(edges: &PhaseEdges, sockets: usize) -> u64 {
    let [_, _, idle_ns, end_ns] = instants(edges, sockets);
    idle_ns + lead_ns(sockets).min(end_ns.saturating_sub(idle_ns) / 2)
}

/// Time for the reading of so many sockets.
fn lead_ns(sockets: usize) -> u64 {
    LEAD_NS + LEAD_PER_SOCKET_NS * sockets as u64
}

/// The readings of one process, or, added, of all processes of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WireLog {
    /// Sums over all sockets until then, those closed before included.
    pub readings: [Wire; READINGS],
    /// How long each took in microseconds; of several processes the longest.
    pub took_us: [u64; READINGS],
    /// How many processes took each.
    pub taken: [u32; READINGS],
    /// From the first socket to the last, goodbyes included.
    pub whole: Wire,
}

impl WireLog {
    /// Notes a reading.
    pub fn note(&mut self, at: usize, reading: Wire, took_us: u64) {
        self.readings[at] = reading;
        self.took_us[at] = took_us;
        self.taken[at] = 1;
    }

    /// Adds the log of another process.
    pub fn add(&mut self, other: &Self) {
        for at in 0..READINGS {
            self.readings[at].add(&other.readings[at]);
            self.took_us[at] = self.took_us[at].max(other.took_us[at]);
            self.taken[at] += other.taken[at];
        }
        self.whole.add(&other.whole);
    }

    /// Whether all of so many processes took all readings, of all their sockets.
    #[must_use]
    pub fn is_whole(&self, processes: u32) -> bool {
        self.taken.iter().all(|taken| *taken == processes) && self.whole.unread == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn sockets_are_read_outside_of_the_measured_seconds() {
        let edges = PhaseEdges { start_ns: 10 * S, measure_ns: 12 * S, drain_ns: 20 * S, end_ns: 24 * S };
        for sockets in [0, 1, 20_000] {
            let [begin, end, idle_begin, idle_end] = instants(&edges, sockets);
            assert!(begin + LEAD_PER_SOCKET_NS * sockets as u64 + LEAD_NS <= edges.measure_ns);
            assert!(begin > edges.start_ns, "and inside the warm-up");
            assert_eq!(
                (end, idle_begin, idle_end),
                (20 * S + 50_000_000, 22 * S, 24 * S),
                "{sockets} sockets"
            );
        }
    }

    #[test]
    fn idle_cpu_time_begins_when_the_sockets_have_been_read() {
        let edges = PhaseEdges { start_ns: 10 * S, measure_ns: 12 * S, drain_ns: 20 * S, end_ns: 24 * S };
        for (sockets, from_ns) in [(0, 22_020_000_000), (20_000, 22_120_000_000), (10_000_000, 23 * S)] {
            assert_eq!(idle_cpu_from_ns(&edges, sockets), from_ns, "{sockets} sockets");
        }
    }

    #[test]
    fn a_short_drain_keeps_the_order() {
        let edges = PhaseEdges { start_ns: 0, measure_ns: 0, drain_ns: S, end_ns: S + 100_000_000 };
        assert_eq!(instants(&edges, 9), [0, S + 25_000_000, S + 50_000_000, S + 100_000_000]);
    }

    #[test]
    fn a_log_is_whole_when_everybody_read_everything() {
        let mut one = WireLog::default();
        for at in 0..READINGS {
            assert!(!one.is_whole(1));
            one.note(at, Wire { sockets: 1, ..Wire::default() }, at as u64);
        }
        assert!(one.is_whole(1) && !one.is_whole(2));
        let mut sum = one;
        sum.add(&one);
        assert!(sum.is_whole(2));
        assert_eq!((sum.readings[3].sockets, sum.took_us[3]), (2, 3));
        sum.whole.add(&Wire::unread());
        assert!(!sum.is_whole(2));
    }
}
