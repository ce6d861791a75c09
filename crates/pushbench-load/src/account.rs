//! What is kept of one client from its arrival to the end of the step.

use pushbench_measure::age::Age;
use pushbench_measure::ledger::{Ledger, Tally};
use pushbench_measure::{Phase, PhaseEdges};
use pushbench_scenario::schedule::TopicEvents;

/// One client's account. Kept for every client of a worker, so every byte counts; an event finds it in two cache lines.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Account {
    /// When the schedule lets it arrive.
    pub(crate) arrival_ns: u64,
    /// When its transport was ready for the first time; 0 before.
    pub(crate) first_ready_ns: u64,
    /// Whether its transport is ready now.
    pub(crate) ready: bool,
    /// Whether it reads slowly by plan.
    pub(crate) slow: bool,
    /// The topic it subscribes to.
    pub(crate) topic: u32,
    pub(crate) ledger: Ledger,
    pub(crate) age: Age,
    /// When the last event was received; 0 before.
    pub(crate) received_ns: u64,
    /// Sum of the delivery latencies of events due in the measure phase, microseconds.
    latency_sum_us: u64,
    /// Number of those events, each counted once.
    measured: u32,
    /// Those of them that came when the measure phase had ended.
    late: u32,
}

impl Account {
    pub(crate) fn new(arrival_ns: u64, topic: u32) -> Self {
        Self { arrival_ns, topic, ..Self::default() }
    }

    /// Notes the first reception of an event that was due in the measure phase.
    pub(crate) fn measured(&mut self, latency_us: u64, received_in: Phase) {
        self.latency_sum_us += latency_us;
        self.measured += 1;
        self.late += u32::from(received_in == Phase::Drain);
    }

    /// The same of an own message, which is in no delivery latency.
    pub(crate) fn echoed(&mut self, received_in: Phase) {
        self.late += u32::from(received_in == Phase::Drain);
    }

    /// Mean delivery latency in microseconds, `None` without any event.
    pub(crate) fn latency_mean_us(&self) -> Option<u64> {
        self.latency_sum_us.checked_div(u64::from(self.measured))
    }

    /// Closes the account against the events that were due on the client's topic in the measure phase.
    pub(crate) fn close(&self, due: &TopicEvents, edges: &PhaseEdges) -> Tally {
        let of_all = due.numbers_from(0);
        let connected = self.is_connected(edges);
        let (from, until) = if connected {
            due.numbers_from(self.first_ready_ns.saturating_sub(edges.start_ns))
        } else {
            (of_all.1, of_all.1)
        };
        Tally { expected_of_intended: of_all.1 - of_all.0, ..self.close_over([(from, until)], connected) }
    }

    /// Closes the account over the ranges of events that the client is owed, which are apart.
    pub(crate) fn close_over(&self, owed: impl IntoIterator<Item = (u64, u64)>, connected: bool) -> Tally {
        Tally {
            intended: 1,
            connected: u64::from(connected),
            late: u64::from(self.late),
            ..self.ledger.close_over(owed)
        }
    }

    /// Closes the account of a client that asked, with what it was owed and got of its answers. A client that was never
    /// there is owed nothing.
    pub(crate) fn close_answers(&self, answers: Tally, edges: &PhaseEdges) -> Tally {
        let connected = self.is_connected(edges);
        let owed = if connected { answers } else { Tally::default() };
        Tally {
            intended: 1,
            connected: u64::from(connected),
            expected_of_intended: answers.expected,
            late: u64::from(self.late),
            ..owed
        }
    }

    /// Whether its transport was ready before the measure phase ended.
    pub(crate) fn is_connected(&self, edges: &PhaseEdges) -> bool {
        self.first_ready_ns != 0 && self.first_ready_ns < edges.drain_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: PhaseEdges = PhaseEdges { start_ns: 1000, measure_ns: 1000, drain_ns: 1500, end_ns: 1600 };

    /// Events 1 to 5, due at 1000, 1100 … 1400.
    fn five_events() -> TopicEvents {
        TopicEvents { first_n: 1, due_offsets_ns: vec![0, 100, 200, 300, 400] }
    }

    #[test]
    fn an_account_fits_two_cache_lines() {
        assert_eq!(size_of::<Account>(), 128);
    }

    fn account(first_ready_ns: u64, received: &[u64]) -> Account {
        let mut account = Account { first_ready_ns, ..Account::new(0, 0) };
        for n in received {
            account.ledger.receive(*n);
        }
        account
    }

    #[test]
    fn a_client_that_came_in_time_is_owed_every_event() {
        let tally = account(900, &[1, 2, 4, 5]).close(&five_events(), &EDGES);
        assert_eq!((tally.expected, tally.delivered, tally.lost, tally.connected), (5, 4, 1, 1));
    }

    #[test]
    fn a_late_client_is_owed_what_was_due_from_then_on() {
        let tally = account(1150, &[3, 4, 5]).close(&five_events(), &EDGES);
        assert_eq!((tally.expected, tally.lost, tally.expected_of_intended), (3, 0, 5));
    }

    #[test]
    fn a_client_that_never_came_is_owed_nothing_and_missed_all() {
        let tally = account(0, &[]).close(&five_events(), &EDGES);
        assert_eq!((tally.expected, tally.connected, tally.expected_of_intended), (0, 0, 5));
        assert_eq!(account(1500, &[]).close(&five_events(), &EDGES).connected, 0);
    }
}
