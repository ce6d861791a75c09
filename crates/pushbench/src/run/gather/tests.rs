//! Reports made by hand.

use super::*;
use pushbench_probe::sockets::Census;

const S: u64 = 1_000_000_000;

fn worker_report(tick_ns: u64, events: u64) -> WorkerSnapshot {
    let counters = Counters { events, ..Counters::default() };
    WorkerSnapshot { tick_ns, connected: 3, counters, ..WorkerSnapshot::default() }
}

fn sample(tick_ns: u64) -> Sample {
    Sample {
        tick_ns,
        usages: Usages::default(),
        census: None,
        host_sockets_peak: None,
        host_time_wait_peak: None,
        host_tcp_memory_bytes: None,
        host_memory_available_bytes: None,
    }
}

fn target_report(tick_ns: u64) -> TargetSnapshot {
    TargetSnapshot { tick_ns, ..TargetSnapshot::default() }
}

#[test]
fn a_row_waits_for_every_process_and_rows_keep_their_order() {
    let mut gather = Gather::new(6, 1, 2, 0, Usages::default());
    for (tick_ns, events) in [(S, 10), (2 * S, 15)] {
        gather.worker(0, worker_report(tick_ns, events));
        gather.target(0, target_report(tick_ns));
        gather.sample(sample(tick_ns));
    }
    gather.begin(PhaseEdges { start_ns: S, measure_ns: S, drain_ns: 2 * S, end_ns: 3 * S });
    assert!(gather.complete_row().is_none(), "worker 1 has not reported the first second");
    gather.worker(1, worker_report(S, 20));
    gather.worker(1, worker_report(2 * S, 25));
    let first = gather.complete_row().unwrap().interval.unwrap();
    let second = gather.complete_row().unwrap().interval.unwrap();
    assert_eq!((first.delivered, first.connected, first.t_s), (30, 6, 0.0));
    assert_eq!((first.phase.as_str(), second.phase.as_str()), ("ramp", "measure"));
    assert_eq!((second.delivered, second.connected), (10, 6));
    assert!(gather.complete_row().is_none());
}

#[test]
fn events_are_counted_once_of_a_schedule_and_of_all_targets_where_each_has_its_own() {
    for (publishes, published) in [(Publishes::All, 10), (Publishes::ItsOwn, 17)] {
        let mut gather = Gather::new(3, 2, 0, 0, Usages::default()).of(publishes);
        gather.begin(PhaseEdges { start_ns: 0, measure_ns: 0, drain_ns: S, end_ns: S });
        for (target, published) in [10, 7].into_iter().enumerate() {
            gather.target(target, TargetSnapshot { published, ..target_report(S) });
        }
        gather.sample(sample(S));
        assert_eq!(gather.complete_row().unwrap().interval.unwrap().published, published);
    }
}

#[test]
fn rows_of_the_ramp_wait_until_their_place_in_time_is_known() {
    let mut gather = Gather::new(3, 0, 1, 0, Usages::default());
    gather.worker(0, worker_report(S, 0));
    gather.sample(sample(S));
    assert!(gather.complete_row().is_none());
    gather.begin(PhaseEdges { start_ns: 3 * S, measure_ns: 4 * S, drain_ns: 5 * S, end_ns: 6 * S });
    let t_s = gather.complete_row().unwrap().interval.unwrap().t_s;
    assert!((t_s + 2.0).abs() < 1e-9, "{t_s}");
}

#[test]
fn a_second_that_somebody_left_out_has_histograms_and_no_row_and_holds_up_nobody() {
    let mut gather = Gather::new(6, 1, 2, 0, Usages::default());
    gather.begin(PhaseEdges { start_ns: S, measure_ns: S, drain_ns: 3 * S, end_ns: 4 * S });
    let mut report = worker_report(S, 20);
    report.histograms.record(Figure::Gap, Phase::Measure, 5);
    gather.worker(1, report);
    for tick_ns in [S, 2 * S] {
        gather.target(0, target_report(tick_ns));
        gather.sample(sample(tick_ns));
    }
    gather.worker(1, worker_report(2 * S, 30));
    assert!(gather.complete_row().is_none(), "worker 0 may still report");
    gather.worker(0, worker_report(2 * S, 7));
    let first = gather.complete_row().unwrap();
    assert_eq!((first.interval, first.histograms.all_phases(Figure::Gap).count()), (None, 1));
    let second = gather.complete_row().unwrap().interval.unwrap();
    assert_eq!(second.delivered, 17, "since the last report of each");
    assert_eq!(gather.histograms.all_phases(Figure::Gap).count(), 1);
}

#[test]
fn a_peak_is_that_of_one_dump_established_of_the_clients_and_time_wait_of_both_sides() {
    let mut gather = Gather::new(6, 0, 1, 0, Usages::default());
    gather.begin(PhaseEdges { start_ns: S, measure_ns: S, drain_ns: 5 * S, end_ns: 6 * S });
    let side = |established, time_wait| States { established, time_wait, ..States::default() };
    let dumps = [
        Some((side(5, 1), side(9, 2))),
        None,
        Some((side(4, 3), side(4, 4))),
        Some((side(1, 5), side(1, 1))),
    ];
    for (at, dump) in dumps.into_iter().enumerate() {
        let tick_ns = (at as u64 + 1) * S;
        let census = dump.map(|(client, target)| Census { client, target });
        gather.worker(0, worker_report(tick_ns, 0));
        gather.sample(Sample { census, ..sample(tick_ns) });
    }
    while gather.complete_row().is_some() {}
    assert_eq!((gather.peaks.established, gather.peaks.time_wait), (Some(5), Some(7)));
}

#[test]
fn latencies_of_single_seconds_are_kept_only_when_asked_for() {
    for (seconds, kept) in [(Seconds::Kept, vec![1, 2]), (Seconds::Dropped, vec![])] {
        let mut gather = Gather::new(6, 0, 1, 0, Usages::default()).keeping(seconds);
        gather.begin(PhaseEdges { start_ns: 0, measure_ns: 0, drain_ns: 5 * S, end_ns: 6 * S });
        for second in 1..=2 {
            let mut report = worker_report(second * S, second);
            (0..second).for_each(|_| report.histograms.record(Figure::Delivery, Phase::Measure, 7));
            gather.worker(0, report);
            gather.sample(sample(second * S));
        }
        while gather.complete_row().is_some() {}
        let counts: Vec<u64> = gather.take_blocks().iter().map(Block::count).collect();
        assert_eq!(counts, kept, "{seconds:?}");
        assert_eq!(gather.histograms.of(Figure::Delivery, Phase::Measure).count(), 3);
    }
}
