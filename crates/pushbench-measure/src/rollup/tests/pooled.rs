//! What becomes of every single column when rounds are pooled.

use super::*;
use crate::fates::{Fates, SlowTally};
use crate::wire::{Idle, READINGS, Window, Wire, WireFacts};
use std::collections::BTreeSet;

/// Columns that count what happened: of several rounds their sums. Every other column is the same of two rounds that are
/// alike as of one of them.
const SUMS: &[&str] = &[
    "expected",
    "expected_of_all",
    "delivered",
    "lost",
    "duplicated",
    "reordered",
    "late",
    "publishes",
    "retransmitted_segments",
    "opened",
    "closed",
    "reconnects",
    "polls_late",
    "polls_skipped",
    "errors",
    "slow_disconnects",
    "slow_lost",
    "slow_skipped",
    "slow_errors",
    "target_coalesced",
    "answers",
    "answers_cut_short",
    "asks_late",
    "stalls",
    "messages_late",
    "left",
    "dropped",
    "back",
    "missed",
    "caught_up",
];

/// As many as p99.9 takes to be printed.
const VALUES: u64 = 10_000;

fn counters() -> Counters {
    Counters {
        events: 3_900,
        requests: 800,
        empty_replies: 100,
        opened: 260,
        closed: 60,
        reconnects: 7,
        polls_late: 8,
        polls_skipped: 9,
        timeouts: 10,
        down: StreamBytes { payload: 780_000, framing: 90_000, empty_polls: 6_000, connecting: 5_000 },
        up: StreamBytes { payload: 4_000, framing: 60_000, empty_polls: 9_000, connecting: 7_000 },
        ..Counters::default()
    }
}

fn fates() -> Fates {
    Fates {
        answers: AnswerTally {
            asked: 300,
            late: 31,
            unsent: 2,
            completed: 290,
            cut_short: 8,
            stalls: 33,
            at_once_peak: 34,
        },
        messages: MessageTally { sent: 500, late: 41, unsent: 3 },
        life: LifeTally { left: 51, dropped: VALUES, back: VALUES, missed: 54, caught_up: 55 },
        slow: SlowTally {
            clients: 61,
            expected: 900,
            delivered: 700,
            bytes: 80_000,
            reading_us: 2_000_000,
            errors: 66,
        },
    }
}

fn wire() -> WireFacts {
    let clients = Wire {
        stream_in: 881_000,
        stream_out: 80_000,
        segments_in: 4_500,
        segments_out: 4_700,
        headers_in: 240_000,
        headers_out: 250_000,
        connecting_in: 20_000,
        connecting_out: 30_000,
        resent_segments: 2,
        ..Wire::default()
    };
    let targets = Some(Wire { resent_segments: 6, ..Wire::default() });
    let window = Window { counters: counters(), clients, targets };
    WireFacts {
        whole: window,
        measured: window,
        idle: Some(Idle { client_seconds: 400.0, window }),
        worker_readings_us: [9; READINGS],
        target_readings_us: Some([8; READINGS]),
    }
}

/// A round in which there is something to be told in every column that its scenario can have.
fn eventful(origin: Origin, histograms: &Histograms) -> StepFacts {
    let sums = WorkerSums {
        tally: Tally {
            intended: 210,
            connected: 200,
            expected: 4_000,
            expected_of_intended: 4_200,
            delivered: 3_980,
            lost: 20,
            duplicated: 3,
            reordered: 4,
            late: 5,
        },
        edges: [Counters::default(), counters(), counters()],
        age: AgeSum { integral_s2: 30.0, time_s: 400.0 },
        fates: fates(),
        ..WorkerSums::default()
    };
    let mut facts = StepFacts {
        planned: Planned { origin, leaves: true, drops: true },
        wire: Some(wire()),
        sockets: SocketPeaks { established: Some(201), time_wait: Some(202), left: Some(203) },
        slow_disconnects: 71,
        slow_skipped: Some(72),
        coalesced: Some(73),
        target_queued_peak_bytes: Some(74),
        accepts_per_second_peak: Some(75),
        ..facts(&sums, histograms)
    };
    facts.costs[0].idle_s = 1.5;
    facts.costs[0].cost = Cost {
        target_cpu_us: Some(81e3),
        worker_cpu_us: Some(82e3),
        idle_target_cpu_us: Some(83e3),
        idle_worker_cpu_us: Some(84e3),
        target_bytes: Some(85e3),
        worker_bytes: Some(86e3),
        kernel_bytes: Some(87e3),
    };
    facts
}

#[test]
fn the_row_of_two_rounds_that_are_alike_is_that_of_one_but_for_its_sums() {
    let mut histograms = Histograms::new();
    for figure in Figure::ALL {
        (1..=VALUES).for_each(|us| histograms.record(figure, Phase::Measure, us));
    }
    let mut told = BTreeSet::new();
    for origin in [Origin::Publisher, Origin::Asks, Origin::Members] {
        let round = eventful(origin, &histograms);
        let mut pool = round.clone();
        pool.pool(&round);
        let (one, two) = (summarize(&round), summarize(&pool));
        for &column in Summary::FIGURES {
            let times = if SUMS.contains(&column) { 2.0 } else { 1.0 };
            let expected = one.figure(column).map(|of_one| times * of_one);
            assert_eq!(two.figure(column), expected, "{column} of {origin:?}");
            told.extend(expected.filter(|value| *value > 0.0).map(|_| column));
        }
    }
    let untold: Vec<_> = Summary::FIGURES.iter().filter(|column| !told.contains(*column)).collect();
    assert!(untold.is_empty(), "nothing is known of them above: {untold:?}");
    assert!(SUMS.iter().all(|column| told.contains(column)), "a sum that is no column");
}

#[test]
fn workers_have_clients_of_their_own_and_rounds_have_the_same_again() {
    let worker = |clients, at_once_peak| WorkerFinal {
        tally: Tally { intended: clients, connected: clients, ..Tally::default() },
        fates: Fates {
            answers: AnswerTally { at_once_peak, ..AnswerTally::default() },
            slow: SlowTally { clients, ..SlowTally::default() },
            ..Fates::default()
        },
        ..WorkerFinal::default()
    };
    let round = |connected: [u64; 2], peaks: [u64; 2]| {
        let mut sums = WorkerSums::default();
        for (clients, peak) in connected.into_iter().zip(peaks) {
            sums.add(&worker(clients, peak));
        }
        sums
    };
    let seen = |sums: &WorkerSums| {
        let WorkerSums { tally, fates, .. } = sums;
        (tally.intended, tally.connected, fates.slow.clients, fates.answers.at_once_peak)
    };
    let mut all = round([20, 30], [4, 1]);
    assert_eq!(seen(&all), (50, 50, 50, 5));
    all.pool(&round([20, 30], [3, 6]));
    assert_eq!(seen(&all), (50, 50, 50, 9), "the higher peak");
    all.pool(&round([20, 29], [2, 2]));
    assert_eq!(seen(&all), (50, 49, 50, 9), "as many as ever, and connected the fewest");
}
