//! The figures of a made-up step: those of each round, and the row over all of them.

use pushbench_measure::Histogram;
use pushbench_measure::results::{Interval, RoundResult, StepResult, Summary};
use pushbench_measure::statistics::{Block, Bootstrap, Round, Sample, estimate_all, estimate_sums};

use super::Shape;
use super::models::Model;

/// The row over all rounds, with intervals where there are several.
pub(super) fn result(
    model: &Model,
    shape: &Shape,
    step: u32,
    rounds: &[(Vec<Interval>, Histogram, Summary)],
    all: &Histogram,
) -> StepResult {
    let mut pooled = summary(model, shape, step, &rounds[0].0, all);
    for count in [&mut pooled.expected, &mut pooled.delivered, &mut pooled.publishes] {
        *count = count.map(|count| count * u64::from(shape.rounds));
    }
    let summaries: Vec<Summary> = rounds.iter().map(|(_, _, summary)| summary.clone()).collect();
    let blocks = rounds.iter().map(|(_, delivery, _)| Round(vec![Block::of(delivery)])).collect();
    let bootstrap = Bootstrap { replicates: 200, ..Bootstrap::default() };
    let mut intervals = estimate_all(&Sample::new(blocks), &summaries, &pooled, bootstrap);
    intervals.extend(estimate_sums(&summaries, &pooled));
    StepResult {
        complete: true,
        summary: pooled,
        intervals,
        rounds: (1..).zip(summaries).map(|(round, summary)| complete_round(round, summary)).collect(),
        processes: (1, 1),
        findings: Vec::new(),
        thresholds: Vec::new(),
    }
}

/// A round that was measured to its end, of which only the figures are made up.
pub(super) fn complete_round(round: u32, summary: Summary) -> RoundResult {
    RoundResult {
        round,
        complete: true,
        latencies: summary.delivered,
        summary,
        findings: Vec::new(),
        ports: Vec::new(),
        wire: None,
        resources: None,
    }
}

/// The figures of one round, from its seconds and latencies.
pub(super) fn summary(
    model: &Model,
    shape: &Shape,
    step: u32,
    seconds: &[Interval],
    delivery: &Histogram,
) -> Summary {
    let events = u64::from(shape.events_per_second * shape.measure_s);
    let expected = events * u64::from(step);
    let peak = |of: fn(&Interval) -> Option<u32>| seconds.iter().filter_map(of).max().map(u64::from);
    Summary {
        label: model.label.to_owned(),
        kind: model.kind.to_owned(),
        step: (shape.steps.len() > 1).then_some(step),
        clients: Some(step),
        connected: Some(step),
        expected: Some(expected),
        delivered: Some(expected),
        lost: Some(0),
        duplicated: Some(0),
        reordered: Some(0),
        publishes: Some(events),
        latency_p50_us: delivery.printable_quantile(0.5),
        latency_p90_us: delivery.printable_quantile(0.9),
        latency_p99_us: delivery.printable_quantile(0.99),
        latency_p999_us: delivery.printable_quantile(0.999),
        latency_max_us: delivery.max(),
        age_mean_us: delivery.mean().map(|mean| mean.round() + 5e5 / f64::from(shape.events_per_second)),
        stream_down_bytes_per_event: Some(model.bytes[0] + model.bytes[1] * 0.6 + model.bytes[2] * 0.5),
        stream_up_bytes_per_event: Some(model.bytes[1] * 0.4 + model.bytes[2] * 0.5 + model.bytes[3]),
        payload_bytes_per_event: Some(model.bytes[0]),
        framing_bytes_per_event: Some(model.bytes[1]),
        empty_poll_bytes_per_event: Some(model.bytes[2]),
        connecting_bytes_per_event: Some(model.bytes[3]),
        requests_per_event: Some(model.requests),
        sockets_established_peak: peak(|s| s.client_established),
        sockets_time_wait_peak: peak(|s| s.target_time_wait),
        opened_per_second: Some(if model.close {
            f64::from(step) / model.poll_s.unwrap_or(1.0)
        } else {
            0.0
        }),
        target_cpu_us_per_event: Some(model.cpu[0]),
        worker_cpu_us_per_event: Some(model.cpu[1]),
        target_bytes_per_client: Some(model.memory[0]),
        worker_bytes_per_client: Some(model.memory[1]),
        kernel_bytes_per_client: Some(model.memory[2]),
        verdict: "valid".to_owned(),
        ..Summary::default()
    }
}
