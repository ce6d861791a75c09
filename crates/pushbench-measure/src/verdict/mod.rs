//! Whether a run may be believed: conditions, bounds, and what was seen.
//!
//! All bounds stand in [`BOUNDS`]. Two levels: a warning is kept beside the figures, a breach makes them invalid.
//! This module judges numbers that others measured; it measures nothing.

mod finding;
mod rounds;
mod wording;

pub use finding::Finding;
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
    // The breach of the slip is 5 % of the time between two events, where that is more: see `bound_of`.
    Bound { condition: Condition::PublishSlip, warning: 2_000.0, breach: 10_000.0 },
    Bound { condition: Condition::WorkerBusy, warning: 0.80, breach: 0.95 },
    // A target at its limit is what some runs look for: a finding, never an invalid run.
    Bound { condition: Condition::TargetBusy, warning: 0.80, breach: f64::INFINITY },
    // Where the sides have no CPUs of their own, each waits for the other long before one thread is always busy.
    Bound { condition: Condition::CpuShared, warning: 0.80, breach: 0.95 },
    Bound { condition: Condition::WorkerTimer, warning: 2_000.0, breach: 20_000.0 },
    Bound { condition: Condition::WorkerRunQueue, warning: 2_000.0, breach: 20_000.0 },
    Bound { condition: Condition::HostSteal, warning: 0.02, breach: 0.20 },
    Bound { condition: Condition::NeverConnected, warning: 0.0, breach: 0.0 },
    Bound { condition: Condition::PublishesSkipped, warning: 0.0, breach: 0.0 },
    Bound { condition: Condition::ListenOverflows, warning: 0.0, breach: 0.0 },
    // Loss is a result about the transport, not a fault of the measurement.
    Bound { condition: Condition::Lost, warning: 0.0, breach: f64::INFINITY },
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

/// What a machine may have no more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scarce {
    /// Open files of a target process.
    TargetFiles,
    /// Open files of a worker process.
    WorkerFiles,
    /// Ports of a worker's address towards one target.
    Ports,
    /// Open files of all processes of the host together.
    HostFiles,
    /// Memory of the host, or of the control group that the run is in; used and allowed are bytes.
    Memory,
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
    /// Published − due, 99th percentile, microseconds.
    pub slip_p99_us: Option<f64>,
    /// Mean time between two publishes, microseconds.
    pub event_interval_us: Option<f64>,
    /// Busy share of the busiest worker.
    pub worker_busy: Option<f64>,
    /// Busy share of the busiest target.
    pub target_busy: Option<f64>,
    /// Share of the CPUs that both sides have in common which all processes together used; `None` where each side has
    /// CPUs of its own.
    pub cpu_shared: Option<f64>,
    /// Timer overshoot of the workers, 99th percentile, microseconds.
    pub worker_timer_p99_us: Option<f64>,
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
    /// Expected events that never arrived.
    pub lost: u64,
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
    let value = match bound.condition {
        Condition::PublishSlip => seen.slip_p99_us?,
        Condition::WorkerBusy => seen.worker_busy?,
        Condition::TargetBusy => seen.target_busy?,
        Condition::CpuShared => seen.cpu_shared?,
        Condition::WorkerTimer => seen.worker_timer_p99_us?,
        Condition::WorkerRunQueue => seen.worker_run_queue_us?,
        Condition::HostSteal => seen.host_steal?,
        Condition::NeverConnected => seen.never_connected as f64,
        Condition::PublishesSkipped => seen.publishes_skipped as f64,
        Condition::ListenOverflows => seen.listen_overflows? as f64,
        Condition::Lost => seen.lost as f64,
        Condition::LimitReached => seen.limits_hit as f64,
        Condition::WireDisagreement => seen.wire_disagreement?,
        Condition::Unsteady => shift(seen.steadiness?),
    };
    let bound = bound_of(bound, seen);
    let level = level_of(value, &bound);
    let fact = wording::fact(bound.condition, value, seen);
    let advice = (level > Level::Ok).then(|| wording::advice(bound.condition).to_owned());
    Some(Finding::new(&bound, level, value, fact, advice))
}

/// The bound as it holds for this step: two depend on what the scenario asked for.
fn bound_of(bound: &Bound, seen: &Observed) -> Bound {
    let breach = match bound.condition {
        // A slip matters beside the time between two events.
        Condition::PublishSlip => bound.breach.max(0.05 * seen.event_interval_us.unwrap_or(0.0)),
        Condition::NeverConnected => bound.breach.max(seen.may_fail as f64),
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
mod tests {
    use super::*;
    use crate::statistics::ChangePoint;

    fn level_for(condition: Condition, observed: &Observed) -> Option<Level> {
        judge(observed)
            .into_iter()
            .find(|finding| finding.condition == condition)
            .map(|finding| finding.level)
    }

    #[test]
    fn a_slip_is_a_breach_only_beyond_a_share_of_the_interval() {
        let table = [
            // slip p99 in ms, interval in ms, level
            (1.0, 200.0, Level::Ok),
            (3.0, 200.0, Level::Warning),
            (11.0, 200.0, Level::Breach),
            (11.0, 1000.0, Level::Warning),
            (51.0, 1000.0, Level::Breach),
        ];
        for (slip, interval, level) in table {
            let observed = Observed {
                slip_p99_us: Some(slip * 1e3),
                event_interval_us: Some(interval * 1e3),
                ..Observed::default()
            };
            assert_eq!(level_for(Condition::PublishSlip, &observed), Some(level), "{slip} of {interval} ms");
        }
    }

    #[test]
    fn a_busy_worker_makes_a_run_invalid_and_a_busy_target_does_not() {
        let busy = Observed { worker_busy: Some(0.99), target_busy: Some(0.99), ..Observed::default() };
        assert_eq!(level_for(Condition::WorkerBusy, &busy), Some(Level::Breach));
        assert_eq!(level_for(Condition::TargetBusy, &busy), Some(Level::Warning));
    }

    #[test]
    fn two_sides_that_use_up_the_cpus_they_share_make_a_run_invalid() {
        for (used, level) in [(0.80, Level::Ok), (0.81, Level::Warning), (0.96, Level::Breach)] {
            // Neither side alone is at its limit.
            let seen = Observed {
                worker_busy: Some(0.42),
                target_busy: Some(0.53),
                cpu_shared: Some(used),
                ..Observed::default()
            };
            assert_eq!(level_for(Condition::CpuShared, &seen), Some(level), "{used}");
            assert_eq!(level_for(Condition::WorkerBusy, &seen), Some(Level::Ok));
        }
        assert_eq!(level_for(Condition::CpuShared, &Observed::default()), None, "each has CPUs of its own");
    }

    #[test]
    fn overflows_are_told_of_whoever_was_counted() {
        let table = [
            (Listeners::OfTheHost, "3 connection attempts dropped at a full accept queue of this host, "),
            (Listeners::OfTheTargets, "3 connection attempts dropped at a full accept queue of a target: "),
        ];
        for (listeners, said) in table {
            let seen = Observed { listen_overflows: Some(3), listeners, ..Observed::default() };
            let findings = judge(&seen);
            let finding = findings.iter().find(|finding| finding.condition == Condition::ListenOverflows);
            assert!(finding.unwrap().text.starts_with(said), "{finding:?}");
        }
    }

    #[test]
    fn clients_may_fail_as_far_as_the_scenario_allows() {
        let observed = Observed { never_connected: 3, may_fail: 3, ..Observed::default() };
        assert_eq!(level_for(Condition::NeverConnected, &observed), Some(Level::Warning));
        let observed = Observed { never_connected: 4, may_fail: 3, ..Observed::default() };
        assert_eq!(level_for(Condition::NeverConnected, &observed), Some(Level::Breach));
    }

    #[test]
    fn a_limit_is_named_where_it_was_found_out() {
        let fact = |scarcity| {
            let seen = Observed { limits_hit: 7, scarcity, ..Observed::default() };
            let findings = judge(&seen);
            let finding = findings.iter().find(|finding| finding.condition == Condition::LimitReached);
            let finding = finding.unwrap().clone();
            assert_eq!(finding.level, Level::Breach);
            finding.fact.unwrap()
        };
        assert_eq!(
            fact(None),
            "a limit was hit 7 times, which one the kernel's readings do not show (ports that others took, sockets' memory, \
             watches of a poller, or the target's own)"
        );
        let named = |what| fact(Some(Scarcity { what, used: 98, allowed: 100 }));
        let table = [
            (Scarce::TargetFiles, "open files of a target process"),
            (Scarce::WorkerFiles, "open files of a worker process"),
            (Scarce::Ports, "ephemeral ports of a worker's address"),
            (Scarce::HostFiles, "open files of the whole host"),
        ];
        for (what, name) in table {
            assert_eq!(named(what), format!("{name} ran out, 7 times (98 of 100 in use)"));
        }
        let memory = Scarcity { what: Scarce::Memory, used: 23_900 << 20, allowed: 24_000 << 20 };
        assert_eq!(fact(Some(memory)), "memory ran out (23900 of 24000 MiB in use)", "once is enough");
    }

    fn moved(before: f64, after: f64) -> Steadiness {
        Steadiness::Changed(ChangePoint { at: 12, before, after, probability: 0.001 })
    }

    #[test]
    fn a_median_that_moves_is_a_warning_and_told_with_its_second() {
        for (after_us, level) in [(1_150.0, Level::Ok), (1_900.0, Level::Warning), (500.0, Level::Warning)] {
            let seen = Observed { steadiness: Some(moved(1_000.0, after_us)), ..Observed::default() };
            assert_eq!(level_for(Condition::Unsteady, &seen), Some(level), "{after_us}");
        }
        let seen = Observed { steadiness: Some(moved(1_000.0, 1_900.0)), ..Observed::default() };
        let finding = judge(&seen).pop().unwrap();
        assert!(finding.text.starts_with("median moved from 1.0 ms to 1.9 ms at second 12: "), "{finding:?}");
        assert_eq!((finding.value, finding.warning, finding.breach), (0.9, Some(0.2), None));
        let steady = Observed { steadiness: Some(Steadiness::Steady), ..Observed::default() };
        assert_eq!(judge(&steady).pop().unwrap().text, "the median of a second stayed where it was");
        assert_eq!(level_for(Condition::Unsteady, &Observed::default()), None, "too short to tell");
    }

    #[test]
    fn a_finding_carries_the_bounds_that_held() {
        let seen = Observed {
            slip_p99_us: Some(12_000.0),
            event_interval_us: Some(1e6),
            may_fail: 3,
            ..Observed::default()
        };
        let findings = judge(&seen);
        let bounds = |condition| {
            let finding = findings.iter().find(|finding| finding.condition == condition).unwrap();
            (finding.warning, finding.breach)
        };
        assert_eq!(bounds(Condition::PublishSlip), (Some(2_000.0), Some(50_000.0)));
        assert_eq!(bounds(Condition::NeverConnected), (Some(0.0), Some(3.0)));
        assert_eq!(bounds(Condition::Lost), (Some(0.0), None));
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let conditions: Vec<_> = judge(&Observed::default()).into_iter().map(|f| f.condition).collect();
        assert!(!conditions.contains(&Condition::WorkerBusy) && conditions.contains(&Condition::Lost));
        assert!(judge(&Observed::default()).iter().all(|finding| finding.level == Level::Ok));
    }

    #[test]
    fn every_condition_has_a_bound() {
        let all = Observed {
            slip_p99_us: Some(1e9),
            worker_busy: Some(1.0),
            target_busy: Some(1.0),
            cpu_shared: Some(1.0),
            worker_timer_p99_us: Some(1e9),
            worker_run_queue_us: Some(1e9),
            host_steal: Some(1.0),
            never_connected: 1,
            publishes_skipped: 1,
            listen_overflows: Some(1),
            lost: 1,
            limits_hit: 1,
            wire_disagreement: Some(1.0),
            steadiness: Some(moved(1_100.0, 1_900.0)),
            ..Observed::default()
        };
        let findings = judge(&all);
        assert_eq!(findings.len(), BOUNDS.len());
        assert!(findings.iter().all(|finding| finding.level > Level::Ok && finding.text.contains(": ")));
    }
}
