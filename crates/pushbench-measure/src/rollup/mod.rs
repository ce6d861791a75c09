//! From what processes reported to the row of a step: the pure end of a measurement.
//!
//! Facts of several rounds add up to the facts of all: counts of what happened and times are summed, histograms added, peaks
//! are the highest, and clients, who are the same ones in every round, are not summed. The row of the sum is that of all
//! rounds; no figure of a row is ever averaged.

mod facts;
mod fates;
mod sums;

use crate::results::Summary;
use crate::{Figure, Histogram, Phase};

pub use facts::{Cost, Origin, Planned, RoundCost, SocketPeaks, StepFacts};
pub use sums::WorkerSums;

/// Fewest clients over which a growth of memory says something about a client: below, what a process allocates once
/// (histograms, buffers) and what else the host does outweigh it.
pub const MEMORY_CLIENTS: u32 = 100;

/// The row of `summary.csv` without its verdict.
#[must_use]
pub fn summarize(facts: &StepFacts) -> Summary {
    let mut row = Summary {
        label: facts.label.clone(),
        kind: facts.kind.clone(),
        step: facts.stepped.then_some(facts.clients),
        point: (!facts.point.is_empty()).then(|| facts.point.clone()),
        clients: Some(facts.clients),
        ..Summary::default()
    };
    deliveries(&mut row, facts);
    latencies(&mut row, facts);
    traffic(&mut row, facts);
    if let Some(wire) = facts.wire {
        wire.fill(&mut row);
    }
    costs(&mut row, facts);
    fates::fill(&mut row, facts);
    row
}

fn deliveries(row: &mut Summary, facts: &StepFacts) {
    let tally = &facts.sums.tally;
    row.connected = Some(facts.connected as u32);
    row.expected = Some(tally.expected);
    row.expected_of_all = Some(tally.expected_of_intended);
    row.delivered = Some(tally.delivered);
    row.lost = Some(tally.lost);
    row.duplicated = Some(tally.duplicated);
    row.reordered = Some(tally.reordered);
    row.late = Some(tally.late);
    row.publishes = Some(publishes(facts));
}

/// Events published of those due in the measure phase.
fn publishes(facts: &StepFacts) -> u64 {
    let slips = || facts.histograms.get(Figure::Slip, Phase::Measure).map_or(0, Histogram::count);
    match facts.planned.origin {
        Origin::Publisher => slips() / u64::from(facts.targets.max(1)),
        Origin::Asks => slips(),
        // The slip of a message is known when its turn has come, whether or not its client can send it then.
        Origin::Members => facts.sums.fates.messages.sent,
    }
}

fn latencies(row: &mut Summary, facts: &StepFacts) {
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
fn traffic(row: &mut Summary, facts: &StepFacts) {
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

fn costs(row: &mut Summary, facts: &StepFacts) {
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
    if facts.connected >= u64::from(MEMORY_CLIENTS) {
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
mod tests;
