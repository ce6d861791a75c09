//! Whether a run may be believed: conditions, bounds, and what was seen.
//!
//! All bounds stand in [`BOUNDS`]. Two levels: a warning is kept beside the figures, a breach makes them invalid.
//! This module judges numbers that others measured; it measures nothing.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Inside all bounds.
    Ok,
    /// Usable with care.
    Warning,
    /// The figures of this step are not valid.
    Breach,
}

/// A condition that was checked, with the value seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which condition.
    pub condition: Condition,
    /// Its outcome.
    pub level: Level,
    /// The value seen, in the unit of the condition.
    pub value: f64,
    /// One line for people, with the value, the bound and what to do.
    pub text: String,
}

/// Conditions of validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Publish slip p99, microseconds.
    PublishSlip,
    /// Busy share of a worker's thread over the measure phase, 0 to 1.
    WorkerBusy,
    /// Busy share of a target's thread over the measure phase, 0 to 1.
    TargetBusy,
    /// Timer overshoot p99 of the workers, microseconds.
    WorkerTimer,
    /// Longest wait of a worker for a CPU within one second, microseconds.
    WorkerRunQueue,
    /// Clients that never connected, a count.
    NeverConnected,
    /// Events the publisher never published, a count.
    PublishesSkipped,
    /// Connections the kernel dropped at a full accept queue, a count.
    ListenOverflows,
    /// Expected events that never arrived, a count.
    Lost,
    /// A limit of the machine or of the target that was reached, a count.
    LimitReached,
}

/// The bounds of one condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Which condition.
    pub condition: Condition,
    /// Above this: a warning.
    pub warning: f64,
    /// Above this: a breach. Infinite where a condition only ever warns.
    pub breach: f64,
}

/// Every bound, in one table.
pub const BOUNDS: &[Bound] = &[
    // The breach of the slip needs a second part, 5 % of the interval: see `judge_slip`.
    Bound { condition: Condition::PublishSlip, warning: 2_000.0, breach: 10_000.0 },
    Bound { condition: Condition::WorkerBusy, warning: 0.80, breach: 0.95 },
    // A target at its limit is what some runs look for: a finding, never an invalid run.
    Bound { condition: Condition::TargetBusy, warning: 0.80, breach: f64::INFINITY },
    Bound { condition: Condition::WorkerTimer, warning: 2_000.0, breach: 20_000.0 },
    Bound { condition: Condition::WorkerRunQueue, warning: 2_000.0, breach: f64::INFINITY },
    Bound { condition: Condition::NeverConnected, warning: 0.0, breach: 0.0 },
    Bound { condition: Condition::PublishesSkipped, warning: 0.0, breach: 0.0 },
    Bound { condition: Condition::ListenOverflows, warning: 0.0, breach: 0.0 },
    // Loss is a result about the transport, not a fault of the measurement.
    Bound { condition: Condition::Lost, warning: 0.0, breach: f64::INFINITY },
    Bound { condition: Condition::LimitReached, warning: 0.0, breach: 0.0 },
];
