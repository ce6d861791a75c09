//! Rows made by hand.

mod pooled;

use super::*;
use crate::age::AgeSum;
use crate::fates::{AnswerTally, LifeTally, MessageTally};
use crate::ledger::Tally;
use crate::snapshot::WorkerFinal;
use crate::{Counters, Histograms, StreamBytes};

fn facts(sums: &WorkerSums, histograms: &Histograms) -> StepFacts {
    StepFacts {
        label: "sse".to_owned(),
        kind: "sse".to_owned(),
        clients: 10,
        stepped: false,
        measure_s: 2.0,
        targets: 2,
        planned: Planned::default(),
        connected: sums.tally.connected,
        sums: sums.clone(),
        histograms: histograms.clone(),
        wire: None,
        costs: vec![RoundCost {
            cost: Cost { target_cpu_us: Some(500.0), target_bytes: Some(100.0 * 2048.0), ..Cost::default() },
            events: sums.measured().events,
            connected: sums.tally.connected,
            measure_s: 2.0,
            idle_s: 0.0,
        }],
        sockets: SocketPeaks::default(),
        slow_disconnects: 0,
        slow_skipped: None,
        coalesced: None,
        target_queued_peak_bytes: None,
        accepts_per_second_peak: None,
        point: String::new(),
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
fn answers_have_their_columns_and_each_target_published_those_of_its_own_clients() {
    let answers =
        AnswerTally { asked: 8, late: 2, unsent: 0, completed: 7, cut_short: 1, stalls: 3, at_once_peak: 5 };
    let mut histograms = Histograms::new();
    for _ in 0..40 {
        histograms.record(Figure::Slip, Phase::Measure, 1);
        histograms.record(Figure::PartGap, Phase::Measure, 7);
    }
    let of = |origin, answers| {
        let mut sums = WorkerSums::default();
        sums.fates.answers = answers;
        let planned = Planned { origin, ..Planned::default() };
        summarize(&StepFacts { planned, ..facts(&sums, &histograms) })
    };
    let row = of(Origin::Asks, answers);
    assert_eq!((row.answers, row.answers_cut_short, row.asks_late), (Some(8), Some(1), Some(2)));
    assert_eq!((row.stalls, row.answers_at_once_peak, row.part_gap_p50_us), (Some(3), Some(5), Some(7)));
    assert_eq!((row.publishes, row.first_part_p50_us), (Some(40), None));
    let without = of(Origin::Publisher, AnswerTally::default());
    assert_eq!((without.publishes, without.answers, without.stalls), (Some(20), None, None));
    let nobody_asked = of(Origin::Asks, AnswerTally::default());
    assert_eq!((nobody_asked.answers, nobody_asked.answers_cut_short), (Some(0), Some(0)));
    assert_eq!((nobody_asked.publishes, without.messages_late), (Some(40), None));
    assert_eq!(of(Origin::Members, AnswerTally::default()).messages_late, Some(0));
}

#[test]
fn a_message_whose_turn_came_and_that_was_never_sent_was_not_published() {
    let mut histograms = Histograms::new();
    (0..40).for_each(|_| histograms.record(Figure::Slip, Phase::Measure, 1));
    let mut sums = WorkerSums::default();
    sums.fates.messages = MessageTally { sent: 33, late: 5, unsent: 7 };
    let planned = Planned { origin: Origin::Members, ..Planned::default() };
    let row = summarize(&StepFacts { planned, ..facts(&sums, &histograms) });
    assert_eq!((row.publishes, row.messages_late), (Some(33), Some(5)));
}

#[test]
fn what_is_planned_and_did_not_happen_is_nothing_and_not_unknown() {
    let of = |leaves, drops, life| {
        let mut sums = WorkerSums::default();
        sums.fates.life = life;
        let planned = Planned { leaves, drops, ..Planned::default() };
        summarize(&StepFacts { planned, ..facts(&sums, &Histograms::new()) })
    };
    let none = LifeTally::default();
    let counts = |row: &Summary| (row.left, row.dropped, row.back, row.missed, row.caught_up);
    assert_eq!(counts(&of(false, false, none)), (None, None, None, None, None));
    assert_eq!(counts(&of(true, false, none)), (Some(0), None, None, None, Some(0)));
    let stormed = of(false, true, none);
    assert_eq!(counts(&stormed), (None, Some(0), Some(0), Some(0), Some(0)));
    assert_eq!((stormed.back_p50_us, stormed.back_p100_us), (None, None), "nobody was to come back");
    let away = of(true, true, LifeTally { dropped: 3, left: 2, missed: 1, ..none });
    assert_eq!(counts(&away), (Some(2), Some(3), Some(0), Some(1), Some(0)));
    assert_eq!(away.back_p50_us, None, "nobody came back");
}

#[test]
fn where_nobody_reads_slowly_by_plan_nothing_was_lost_for_slow_readers() {
    let of = |slow_skipped| {
        let row = summarize(&StepFacts { slow_skipped, ..facts(&WorkerSums::default(), &Histograms::new()) });
        (row.slow_clients, row.slow_lost, row.slow_errors, row.slow_bytes_per_second)
    };
    assert_eq!(of(Some(0)), (Some(0), Some(0), Some(0), None));
    assert_eq!(of(None), (None, None, None, None));
}

/// A round with so many clients and events that cost so much CPU; one event was late by `latency_us`.
fn round(connected: u64, events: u64, cpu_us: f64, latency_us: u64) -> StepFacts {
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
    facts.costs[0].cost = Cost { target_cpu_us: Some(cpu_us), target_bytes: Some(1e6), ..Cost::default() };
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
        for figure in [Figure::Delivery, Figure::Uncorrected, Figure::Connect, Figure::AgePeak, Figure::Gap] {
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
