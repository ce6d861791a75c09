//! The phases of one measured step and the instants that separate them.

use serde::{Deserialize, Serialize};

/// A part of the life of one step (one transport at one number of clients).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Clients arrive; nothing is published yet.
    Ramp,
    /// Events flow, nothing is counted for the headline.
    Warmup,
    /// Events due now are the ones that are counted.
    Measure,
    /// Nothing new is due; what is under way may still arrive.
    Drain,
}

impl Phase {
    /// All phases in order of time.
    pub const ALL: [Self; 4] = [Self::Ramp, Self::Warmup, Self::Measure, Self::Drain];

    /// The lowercase name used in result files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ramp => "ramp",
            Self::Warmup => "warmup",
            Self::Measure => "measure",
            Self::Drain => "drain",
        }
    }
}

/// The instants between phases, in nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseEdges {
    /// Warm-up begins: the due time of event 0.
    pub start_ns: u64,
    /// The measure phase begins.
    pub measure_ns: u64,
    /// The drain begins: first instant that is no longer measured.
    pub drain_ns: u64,
    /// The step ends.
    pub end_ns: u64,
}

impl PhaseEdges {
    /// The phase an instant belongs to; after the end it is still [`Phase::Drain`].
    #[must_use]
    pub fn phase_at(&self, instant_ns: u64) -> Phase {
        if instant_ns < self.start_ns {
            Phase::Ramp
        } else if instant_ns < self.measure_ns {
            Phase::Warmup
        } else if instant_ns < self.drain_ns {
            Phase::Measure
        } else {
            Phase::Drain
        }
    }

    /// Length of the measure phase in seconds.
    #[must_use]
    pub fn measure_seconds(&self) -> f64 {
        self.drain_ns.saturating_sub(self.measure_ns) as f64 / 1e9
    }
}

/// Length of a reporting interval.
pub const TICK_NS: u64 = 1_000_000_000;

/// The instants at which all processes of a step report: every second since the clients began to arrive, and from
/// the warm-up on every second since that began. The last report comes with the end and is not an instant here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticks {
    next_ns: u64,
    edges: Option<PhaseEdges>,
}

impl Ticks {
    /// Ticks of a step whose clients begin to arrive at `from_ns`.
    #[must_use]
    pub fn new(from_ns: u64) -> Self {
        Self { next_ns: from_ns + TICK_NS, edges: None }
    }

    /// Makes the phases known; they must begin later than the tick that was taken last.
    pub fn begin(&mut self, edges: PhaseEdges) {
        self.next_ns = self.next_ns.min(edges.start_ns);
        self.edges = Some(edges);
    }

    /// The next instant; `None` when only the report at the end is left.
    #[must_use]
    pub fn next_ns(&self) -> Option<u64> {
        self.edges.is_none_or(|edges| self.next_ns < edges.end_ns).then_some(self.next_ns)
    }

    /// Takes the next instant.
    pub fn advance(&mut self) {
        let then_ns = self.next_ns + TICK_NS;
        self.next_ns = match self.edges {
            Some(edges) if self.next_ns < edges.start_ns => then_ns.min(edges.start_ns),
            _ => then_ns,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_belongs_to_the_phase_it_opens() {
        let edges = PhaseEdges { start_ns: 10, measure_ns: 20, drain_ns: 30, end_ns: 40 };
        let table = [
            (9, Phase::Ramp),
            (10, Phase::Warmup),
            (19, Phase::Warmup),
            (20, Phase::Measure),
            (29, Phase::Measure),
            (30, Phase::Drain),
            (99, Phase::Drain),
        ];
        for (instant, phase) in table {
            assert_eq!(edges.phase_at(instant), phase, "at {instant}");
        }
    }

    #[test]
    fn ticks_are_realigned_where_the_warm_up_begins_and_stop_before_the_end() {
        const S: u64 = TICK_NS;
        let mut ticks = Ticks::new(0);
        let mut taken = Vec::new();
        let mut take = |ticks: &mut Ticks| {
            let next = ticks.next_ns();
            ticks.advance();
            taken.extend(next);
            next.is_some()
        };
        take(&mut ticks);
        take(&mut ticks);
        ticks.begin(PhaseEdges {
            start_ns: 5 * S / 2,
            measure_ns: 3 * S,
            drain_ns: 4 * S,
            end_ns: 9 * S / 2,
        });
        while take(&mut ticks) {}
        assert_eq!(taken, [S, 2 * S, 5 * S / 2, 7 * S / 2]);
    }
}
