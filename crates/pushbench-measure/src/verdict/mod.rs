//! Whether a run may be believed: conditions, bounds, and what was seen.
//!
//! All bounds stand in [`BOUNDS`]. Two levels: a warning is kept beside the figures, a breach makes them invalid.
//! This module judges numbers that others measured; it measures nothing.

mod cause;
mod finding;
mod lateness;
mod rounds;
mod wording;

pub use cause::{Cause, TooMuch, too_much};
pub use finding::Finding;
pub use lateness::Lateness;
pub use rounds::over_rounds;

use serde::{Deserialize, Serialize};

use crate::statistics::Steadiness;

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
    /// Share of the CPUs that targets and workers have in common which both used together in the measure phase, 0 to 1.
    CpuShared,
    /// Timer overshoot p99 of the workers, microseconds.
    WorkerTimer,
    /// Mean wait of a worker for a CPU in the worst second, microseconds per turn.
    WorkerRunQueue,
    /// How late clients were to send their messages, 99th percentile, microseconds.
    SendSlip,
    /// Share of the host's CPU time that a hypervisor gave to others, 0 to 1.
    HostSteal,
    /// Clients that never connected, a count.
    NeverConnected,
    /// Events the publisher never published, a count.
    PublishesSkipped,
    /// Connections the kernel dropped at a full accept queue, a count.
    ListenOverflows,
    /// Expected events that never arrived, a count.
    Lost,
    /// Clients that the target cut off because they read too slowly, where none was to read slowly: a count.
    CutOff,
    /// A limit of the machine or of the target that was reached, a count.
    LimitReached,
    /// Largest difference between what the two ends of all connections counted on the wire, 0 to 1.
    WireDisagreement,
    /// How far the median latency of a second moved at a change point within the measure phase, as a share of the
    /// lower of both; 0 where there was none.
    Unsteady,
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
    // The breach of a slip is 5 % of the time between two events, where that is more: see `bound_of`.
    Bound { condition: Condition::PublishSlip, warning: 2_000.0, breach: 10_000.0 },
    Bound { condition: Condition::WorkerBusy, warning: 0.80, breach: 0.95 },
    // A target at its limit is what some runs look for: a finding, never an invalid run.
    Bound { condition: Condition::TargetBusy, warning: 0.80, breach: f64::INFINITY },
    // Where the sides have no CPUs of their own, each waits for the other long before one thread is always busy.
    Bound { condition: Condition::CpuShared, warning: 0.80, breach: 0.95 },
    Bound { condition: Condition::WorkerTimer, warning: 2_000.0, breach: 20_000.0 },
    Bound { condition: Condition::WorkerRunQueue, warning: 2_000.0, breach: 20_000.0 },
    Bound { condition: Condition::SendSlip, warning: 2_000.0, breach: 10_000.0 },
    Bound { condition: Condition::HostSteal, warning: 0.02, breach: 0.20 },
    Bound { condition: Condition::NeverConnected, warning: 0.0, breach: 0.0 },
    Bound { condition: Condition::PublishesSkipped, warning: 0.0, breach: 0.0 },
    Bound { condition: Condition::ListenOverflows, warning: 0.0, breach: 0.0 },
    // Loss is a result about the transport, not a fault of the measurement.
    Bound { condition: Condition::Lost, warning: 0.0, breach: f64::INFINITY },
    // Who does not keep up with a target may be the generator, or may be meant to see what a target does.
    Bound { condition: Condition::CutOff, warning: 0.0, breach: f64::INFINITY },
    Bound { condition: Condition::LimitReached, warning: 0.0, breach: 0.0 },
    // Spoils the wire figures and nothing else.
    Bound { condition: Condition::WireDisagreement, warning: 0.01, breach: f64::INFINITY },
    // Only what `steadiness` calls a change counts, and that asks for as much.
    Bound { condition: Condition::Unsteady, warning: 0.20, breach: f64::INFINITY },
];

/// Whose listeners a count of the kernel speaks of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Listeners {
    /// All of the host: another program's are among them.
    #[default]
    OfTheHost,
    /// The targets of the run and nobody else's.
    OfTheTargets,
}

/// What a plan moves within the measure phase, most of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Course {
    /// Nothing: the load is the same all the time.
    #[default]
    Level,
    /// The rate of events.
    Rate,
    /// Clients: they come in crowds, by a shape or because the target dropped them.
    Clients,
}

/// What a machine may have no more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scarce {
    /// Open files of a target process.
    TargetFiles,
    /// Open files of a worker process.
    WorkerFiles,
    /// Ports of a worker's address towards one target; in use are those of other programs too where they matter.
    Ports,
    /// Sockets that the epoll sets of one user watch; in use are those of this run.
    Watches,
    /// Open files of all processes of the host together.
    HostFiles,
    /// Memory of the host, or of the control group that the run is in; used and allowed are bytes.
    Memory,
    /// Connections of all targets, by the limit that the scenario gives them.
    Connections,
}

/// A limit that was reached, as it was found when it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scarcity {
    /// Which.
    pub what: Scarce,
    /// How much of it was in use.
    pub used: u64,
    /// How much of it there is.
    pub allowed: u64,
}

/// What was seen of one step. `None` where it was not measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Observed {
    /// Published − due of what the targets publish.
    pub slip: Option<Lateness>,
    /// The same of what clients publish: how late it was their turn to send, which is the workers' doing.
    pub send_slip: Option<Lateness>,
    /// Mean time between two publishes, microseconds.
    pub event_interval_us: Option<f64>,
    /// Busy share of the busiest worker.
    pub worker_busy: Option<f64>,
    /// Busy share of the busiest target.
    pub target_busy: Option<f64>,
    /// Share of the CPUs that both sides have in common which all processes of the run together used, of what others left of
    /// them; `None` where each side has CPUs of its own.
    pub cpu_shared: Option<f64>,
    /// Timer overshoot of the workers.
    pub worker_timer: Option<Lateness>,
    /// Mean wait of a worker for a CPU in the worst second of the measure phase, microseconds per turn.
    pub worker_run_queue_us: Option<f64>,
    /// Share of CPU time stolen within the measure phase.
    pub host_steal: Option<f64>,
    /// Clients that never connected.
    pub never_connected: u64,
    /// Clients that the scenario allows to fail.
    pub may_fail: u64,
    /// Scheduled events that were never published.
    pub publishes_skipped: u64,
    /// Connection attempts that the kernel dropped.
    pub listen_overflows: Option<u64>,
    /// Whose listeners these are counted of.
    pub listeners: Listeners,
    /// What is moved by plan within the measure phase.
    pub course: Course,
    /// Expected events that never arrived.
    pub lost: u64,
    /// Clients that the target cut off because they read too slowly; `None` where the scenario has clients that do so.
    pub cut_off: Option<u64>,
    /// Sockets that could not be made or were refused by the target's own limit.
    pub limits_hit: u64,
    /// Which limit that was, where it could be found out.
    pub scarcity: Option<Scarcity>,
    /// Largest share by which the two sides' accounts of bytes or segments on the wire differ.
    pub wire_disagreement: Option<f64>,
    /// Whether the median latency of a second moved, where the measure phase is long enough to tell.
    pub steadiness: Option<Steadiness>,
}

/// Judges every condition that was measured, in the order of [`BOUNDS`].
#[must_use]
pub fn judge(observed: &Observed) -> Vec<Finding> {
    BOUNDS.iter().filter_map(|bound| judge_one(bound, observed)).collect()
}

/// The one finding about a round that ended before its time because something ran out: nothing else was checked.
#[must_use]
pub fn exhausted(scarcity: Scarcity) -> Vec<Finding> {
    let seen = Observed { limits_hit: 1, scarcity: Some(scarcity), ..Observed::default() };
    let limits = BOUNDS.iter().filter(|bound| bound.condition == Condition::LimitReached);
    limits.filter_map(|bound| judge_one(bound, &seen)).collect()
}

fn judge_one(bound: &Bound, seen: &Observed) -> Option<Finding> {
    let late = lateness(bound.condition, seen);
    let value = match bound.condition {
        Condition::PublishSlip | Condition::SendSlip | Condition::WorkerTimer => late?.p99_us,
        Condition::WorkerBusy => seen.worker_busy?,
        Condition::TargetBusy => seen.target_busy?,
        Condition::CpuShared => seen.cpu_shared?,
        Condition::WorkerRunQueue => seen.worker_run_queue_us?,
        Condition::HostSteal => seen.host_steal?,
        Condition::NeverConnected => seen.never_connected as f64,
        Condition::PublishesSkipped => seen.publishes_skipped as f64,
        Condition::ListenOverflows => seen.listen_overflows? as f64,
        Condition::Lost => seen.lost as f64,
        Condition::CutOff => seen.cut_off? as f64,
        Condition::LimitReached => seen.limits_hit as f64,
        Condition::WireDisagreement => seen.wire_disagreement?,
        // What is moved by plan is not to be steady.
        Condition::Unsteady if seen.course != Course::Level => return None,
        Condition::Unsteady => shift(seen.steadiness?),
    };
    let bound = bound_of(bound, seen);
    // A late moment of few is no percentile to condemn a step for.
    let (level, few) = match level_of(value, &bound) {
        Level::Breach if late.is_some_and(|late| late.sure_us <= bound.breach) => (Level::Warning, "~"),
        level => (level, ""),
    };
    let fact = wording::fact(bound.condition, value, few, seen);
    let advice = (level > Level::Ok).then(|| wording::advice(bound.condition).to_owned());
    let scarce = seen.scarcity.map(|scarcity| scarcity.what);
    let scarce = scarce.filter(|_| bound.condition == Condition::LimitReached && level > Level::Ok);
    Some(Finding { scarce, ..Finding::new(&bound, level, value, fact, advice) })
}

fn lateness(condition: Condition, seen: &Observed) -> Option<Lateness> {
    match condition {
        Condition::PublishSlip => seen.slip,
        Condition::SendSlip => seen.send_slip,
        Condition::WorkerTimer => seen.worker_timer,
        _ => None,
    }
}

/// The bound as it holds for this step: four depend on what the scenario asked for.
fn bound_of(bound: &Bound, seen: &Observed) -> Bound {
    let breach = match bound.condition {
        // A slip matters beside the time between two events.
        Condition::PublishSlip | Condition::SendSlip => {
            bound.breach.max(0.05 * seen.event_interval_us.unwrap_or(0.0))
        }
        Condition::NeverConnected => bound.breach.max(seen.may_fail as f64),
        // All who come at once may find the queue full: that is what such a run looks at, and part of their time.
        Condition::ListenOverflows if seen.course == Course::Clients => f64::INFINITY,
        _ => bound.breach,
    };
    Bound { breach, ..*bound }
}

/// How far a series moved, as a share of its lower part.
fn shift(steadiness: Steadiness) -> f64 {
    match steadiness {
        Steadiness::Steady => 0.0,
        Steadiness::Changed(change) => {
            (change.after - change.before).abs() / change.before.min(change.after).max(1.0)
        }
    }
}

fn level_of(value: f64, bound: &Bound) -> Level {
    if value > bound.breach {
        Level::Breach
    } else if value > bound.warning {
        Level::Warning
    } else {
        Level::Ok
    }
}

#[cfg(test)]
mod tests;
