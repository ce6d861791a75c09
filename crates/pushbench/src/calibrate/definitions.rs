//! Which figures a calibration has: what each is, and how it follows from what was measured.

use pushbench_floor::Repetition;
use pushbench_measure::results::{Spread, calibrated};

use super::bare::Bare;
use super::through::Shot;
use super::work::Work;

/// A figure.
pub(super) struct Definition {
    /// As `calibration.json` names it.
    pub(super) name: &'static str,
    /// As the table names it.
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    /// What it is with bare sockets; through pushbench.
    pub(super) meaning: &'static str,
    pub(super) kind: Kind,
    pub(super) bare: fn(&Bare) -> Option<Spread>,
    pub(super) through: From,
}

/// Whether a figure needs many connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    PerMessage,
    /// Memory, and what opening costs: the difference of two readings of a whole, over the connections.
    Difference,
}

/// Which run of a transport shows a figure.
#[derive(Clone, Copy)]
pub(super) enum From {
    Neither,
    Run(Work, fn(&Shot) -> Option<f64>),
}

/// All figures, in the order of the table.
pub(super) const FIGURES: [Definition; 14] = [
    Definition {
        name: calibrated::SEND_CPU_US,
        title: "CPU per send",
        unit: "µs",
        meaning: "CPU time of the sending thread per message, paced; of the target per delivered event",
        kind: Kind::PerMessage,
        bare: |bare| each(bare, |of| ratio(of.paced.sending_cpu_ns as f64 / 1e3, of.paced.sent as f64)),
        through: From::Run(Work::FanOut, |shot| shot.summary.target_cpu_us_per_event),
    },
    Definition {
        name: calibrated::RECEIVE_CPU_US,
        title: "CPU per receive",
        unit: "µs",
        meaning: "CPU time of the receiving thread per message, paced; of the worker per delivered event",
        kind: Kind::PerMessage,
        bare: |bare| each(bare, |of| ratio(of.paced.receiving_cpu_ns as f64 / 1e3, of.paced.received as f64)),
        through: From::Run(Work::FanOut, |shot| shot.summary.worker_cpu_us_per_event),
    },
    Definition {
        name: calibrated::DELIVERIES_PER_SECOND,
        title: "deliveries flat out",
        unit: "1/s",
        meaning: "messages per second with both threads flat out and about one per connection under way; events \
                  delivered per second, none lost, where more are due, from the first due to the last received",
        kind: Kind::PerMessage,
        bare: Bare::deliveries_per_second,
        through: From::Run(Work::FlatOut, flat_out_per_second),
    },
    Definition {
        name: calibrated::EVENTS_PER_READ,
        title: "… events per read",
        unit: "events",
        meaning: "messages that one receive brought, flat out; events that one read brought, late ones included: the more, \
                  the fewer system calls and wake-ups a delivery has to pay",
        kind: Kind::PerMessage,
        bare: |bare| each(bare, |of| ratio(of.flat_out.received as f64, of.flat_out.reads as f64)),
        through: From::Run(Work::FlatOut, events_per_read),
    },
    Definition {
        name: calibrated::COALESCED_DELIVERIES_PER_SECOND,
        title: "deliveries coalesced",
        unit: "1/s",
        meaning: "the same messages, each still sent by itself; events that the target gathers before it writes them",
        kind: Kind::PerMessage,
        bare: Bare::deliveries_per_second,
        through: From::Run(Work::FlatOutCoalesced, flat_out_per_second),
    },
    Definition {
        name: calibrated::COALESCED_EVENTS_PER_READ,
        title: "… events per read",
        unit: "events",
        meaning: "the same messages; events that one read brought of those that the target gathered",
        kind: Kind::PerMessage,
        bare: |bare| each(bare, |of| ratio(of.flat_out.received as f64, of.flat_out.reads as f64)),
        through: From::Run(Work::FlatOutCoalesced, events_per_read),
    },
    Definition {
        name: calibrated::ROUND_TRIP_P50_US,
        title: "round trip p50",
        unit: "µs",
        meaning: "a message there and back, 100 a second over one connection, median",
        kind: Kind::PerMessage,
        bare: |bare| round_trip_us(bare, 0.5).map(Spread::once),
        through: From::Neither,
    },
    Definition {
        name: calibrated::ROUND_TRIP_P90_US,
        title: "round trip p90",
        unit: "µs",
        meaning: "the same, 90th percentile",
        kind: Kind::PerMessage,
        bare: |bare| round_trip_us(bare, 0.9).map(Spread::once),
        through: From::Neither,
    },
    Definition {
        name: calibrated::ONE_WAY_P50_US,
        title: "one way p50",
        unit: "µs",
        meaning: "half a round trip, median; received − published of one client with 100 events a second",
        kind: Kind::PerMessage,
        bare: |bare| round_trip_us(bare, 0.5).map(|us| Spread::once(us / 2.0)),
        through: From::Run(Work::OneWay, |shot| shot.summary.uncorrected_p50_us.map(|us| us as f64)),
    },
    Definition {
        name: calibrated::CONNECTS_PER_SECOND,
        title: "connects",
        unit: "1/s",
        meaning: "connections opened per second, flat out; clients ready per second when all arrive at once, to \
                  the last of them",
        kind: Kind::Difference,
        bare: |bare| {
            each(bare, |of| ratio(f64::from(of.opening.connections), seconds(of.opening.elapsed_ns)))
        },
        through: From::Run(Work::FanOut, ready_per_second),
    },
    Definition {
        name: calibrated::CONNECT_CPU_US,
        title: "CPU per connect",
        unit: "µs",
        meaning: "CPU time of both threads per connection opened; of target and worker per client, its request included",
        kind: Kind::Difference,
        bare: |bare| each(bare, |of| ratio(opening_cpu_us(of), f64::from(of.opening.connections))),
        through: From::Run(Work::FanOut, connect_cpu_us),
    },
    Definition {
        name: calibrated::KERNEL_BYTES_PER_CONNECTION,
        title: "kernel per connection",
        unit: "bytes",
        meaning: "growth of the kernel's memory for sockets per connection, both ends, on the whole host",
        kind: Kind::Difference,
        bare: |bare| each(bare, |of| ratio(of.kernel_bytes? as f64, f64::from(of.opening.connections))),
        through: From::Run(Work::FanOut, |shot| shot.summary.kernel_bytes_per_client),
    },
    Definition {
        name: calibrated::TARGET_BYTES_PER_CLIENT,
        title: "target per client",
        unit: "bytes",
        meaning: "growth of the target's resident memory per client",
        kind: Kind::Difference,
        bare: |_| None,
        through: From::Run(Work::FanOut, |shot| shot.summary.target_bytes_per_client),
    },
    Definition {
        name: calibrated::WORKER_BYTES_PER_CLIENT,
        title: "worker per client",
        unit: "bytes",
        meaning: "growth of the worker's resident memory per client",
        kind: Kind::Difference,
        bare: |_| None,
        through: From::Run(Work::FanOut, |shot| shot.summary.worker_bytes_per_client),
    },
];

/// Spread over repetitions; `None` where any of them lacks the figure.
fn each(bare: &Bare, of: impl Fn(&Repetition) -> Option<f64>) -> Option<Spread> {
    let values: Option<Vec<f64>> = bare.repetitions.iter().map(of).collect();
    Spread::of(&values?)
}

/// A quotient; `None` over nothing.
pub(super) fn ratio(value: f64, over: f64) -> Option<f64> {
    (over > 0.0).then(|| value / over)
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

fn round_trip_us(bare: &Bare, quantile: f64) -> Option<f64> {
    bare.round_trips.printable_quantile(quantile).map(|ns| ns as f64 / 1e3)
}

fn opening_cpu_us(of: &Repetition) -> f64 {
    (of.opening.connecting_cpu_ns + of.opening.accepting_cpu_ns) as f64 / 1e3
}

fn connect_cpu_us(shot: &Shot) -> Option<f64> {
    ratio(shot.ramp_cpu_us? as f64, f64::from(shot.summary.connected?))
}

/// Deliveries over the time from when the first event was due until the last one was received. Under an overload events
/// wait the longer the later they are due, so the last reception is that of the largest latency; were it not, the figure
/// would be too small. `None` where anything is missing.
fn flat_out_per_second(shot: &Shot) -> Option<f64> {
    if !shot.run.is_valid() {
        return None;
    }
    let delivered = shot.summary.delivered? as f64;
    let events = ratio(delivered, f64::from(shot.summary.connected?))?;
    let last_due_s = (events - 1.0) / shot.rate;
    ratio(delivered, last_due_s + shot.summary.latency_max_us? as f64 / 1e6)
}

/// Events that one read brought, of those that brought any.
fn events_per_read(shot: &Shot) -> Option<f64> {
    let (events, reads) = shot.events_and_reads;
    shot.run.is_valid().then(|| ratio(events as f64, reads as f64))?
}

/// All clients over the time until the last of them was ready, as bare connections are counted to the last accepted.
fn ready_per_second(shot: &Shot) -> Option<f64> {
    ratio(f64::from(shot.summary.connected?), seconds(shot.opening_ns?))
}
