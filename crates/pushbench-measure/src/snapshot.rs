//! What a worker and a target report every second.
//!
//! Counters are totals since the process began, so a lost report loses nothing; histograms are what was recorded
//! since the report before. Reports are values: how they travel is not known here.

use serde::{Deserialize, Serialize};

use crate::fates::Fates;
use crate::ledger::Tally;
use crate::wire::{READINGS, WireLog};
use crate::{Counters, Histograms, age::AgeSum};

/// One worker's report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerSnapshot {
    /// The instant it was due, nanoseconds of `CLOCK_MONOTONIC`: the same in the reports of all processes.
    pub tick_ns: u64,
    /// Clients whose transport is ready now.
    pub connected: u32,
    /// Clients that have been ready at least once.
    pub ever_connected: u32,
    /// Totals since the worker began.
    pub counters: Counters,
    /// Recorded since the report before.
    pub histograms: Histograms,
}

/// One worker's last report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerFinal {
    /// Sums of all ledgers.
    pub tally: Tally,
    /// Counters at the begin of the measure phase, at its end, and at the end of the step.
    pub edges: [Counters; 3],
    /// Sum of the ages of all clients over the measure phase.
    pub age: AgeSum,
    /// Distribution over clients of the events delivered in the measure phase.
    pub delivered_per_client: crate::Histogram,
    /// Distribution over clients of their mean delivery latency, microseconds.
    pub latency_mean_per_client: crate::Histogram,
    /// What became of answers, of connections that went and came back, and of slow readers.
    pub fates: Fates,
    /// What its sockets carried.
    pub wire: WireLog,
    /// Counters at the readings of `wire`, and when all sockets were closed.
    pub at_readings: [Counters; READINGS + 1],
}

/// One target's report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetSnapshot {
    /// The instant it was due, nanoseconds of `CLOCK_MONOTONIC`: the same in the reports of all processes.
    pub tick_ns: u64,
    /// Open connections now.
    pub connections: u64,
    /// Subscriptions and waiting polls now.
    pub subscribers: u64,
    /// Events published since the start, by schedule or by request.
    pub published: u64,
    /// Events of the schedule whose due time passed without their being published.
    pub publishes_skipped: u64,
    /// Events handed to subscribers since the start (an event counts once per subscriber).
    pub sent: u64,
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Connections refused because a limit was reached.
    pub refused: u64,
    /// Requests answered since the start.
    pub requests: u64,
    /// Requests answered with 4xx or 5xx, and messages on a WebSocket that were refused.
    pub error_replies: u64,
    /// Subscribers cut off because their queue was full.
    pub slow_disconnects: u64,
    /// Events skipped for subscribers that did not keep up.
    pub slow_skipped: u64,
    /// Bytes that wait now for sockets that take nothing more: what was cut, and what of the rings is not yet written.
    pub queued_bytes: u64,
    /// Events that shared a write with others since the start.
    pub coalesced: u64,
    /// Connections dropped on purpose: a storm's or a restart's.
    pub dropped: u64,
    /// When they were dropped last; 0 before.
    pub dropped_ns: u64,
    /// Published − due of scheduled events since the report before, by phase of their due time.
    pub histograms: Histograms,
    /// What its sockets carried: only in the last report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<Box<WireLog>>,
}
