//! A made-up run with the numbers of a real one: what tables and charts are tried on.
//!
//! Everything follows from a fixed seed. Latencies are drawn from the distributions that theory expects: uniform
//! over the interval for polling, a log-normal of a few milliseconds for transports that push.

use pushbench_measure::Histogram;
use pushbench_measure::results::{
    FORMAT, Host, Interval, RoundResult, Run, ScenarioRecord, SocketStates, Status, StepResult, Summary,
    TransportRecord,
};
use pushbench_measure::statistics::{Block, Bootstrap, Round, Sample, estimate_all, estimate_sums};
use pushbench_report::{LabelFiles, RunFolder};

pub(crate) mod troubles;
pub(crate) mod written;

/// What is varied between made-up runs.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// How many of [`MODELS`], 1 to 9.
    pub(crate) transports: usize,
    /// Length of the measure phase in seconds.
    pub(crate) measure_s: u32,
    /// Numbers of clients.
    pub(crate) steps: Vec<u32>,
    /// Published events per second.
    pub(crate) events_per_second: u32,
    /// How often everything is measured.
    pub(crate) rounds: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self { transports: 4, measure_s: 30, steps: vec![1000], events_per_second: 5, rounds: 1 }
    }
}

/// How a transport behaves in the made-up world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    label: &'static str,
    kind: &'static str,
    kind_index: usize,
    settings: &'static str,
    poll_s: Option<f64>,
    /// Median of the way from target to client at 1,000 clients, microseconds.
    median_us: f64,
    /// Whether a socket is opened for every request.
    close: bool,
    /// Payload, framing, empty polls, connecting: bytes per delivered event.
    bytes: [f64; 4],
    /// Requests per event.
    requests: f64,
    /// CPU µs per event of target and worker.
    cpu: [f64; 2],
    /// Bytes per client of target, worker, kernel.
    memory: [f64; 3],
}

const BASE: Model = Model {
    label: "sse",
    kind: "sse",
    kind_index: 2,
    settings: "",
    poll_s: None,
    median_us: 1_450.0,
    close: false,
    bytes: [256.0, 38.0, 0.0, 1.3],
    requests: 0.000_3,
    cpu: [6.9, 6.1],
    memory: [4_300.0, 2_900.0, 7_700.0],
};

const POLLING: Model = Model {
    label: "short-polling",
    kind: "short-polling",
    kind_index: 0,
    settings: "interval 1s, keep-alive",
    poll_s: Some(1.0),
    median_us: 900.0,
    bytes: [256.0, 141.0, 2.4, 0.0],
    requests: 0.2,
    cpu: [9.2, 11.7],
    memory: [5_100.0, 3_300.0, 7_700.0],
    ..BASE
};

/// Every made-up transport; a run takes the first few.
pub(crate) const MODELS: [Model; 9] = [
    POLLING,
    Model {
        label: "long-polling",
        kind: "long-polling",
        kind_index: 1,
        settings: "timeout 30s",
        median_us: 2_600.0,
        bytes: [256.0, 402.0, 0.0, 0.0],
        requests: 1.01,
        cpu: [28.4, 31.9],
        ..BASE
    },
    BASE,
    Model {
        label: "websocket",
        kind: "websocket",
        kind_index: 3,
        median_us: 1_200.0,
        bytes: [256.0, 4.0, 0.0, 1.9],
        requests: 0.000_3,
        cpu: [6.2, 5.8],
        memory: [6_900.0, 5_200.0, 7_700.0],
        ..BASE
    },
    Model {
        label: "short-polling-close",
        close: true,
        settings: "interval 1s, close",
        cpu: [41.0, 47.3],
        ..POLLING
    },
    Model {
        label: "short-polling-5s",
        settings: "interval 5s",
        poll_s: Some(5.0),
        requests: 0.04,
        ..POLLING
    },
    Model {
        label: "short-polling-5s-close",
        settings: "interval 5s, close",
        poll_s: Some(5.0),
        close: true,
        bytes: [256.0, 71.0, 11.8, 0.0],
        ..POLLING
    },
    Model {
        label: "long-polling-check",
        kind: "long-polling",
        kind_index: 1,
        settings: "wakeup check 100ms",
        poll_s: Some(0.1),
        median_us: 2_900.0,
        bytes: [256.0, 402.0, 0.0, 0.0],
        requests: 1.01,
        cpu: [36.0, 32.5],
        ..BASE
    },
    Model { label: "websocket-ping", kind: "websocket", kind_index: 3, median_us: 1_300.0, ..BASE },
];

/// A small generator: tests want the same numbers every time, not good ones.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Uniform in 0..1.
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Roughly normal: the sum of twelve uniforms.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.roll()).sum::<f64>() - 6.0
    }
}

/// A complete, valid run.
pub(crate) fn folder(shape: &Shape) -> RunFolder {
    let mut labels = Vec::new();
    let mut results = Vec::new();
    let seed_of = |at: usize, step: u32| Dice(at as u64 * 977 + u64::from(step));
    for (at, model) in MODELS.iter().take(shape.transports).enumerate() {
        let mut files = LabelFiles::default();
        for &step in &shape.steps {
            let mut dice = seed_of(at, step);
            let mut rounds: Vec<(Vec<Interval>, Histogram, Summary)> = Vec::new();
            for round in 1..=shape.rounds {
                let model = if shape.rounds > 1 { varied(model, &mut dice) } else { *model };
                let (mut intervals, delivery) = seconds(&model, shape, step, &mut dice);
                for interval in &mut intervals {
                    interval.round = round;
                }
                let summary = summary(&model, shape, step, &intervals, &delivery);
                rounds.push((intervals, delivery, summary));
            }
            let mut all = Histogram::new();
            for (_, delivery, _) in &rounds {
                all.add(delivery);
            }
            results.push(result(model, shape, step, &rounds, &all));
            files.intervals.extend(rounds.into_iter().flat_map(|(intervals, ..)| intervals));
            files.delivery.insert((shape.steps.len() > 1).then_some(step), all);
        }
        labels.push(files);
    }
    RunFolder::from_parts(run(shape, results), labels)
}

/// A round of a machine that is a little faster or slower than in another.
fn varied(model: &Model, dice: &mut Dice) -> Model {
    let mut by = |share: f64| (1.0 + share * dice.normal()).max(0.2);
    Model {
        median_us: model.median_us * by(0.08),
        cpu: model.cpu.map(|us| us * by(0.05)),
        memory: model.memory.map(|bytes| bytes * by(0.03)),
        bytes: [model.bytes[0], model.bytes[1] * by(0.02), model.bytes[2] * by(0.1), model.bytes[3]],
        ..*model
    }
}

fn latency_us(model: &Model, step: u32, dice: &mut Dice) -> u64 {
    // The way through the machine grows with the number of clients behind one event.
    let crowd = (f64::from(step) / 1000.0).max(0.05);
    let way = model.median_us * crowd * (0.55 * dice.normal()).exp() + 60.0;
    (model.poll_s.map_or(0.0, |poll_s| poll_s * 1e6 * dice.roll()) + way) as u64
}

fn seconds(model: &Model, shape: &Shape, step: u32, dice: &mut Dice) -> (Vec<Interval>, Histogram) {
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
            this_second.record(latency_us(model, step, dice));
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

/// The row over all rounds, with intervals where there are several.
fn result(
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
    let round = |(round, summary)| RoundResult {
        round,
        complete: true,
        summary,
        findings: Vec::new(),
        ports: Vec::new(),
        wire: None,
        resources: None,
    };
    StepResult {
        complete: true,
        summary: pooled,
        intervals,
        rounds: (1..).zip(summaries).map(round).collect(),
        processes: (1, 1),
        findings: Vec::new(),
        thresholds: Vec::new(),
    }
}

fn summary(model: &Model, shape: &Shape, step: u32, seconds: &[Interval], delivery: &Histogram) -> Summary {
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

fn run(shape: &Shape, results: Vec<StepResult>) -> Run {
    Run {
        format: FORMAT,
        version: "0.1.0".to_owned(),
        commit: None,
        command: vec!["pushbench".to_owned(), "run".to_owned(), "scenarios/notifications.toml".to_owned()],
        started: "2026-11-20T14:03:22Z".to_owned(),
        finished: Some("2026-11-20T14:06:02Z".to_owned()),
        status: Status::Complete,
        reason: None,
        scenario: ScenarioRecord {
            name: "notifications".to_owned(),
            title: "Notifications to mostly idle users".to_owned(),
            path: "scenarios/notifications.toml".to_owned(),
            text: String::new(),
            sha256: String::new(),
            overrides: Vec::new(),
            rounds: shape.rounds,
            seed: 1,
            network: "loopback".to_owned(),
            mtu_bytes: 65_536,
            steps: shape.steps.clone(),
            pattern: "broadcast".to_owned(),
            topics: 1,
            events_per_second: shape.events_per_second.into(),
            event_size: "256 B".to_owned(),
            warmup_s: shape.measure_s.min(5).into(),
            measure_s: shape.measure_s.into(),
            drain_s: 3.0,
            latency_p99_limit_us: None,
            inject: None,
            coalesce: None,
        },
        calibration: None,
        host: Host {
            name: "bench-1".to_owned(),
            kernel: "Linux 6.18.0 x86_64".to_owned(),
            cpu: "AMD EPYC 7763".to_owned(),
            cpus: 2,
            memory_bytes: 8 << 30,
            open_files: 20_000,
            ports: (32_768, 60_999),
            ..Host::default()
        },
        transports: MODELS.iter().take(shape.transports).map(transport).collect(),
        results,
    }
}

fn transport(model: &Model) -> TransportRecord {
    TransportRecord {
        label: model.label.to_owned(),
        kind: model.kind.to_owned(),
        kind_index: model.kind_index,
        settings: model.settings.to_owned(),
        poll_interval_us: model.poll_s.map(|poll_s| (poll_s * 1e6) as u64),
    }
}
