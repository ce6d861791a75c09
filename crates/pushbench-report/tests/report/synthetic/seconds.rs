//! A made-up step second by second: the rows of `intervals.csv` and the deliveries behind them.

use pushbench_measure::Histogram;
use pushbench_measure::results::{Interval, SocketStates};

use super::Shape;
use super::dice::Dice;
use super::models::Model;

/// All rows of a round, and the latencies of its measure phase.
pub(super) fn seconds(
    model: &Model,
    shape: &Shape,
    step: u32,
    dice: &mut Dice,
) -> (Vec<Interval>, Histogram) {
    let (ramp, warmup, drain) = (2i32, 5i32.min(shape.measure_s.cast_signed()), 3i32);
    let measured_until = warmup + shape.measure_s.cast_signed();
    let mut intervals = Vec::new();
    let mut delivery = Histogram::new();
    for second in (-ramp + 1)..=(measured_until + drain) {
        let phase = match second {
            s if s <= 0 => "ramp",
            s if s <= warmup => "warmup",
            s if s <= measured_until => "measure",
            _ => "drain",
        };
        let publishing = second > 0 && second <= measured_until;
        let mut this_second = Histogram::new();
        // At most 20,000 values a second: enough for every percentile that is drawn.
        let values = if publishing { (step * shape.events_per_second).min(20_000) } else { 0 };
        for _ in 0..values {
            this_second.record(model.latency_us(step, dice));
        }
        if phase == "measure" {
            delivery.add(&this_second);
        }
        intervals.push(interval(model, shape, step, second, phase, &this_second));
    }
    (intervals, delivery)
}

fn interval(
    model: &Model,
    shape: &Shape,
    step: u32,
    second: i32,
    phase: &str,
    latency: &Histogram,
) -> Interval {
    let connected = if second < 0 { step / 2 } else { step };
    let delivered = if latency.is_empty() { 0 } else { u64::from(step * shape.events_per_second) };
    let mut interval = Interval {
        step,
        round: 1,
        t_s: f64::from(second),
        phase: phase.to_owned(),
        connected: connected.into(),
        published: if delivered > 0 { shape.events_per_second.into() } else { 0 },
        delivered,
        latency_p50_us: latency.quantile(0.5),
        latency_p90_us: latency.quantile(0.9),
        latency_p99_us: latency.quantile(0.99),
        latency_max_us: latency.max(),
        stream_down_bytes: (delivered as f64 * model.bytes.iter().sum::<f64>()) as u64,
        requests: (delivered as f64 * model.requests) as u64,
        target_cpu_us: Some((delivered as f64 * model.cpu[0]) as u64),
        worker_cpu_us: Some((delivered as f64 * model.cpu[1]) as u64),
        ..Interval::default()
    };
    // Sockets are dumped every second second only.
    if second % 2 == 0 {
        let polls = f64::from(step) / model.poll_s.unwrap_or(1.0);
        let waiting = if model.close { (f64::from(second.max(0)).min(60.0) * polls) as u32 } else { 0 };
        let established = if model.close { step / 40 } else { connected };
        let client =
            SocketStates { established, opening: u32::from(model.close) * 3, ..SocketStates::default() };
        let target = SocketStates { established, time_wait: waiting, ..SocketStates::default() };
        interval.set_sockets(&client, &target);
    }
    interval
}
