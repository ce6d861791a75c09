//! From what processes reported to the row of a step: the pure end of a measurement.

use crate::age::AgeSum;
use crate::ledger::Tally;
use crate::results::Summary;
use crate::snapshot::WorkerFinal;
use crate::wire::{READINGS, WireFacts, WireLog};
use crate::{Counters, Figure, Histogram, Histograms, Phase, PhaseEdges};

/// The last words of all workers, added up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkerSums {
    /// Sum of the ledgers.
    pub tally: Tally,
    /// Counters at the begin and the end of the measure phase and at the end of the step.
    pub edges: [Counters; 3],
    /// Sum of the ages.
    pub age: AgeSum,
    /// Events delivered, over clients.
    pub delivered_per_client: Histogram,
    /// Mean delivery latency, over clients.
    pub latency_mean_per_client: Histogram,
    /// What the sockets carried.
    pub wire: WireLog,
    /// Counters at the readings of `wire`, and when all sockets were closed.
    pub at_readings: [Counters; READINGS + 1],
}

impl WorkerSums {
    /// Adds one worker's.
    pub fn add(&mut self, worker: &WorkerFinal) {
        self.tally.add(&worker.tally);
        for (sum, edge) in self.edges.iter_mut().zip(&worker.edges) {
            sum.add(edge);
        }
        self.age.add(&worker.age);
        self.delivered_per_client.add(&worker.delivered_per_client);
        self.latency_mean_per_client.add(&worker.latency_mean_per_client);
        self.wire.add(&worker.wire);
        for (sum, counters) in self.at_readings.iter_mut().zip(&worker.at_readings) {
            sum.add(counters);
        }
    }

    /// What happened within the measure phase.
    #[must_use]
    pub fn measured(&self) -> Counters {
        self.edges[1].since(&self.edges[0])
    }
}

/// What the kernel said about the processes of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// CPU time of the targets within the measure phase, microseconds.
    pub target_cpu_us: Option<f64>,
    /// CPU time of the workers within the measure phase, microseconds.
    pub worker_cpu_us: Option<f64>,
    /// The same of the targets within the idle part of the drain.
    pub idle_target_cpu_us: Option<f64>,
    /// The same of the workers.
    pub idle_worker_cpu_us: Option<f64>,
    /// Growth of the targets' resident memory from before the clients to the end of the measure phase, bytes.
    pub target_bytes: Option<f64>,
    /// The same of the workers.
    pub worker_bytes: Option<f64>,
    /// Growth of the kernel's memory for sockets from before the clients until all are connected, bytes.
    pub kernel_bytes: Option<f64>,
}

/// Fewest clients over which a growth of memory says something about a client: below, what a process allocates once
/// (histograms, buffers) and what else the host does outweigh it.
const MEMORY_CLIENTS: f64 = 100.0;

/// Sockets of a step at their most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SocketPeaks {
    /// ESTABLISHED, client side.
    pub established: Option<u64>,
    /// `TIME_WAIT`, both sides.
    pub time_wait: Option<u64>,
    /// In any state when all processes had ended.
    pub left: Option<u64>,
}

/// Everything that a row is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFacts<'a> {
    /// The transport's label.
    pub label: &'a str,
    /// The transport's kind.
    pub kind: &'a str,
    /// Clients asked for.
    pub clients: u32,
    /// Whether the run has several steps.
    pub stepped: bool,
    /// The phases.
    pub edges: PhaseEdges,
    /// Target processes: each publishes every event.
    pub targets: u32,
    /// Sums of the workers.
    pub sums: &'a WorkerSums,
    /// Sum of all reports' histograms.
    pub histograms: &'a Histograms,
    /// What the sockets carried.
    pub wire: Option<&'a WireFacts>,
    /// What the kernel said.
    pub cost: Cost,
    /// What the kernel said of sockets.
    pub sockets: SocketPeaks,
    /// Subscribers cut off for reading too slowly.
    pub slow_disconnects: u64,
}

/// The row of `summary.csv` without its verdict.
#[must_use]
pub fn summarize(facts: &StepFacts<'_>) -> Summary {
    let mut row = Summary {
        label: facts.label.to_owned(),
        kind: facts.kind.to_owned(),
        step: facts.stepped.then_some(facts.clients),
        clients: Some(facts.clients),
        ..Summary::default()
    };
    deliveries(&mut row, facts);
    latencies(&mut row, facts);
    traffic(&mut row, facts);
    if let Some(wire) = facts.wire {
        wire.fill(&mut row, facts.sums.tally.connected);
    }
    costs(&mut row, facts);
    row
}

fn deliveries(row: &mut Summary, facts: &StepFacts<'_>) {
    let tally = &facts.sums.tally;
    row.connected = Some(tally.connected as u32);
    row.expected = Some(tally.expected);
    row.expected_of_all = Some(tally.expected_of_intended);
    row.delivered = Some(tally.delivered);
    row.lost = Some(tally.lost);
    row.duplicated = Some(tally.duplicated);
    row.reordered = Some(tally.reordered);
    row.late = Some(tally.late);
    let slips = facts.histograms.get(Figure::Slip, Phase::Measure).map_or(0, Histogram::count);
    row.publishes = Some(slips / u64::from(facts.targets.max(1)));
}

fn latencies(row: &mut Summary, facts: &StepFacts<'_>) {
    let of = |figure| facts.histograms.of(figure, Phase::Measure);
    let delivery = of(Figure::Delivery);
    row.latency_p50_us = delivery.printable_quantile(0.5);
    row.latency_p90_us = delivery.printable_quantile(0.9);
    row.latency_p99_us = delivery.printable_quantile(0.99);
    row.latency_p999_us = delivery.printable_quantile(0.999);
    row.latency_max_us = delivery.max();
    row.latency_mean_us = delivery.mean();
    let uncorrected = of(Figure::Uncorrected);
    row.uncorrected_p50_us = uncorrected.printable_quantile(0.5);
    row.uncorrected_p99_us = uncorrected.printable_quantile(0.99);
    // A publisher has few publishes, and its worst ones matter: no sample rule here.
    let slip = of(Figure::Slip);
    row.slip_p50_us = slip.quantile(0.5);
    row.slip_p99_us = slip.quantile(0.99);
    let connect = facts.histograms.all_phases(Figure::Connect);
    row.connect_p50_us = connect.printable_quantile(0.5);
    row.connect_p99_us = connect.printable_quantile(0.99);
    row.age_mean_us = facts.sums.age.mean_us();
    let age = of(Figure::Age);
    row.age_p50_us = age.printable_quantile(0.5);
    row.age_p99_us = age.printable_quantile(0.99);
    row.age_peak_p99_us = of(Figure::AgePeak).printable_quantile(0.99);
    let gap = of(Figure::Gap);
    row.gap_p50_us = gap.printable_quantile(0.5);
    row.gap_p99_us = gap.printable_quantile(0.99);
    row.events_per_read = of(Figure::EventsPerRead).mean();
}

/// Rates within the measure phase, per event received within it.
fn traffic(row: &mut Summary, facts: &StepFacts<'_>) {
    let measured = facts.sums.measured();
    let whole = &facts.sums.edges[2];
    let per_event = |count: u64| ratio(count as f64, measured.events as f64);
    let part_per_event = |bytes: i64| ratio(bytes as f64, measured.events as f64);
    let (down, up) = (&measured.down, &measured.up);
    row.stream_down_bytes_per_event = per_event(down.total());
    row.stream_up_bytes_per_event = per_event(up.total());
    row.payload_bytes_per_event = part_per_event(down.payload + up.payload);
    row.framing_bytes_per_event = part_per_event(down.framing + up.framing);
    row.empty_poll_bytes_per_event = part_per_event(down.empty_polls + up.empty_polls);
    row.connecting_bytes_per_event = part_per_event(down.connecting + up.connecting);
    row.requests_per_event = per_event(measured.requests);
    row.empty_reply_share = ratio(measured.empty_replies as f64, measured.requests as f64);
    row.opened_per_second = ratio(measured.opened as f64, facts.edges.measure_seconds());
    row.opened = Some(whole.opened);
    row.closed = Some(whole.closed);
    row.reconnects = Some(whole.reconnects);
    row.polls_late = Some(whole.polls_late);
    row.polls_skipped = Some(whole.polls_skipped);
    row.errors = Some(whole.errors());
    row.slow_disconnects = Some(facts.slow_disconnects);
    row.sockets_established_peak = facts.sockets.established;
    row.sockets_time_wait_peak = facts.sockets.time_wait;
    row.sockets_left = facts.sockets.left;
}

fn costs(row: &mut Summary, facts: &StepFacts<'_>) {
    let events = facts.sums.measured().events as f64;
    let connected = facts.sums.tally.connected as f64;
    let client_seconds = connected * facts.edges.measure_seconds();
    let per = |cost: Option<f64>, what: f64| cost.and_then(|cost| ratio(cost, what));
    row.target_cpu_us_per_event = per(facts.cost.target_cpu_us, events);
    row.worker_cpu_us_per_event = per(facts.cost.worker_cpu_us, events);
    row.target_cpu_us_per_client_second = per(facts.cost.target_cpu_us, client_seconds);
    row.worker_cpu_us_per_client_second = per(facts.cost.worker_cpu_us, client_seconds);
    if let Some(idle) = facts.wire.and_then(|wire| wire.idle.as_ref()) {
        row.idle_target_cpu_us_per_client_second =
            per(facts.cost.idle_target_cpu_us, connected * idle.seconds);
        row.idle_worker_cpu_us_per_client_second =
            per(facts.cost.idle_worker_cpu_us, connected * idle.seconds);
    }
    if connected >= MEMORY_CLIENTS {
        row.target_bytes_per_client = per(facts.cost.target_bytes, connected);
        row.worker_bytes_per_client = per(facts.cost.worker_bytes, connected);
        row.kernel_bytes_per_client = per(facts.cost.kernel_bytes, connected);
    }
}

/// A quotient, or nothing where there is nothing to divide by.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamBytes;

    const EDGES: PhaseEdges =
        PhaseEdges { start_ns: 0, measure_ns: 0, drain_ns: 2_000_000_000, end_ns: 3_000_000_000 };

    fn facts<'a>(sums: &'a WorkerSums, histograms: &'a Histograms) -> StepFacts<'a> {
        StepFacts {
            label: "sse",
            kind: "sse",
            clients: 10,
            stepped: false,
            edges: EDGES,
            targets: 2,
            sums,
            histograms,
            wire: None,
            cost: Cost { target_cpu_us: Some(500.0), target_bytes: Some(100.0 * 2048.0), ..Cost::default() },
            sockets: SocketPeaks::default(),
            slow_disconnects: 0,
        }
    }

    #[test]
    fn rates_are_those_of_the_measure_phase() {
        let at = |events, payload, requests, opened| Counters {
            events,
            requests,
            opened,
            down: StreamBytes { payload, framing: payload / 10, ..StreamBytes::default() },
            ..Counters::default()
        };
        let worker = WorkerFinal {
            tally: Tally { connected: 10, ..Tally::default() },
            edges: [at(100, 10_000, 40, 10), at(300, 30_000, 60, 14), at(350, 35_000, 65, 15)],
            ..WorkerFinal::default()
        };
        let mut sums = WorkerSums::default();
        sums.add(&worker);
        let row = summarize(&facts(&sums, &Histograms::new()));
        assert_eq!(row.payload_bytes_per_event, Some(100.0));
        assert_eq!(row.stream_down_bytes_per_event, Some(110.0));
        assert_eq!(row.requests_per_event, Some(0.1));
        assert_eq!(row.opened_per_second, Some(2.0));
        assert_eq!(row.opened, Some(15));
        assert_eq!(row.target_cpu_us_per_event, Some(2.5));
        assert_eq!(row.target_cpu_us_per_client_second, Some(25.0));
    }

    #[test]
    fn memory_per_client_is_told_of_many_clients_only() {
        for (connected, bytes) in [(99, None), (100, Some(2048.0))] {
            let sums = WorkerSums { tally: Tally { connected, ..Tally::default() }, ..WorkerSums::default() };
            assert_eq!(summarize(&facts(&sums, &Histograms::new())).target_bytes_per_client, bytes);
        }
    }

    #[test]
    fn what_was_not_measured_stays_empty() {
        let sums = WorkerSums::default();
        let row = summarize(&facts(&sums, &Histograms::new()));
        assert_eq!((row.latency_p50_us, row.requests_per_event, row.age_mean_us), (None, None, None));
        assert_eq!((row.worker_cpu_us_per_event, row.target_cpu_us_per_event), (None, None));
        assert_eq!((row.sockets_left, row.wire_down_bytes_per_event), (None, None));
        assert_eq!((row.lost, row.step), (Some(0), None));
    }

    #[test]
    fn a_percentile_of_the_row_needs_ten_values_beyond_it_and_slip_needs_none() {
        let row_of = |count| {
            let mut histograms = Histograms::new();
            for figure in
                [Figure::Delivery, Figure::Uncorrected, Figure::Connect, Figure::AgePeak, Figure::Gap]
            {
                (0..count).for_each(|_| histograms.record(figure, Phase::Measure, 7));
            }
            histograms.record(Figure::Slip, Phase::Measure, 7);
            let sums = WorkerSums::default();
            summarize(&facts(&sums, &histograms))
        };
        let percentiles = |row: &Summary, of: [&str; 3]| of.map(|column| row.figure(column).is_some());
        let p50_p90_p999 = ["latency_p50_us", "latency_p90_us", "latency_p999_us"];
        let table = [
            (19, [false, false, false]),
            (20, [true, false, false]),
            (99, [true, false, false]),
            (100, [true, true, false]),
            (9_999, [true, true, false]),
            (10_000, [true, true, true]),
        ];
        for (count, printed) in table {
            assert_eq!(percentiles(&row_of(count), p50_p90_p999), printed, "{count}");
        }
        let p99 = ["latency_p99_us", "uncorrected_p99_us", "connect_p99_us", "age_peak_p99_us", "gap_p99_us"];
        for (count, printed) in [(999, false), (1_000, true)] {
            let row = row_of(count);
            assert_eq!(p99.map(|column| row.figure(column).is_some()), [printed; 5], "{count}");
            assert_eq!((row.slip_p99_us, row.latency_max_us), (Some(7), Some(7)), "these have no such rule");
        }
    }

    #[test]
    fn those_who_never_connected_stand_beside_the_ledger_and_not_in_it() {
        let worker = WorkerFinal {
            tally: Tally {
                intended: 10,
                connected: 8,
                expected: 80,
                expected_of_intended: 100,
                delivered: 79,
                lost: 1,
                late: 3,
                ..Tally::default()
            },
            ..WorkerFinal::default()
        };
        let mut sums = WorkerSums::default();
        sums.add(&worker);
        let row = summarize(&facts(&sums, &Histograms::new()));
        assert_eq!((row.clients, row.connected), (Some(10), Some(8)));
        assert_eq!((row.expected, row.expected_of_all), (Some(80), Some(100)));
        assert_eq!((row.delivered, row.lost, row.late), (Some(79), Some(1), Some(3)));
    }

    #[test]
    fn two_targets_publish_each_event_twice_and_it_counts_once() {
        let mut histograms = Histograms::new();
        for _ in 0..20 {
            histograms.record(Figure::Slip, Phase::Measure, 50);
        }
        let sums = WorkerSums::default();
        assert_eq!(summarize(&facts(&sums, &histograms)).publishes, Some(10));
    }
}
