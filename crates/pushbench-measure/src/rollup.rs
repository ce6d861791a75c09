//! From what processes reported to the row of a step: the pure end of a measurement.
//!
//! Facts of several rounds add up to the facts of all: counts and times are summed, histograms added, peaks are the
//! highest. The row of the sum is that of all rounds; no figure of a row is ever averaged.

use crate::age::AgeSum;
use crate::ledger::Tally;
use crate::results::Summary;
use crate::snapshot::WorkerFinal;
use crate::wire::{READINGS, WireFacts, WireLog};
use crate::{Counters, Figure, Histogram, Histograms, Phase};

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
    /// Adds what others have summed up.
    pub fn merge(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        for (sum, edge) in self.edges.iter_mut().zip(&other.edges) {
            sum.add(edge);
        }
        self.age.add(&other.age);
        self.delivered_per_client.add(&other.delivered_per_client);
        self.latency_mean_per_client.add(&other.latency_mean_per_client);
    }

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

/// A round's cost and what it is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundCost {
    /// What the kernel said.
    pub cost: Cost,
    /// Events received in the measure phase.
    pub events: u64,
    /// Clients that were connected.
    pub connected: u64,
    /// Length of the measure phase in seconds.
    pub measure_s: f64,
    /// Length of the idle part of the drain in seconds; 0 where that is too short to speak of.
    pub idle_s: f64,
}

/// Fewest clients over which a growth of memory says something about a client: below, what a process allocates once
/// (histograms, buffers) and what else the host does outweigh it.
const MEMORY_CLIENTS: u64 = 100;

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

impl SocketPeaks {
    /// The higher of each; a round that was not looked at hides no peak of the others.
    fn highest(&mut self, other: &Self) {
        self.established = self.established.max(other.established);
        self.time_wait = self.time_wait.max(other.time_wait);
        self.left = self.left.max(other.left);
    }
}

/// Everything that a row is made of: one round's, or the sum of several.
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
    /// Length of the measure phase in seconds; of several rounds the sum.
    pub measure_s: f64,
    /// Target processes: each publishes every event.
    pub targets: u32,
    /// Clients that were connected; of several rounds the fewest.
    pub connected: u64,
    /// Sums of the workers.
    pub sums: WorkerSums,
    /// Sum of all reports' histograms.
    pub histograms: Histograms,
    /// What the sockets carried; of several rounds what those that could tell carried together.
    pub wire: Option<WireFacts>,
    /// What each round cost: where the kernel told nothing, that round is left out, with what it would be divided by.
    pub costs: Vec<RoundCost>,
    /// What the kernel said of sockets.
    pub sockets: SocketPeaks,
    /// Subscribers cut off for reading too slowly.
    pub slow_disconnects: u64,
}

impl StepFacts<'_> {
    /// Adds those of another round of the same step.
    pub fn pool(&mut self, other: &StepFacts<'_>) {
        self.measure_s += other.measure_s;
        self.connected = self.connected.min(other.connected);
        self.sums.merge(&other.sums);
        self.histograms.add(&other.histograms);
        match (&mut self.wire, &other.wire) {
            (Some(wire), Some(other)) => wire.add(other),
            (none @ None, other) => *none = *other,
            (Some(_), None) => {}
        }
        self.costs.extend(&other.costs);
        self.sockets.highest(&other.sockets);
        self.slow_disconnects += other.slow_disconnects;
    }
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
    row.connected = Some(facts.connected as u32);
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
    row.opened_per_second = ratio(measured.opened as f64, facts.measure_s);
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
    let per = |cost: fn(&Cost) -> Option<f64>, what: fn(&RoundCost) -> f64| {
        let known = facts.costs.iter().filter_map(|round| Some((cost(&round.cost)?, what(round))));
        let (cost, what) = known.fold((0.0, 0.0), |sum, round| (sum.0 + round.0, sum.1 + round.1));
        ratio(cost, what)
    };
    let events = |round: &RoundCost| round.events as f64;
    let client_seconds = |round: &RoundCost| round.connected as f64 * round.measure_s;
    row.target_cpu_us_per_event = per(|cost| cost.target_cpu_us, events);
    row.worker_cpu_us_per_event = per(|cost| cost.worker_cpu_us, events);
    row.target_cpu_us_per_client_second = per(|cost| cost.target_cpu_us, client_seconds);
    row.worker_cpu_us_per_client_second = per(|cost| cost.worker_cpu_us, client_seconds);
    let idle_client_seconds = |round: &RoundCost| round.connected as f64 * round.idle_s;
    row.idle_target_cpu_us_per_client_second = per(|cost| cost.idle_target_cpu_us, idle_client_seconds);
    row.idle_worker_cpu_us_per_client_second = per(|cost| cost.idle_worker_cpu_us, idle_client_seconds);
    if facts.connected >= MEMORY_CLIENTS {
        let clients = |round: &RoundCost| round.connected as f64;
        row.target_bytes_per_client = per(|cost| cost.target_bytes, clients);
        row.worker_bytes_per_client = per(|cost| cost.worker_bytes, clients);
        row.kernel_bytes_per_client = per(|cost| cost.kernel_bytes, clients);
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

    fn facts(sums: &WorkerSums, histograms: &Histograms) -> StepFacts<'static> {
        StepFacts {
            label: "sse",
            kind: "sse",
            clients: 10,
            stepped: false,
            measure_s: 2.0,
            targets: 2,
            connected: sums.tally.connected,
            sums: sums.clone(),
            histograms: histograms.clone(),
            wire: None,
            costs: vec![RoundCost {
                cost: Cost {
                    target_cpu_us: Some(500.0),
                    target_bytes: Some(100.0 * 2048.0),
                    ..Cost::default()
                },
                events: sums.measured().events,
                connected: sums.tally.connected,
                measure_s: 2.0,
                idle_s: 0.0,
            }],
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

    /// A round with so many clients and events that cost so much CPU; one event was late by `latency_us`.
    fn round(connected: u64, events: u64, cpu_us: f64, latency_us: u64) -> StepFacts<'static> {
        let sums = WorkerSums {
            tally: Tally { connected, expected: events, delivered: events, ..Tally::default() },
            edges: [
                Counters::default(),
                Counters { events, opened: 4, ..Counters::default() },
                Counters { events, opened: 5, ..Counters::default() },
            ],
            age: AgeSum { integral_s2: events as f64 / 1e3, time_s: 2.0 },
            ..WorkerSums::default()
        };
        let mut histograms = Histograms::new();
        (0..1_000).for_each(|_| histograms.record(Figure::Delivery, Phase::Measure, latency_us));
        let mut facts = facts(&sums, &histograms);
        facts.costs[0].cost =
            Cost { target_cpu_us: Some(cpu_us), target_bytes: Some(1e6), ..Cost::default() };
        facts
    }

    #[test]
    fn rounds_are_pooled_and_nothing_is_averaged() {
        let mut pool = round(200, 1_000, 5_000.0, 100);
        pool.sockets = SocketPeaks { established: Some(200), time_wait: None, left: Some(7) };
        let mut second = round(100, 3_000, 3_000.0, 900);
        second.sockets = SocketPeaks { established: Some(100), time_wait: Some(3), left: Some(2) };
        second.slow_disconnects = 2;
        pool.pool(&second);
        let row = summarize(&pool);
        assert_eq!((row.clients, row.connected), (Some(10), Some(100)), "asked for, and the fewest");
        assert_eq!((row.expected, row.delivered, row.opened), (Some(4_000), Some(4_000), Some(10)));
        assert_eq!((row.latency_p50_us, row.latency_p99_us), (Some(100), Some(900)), "of added histograms");
        // 8,000 µs over 4,000 events, where the rounds had 5 and 1.
        assert_eq!(row.target_cpu_us_per_event, Some(2.0));
        // 200 clients for 2 s and 100 for 2 s.
        assert_eq!(row.target_cpu_us_per_client_second, Some(8_000.0 / 600.0));
        assert_eq!(row.target_bytes_per_client, Some(2e6 / 300.0));
        assert_eq!(row.age_mean_us, Some(1e6), "weighted by the time that ages were known");
        assert_eq!(row.opened_per_second, Some(2.0));
        let peaks = (row.sockets_established_peak, row.sockets_time_wait_peak, row.sockets_left);
        assert_eq!(peaks, (Some(200), Some(3), Some(7)));
        assert_eq!(row.slow_disconnects, Some(2));
    }

    #[test]
    fn a_round_that_the_kernel_told_nothing_of_is_left_out_of_costs_only() {
        let mut pool = round(150, 1_000, 5_000.0, 1);
        let mut dumb = round(101, 9_000, 0.0, 1);
        dumb.costs[0].cost = Cost::default();
        pool.pool(&dumb);
        let row = summarize(&pool);
        assert_eq!((row.target_cpu_us_per_event, row.delivered), (Some(5.0), Some(10_000)));
        assert_eq!(row.target_bytes_per_client, Some(1e6 / 150.0));
        assert_eq!(row.worker_cpu_us_per_event, None, "no round knows it");
        pool.pool(&round(99, 1_000, 0.0, 1));
        assert_eq!(summarize(&pool).target_bytes_per_client, None, "a round had too few clients");
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
