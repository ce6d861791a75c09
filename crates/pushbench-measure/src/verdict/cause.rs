//! Why a load was too much: which side gave out first, from what a round was judged by.
//!
//! The load generator is asked first. Whatever it could not do, or may not have done in time, is never held against the
//! transport: then the capacity is "at least" what went well.

use serde::{Deserialize, Serialize};

use super::{Condition, Finding, Level, Scarce, wording};
use crate::results::{Summary, ThresholdResult, Unit};

/// What ended a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A threshold was missed, or nothing was published in time, by a target whose thread was busy all the time.
    TargetCpu,
    /// The target takes no more connections, by a limit of its own.
    Connections,
    /// A threshold on a time was missed.
    Latency,
    /// A threshold on events that did not come was missed.
    Loss,
    /// A threshold on something else was missed.
    Threshold,
    /// Clients did not connect.
    Connecting,
    /// The figure of a threshold was not measured: there were too few samples of it, or nothing to measure it by.
    NotMeasured,
    /// The load generator had no CPU time left, or was late itself.
    Generator,
    /// Both sides share CPUs, and there was nothing left of these.
    SharedCpu,
    /// Something else held the machine up: another program, or a hypervisor that gave its CPU time to others.
    Host,
    /// Memory of the machine, which both sides have in common.
    Memory,
    /// Ports of the load generator's addresses.
    Ports,
    /// Open files, or sockets that may be watched.
    Files,
    /// A process of the round ended in the middle of it.
    Process,
    /// The upper end of the search was reached, and passed.
    UpperEnd,
    /// The number of probes was used up before the bounds were close enough.
    Probes,
}

impl Cause {
    /// Whether the transport with its target may be able to do more: it was not what gave out.
    #[must_use]
    pub fn leaves_more(self) -> bool {
        match self {
            Self::TargetCpu
            | Self::Connections
            | Self::Latency
            | Self::Loss
            | Self::Threshold
            | Self::Connecting => false,
            Self::NotMeasured
            | Self::Generator
            | Self::SharedCpu
            | Self::Host
            | Self::Memory
            | Self::Ports
            | Self::Files
            | Self::Process
            | Self::UpperEnd
            | Self::Probes => true,
        }
    }

    /// In a few words, for tables and charts.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::TargetCpu => "target CPU",
            Self::Connections => "the target's limit of connections",
            Self::Latency => "latency",
            Self::Loss => "loss",
            Self::Threshold => "threshold",
            Self::Connecting => "connecting",
            Self::NotMeasured => "not measured",
            Self::Generator => "the load generator is at its limit",
            Self::SharedCpu => "the CPUs that both sides share",
            Self::Host => "something else held the machine up",
            Self::Memory => "memory",
            Self::Ports => "ports",
            Self::Files => "open files",
            Self::Process => "a process that ended",
            Self::UpperEnd => "end of the search",
            Self::Probes => "number of probes",
        }
    }
}

/// A load that was too much.
#[derive(Debug, Clone, PartialEq)]
pub struct TooMuch {
    /// What gave out.
    pub cause: Cause,
    /// What was measured, for people.
    pub why: String,
    /// Whether it may have been chance: something held the machine up for a moment. Then it is worth a second look.
    pub by_chance: bool,
}

/// Whether a machine breaks it now and then whatever the load.
fn comes_by_chance(condition: Condition) -> bool {
    matches!(
        condition,
        Condition::WorkerTimer
            | Condition::WorkerRunQueue
            | Condition::SendSlip
            | Condition::HostSteal
            | Condition::PublishSlip
            | Condition::ListenOverflows
    )
}

/// What was too much about a round with these findings and thresholds; `None` where it went well.
#[must_use]
pub fn too_much(findings: &[Finding], thresholds: &[ThresholdResult]) -> Option<TooMuch> {
    let not_met = thresholds.iter().filter(|threshold| !threshold.met);
    let (missed, unknown): (Vec<_>, Vec<_>) = not_met.partition(|threshold| threshold.measured.is_some());
    let known = generator(findings, !missed.is_empty()).or_else(|| transport(findings, &missed));
    // What was not measured was not too much: it says nothing, where nothing else does.
    known.or_else(|| {
        let (cause, why) = (Cause::NotMeasured, in_words(unknown.first()?));
        Some(TooMuch { cause, why, by_chance: false })
    })
}

/// What gave out beside the transport and its target.
fn generator(findings: &[Finding], missed: bool) -> Option<TooMuch> {
    let breach = |finding: &&Finding| finding.level == Level::Breach;
    let of_breach = |finding: &Finding| {
        let cause = match finding.condition {
            Condition::WorkerBusy
            | Condition::WorkerTimer
            | Condition::WorkerRunQueue
            | Condition::SendSlip => Cause::Generator,
            Condition::CpuShared => Cause::SharedCpu,
            Condition::HostSteal => Cause::Host,
            Condition::LimitReached => match finding.scarce {
                Some(Scarce::Connections) => return None,
                Some(Scarce::Memory) => Cause::Memory,
                Some(Scarce::Ports) => Cause::Ports,
                // One that nobody knows may be the generator's.
                Some(Scarce::TargetFiles | Scarce::WorkerFiles | Scarce::HostFiles | Scarce::Watches)
                | None => Cause::Files,
            },
            _ => return None,
        };
        let by_chance = comes_by_chance(finding.condition);
        Some(TooMuch { cause, why: finding.fact().to_owned(), by_chance })
    };
    let broken = findings.iter().filter(breach).find_map(of_breach);
    broken.or_else(|| busier_than_the_target(findings).filter(|_| missed))
}

/// A worker that is nearly always busy, and more so than any target, delays what it receives itself.
fn busier_than_the_target(findings: &[Finding]) -> Option<TooMuch> {
    let of = |condition| findings.iter().find(|finding| finding.condition == condition);
    let worker = of(Condition::WorkerBusy).filter(|worker| worker.level > Level::Ok)?;
    let target = of(Condition::TargetBusy).map_or(0.0, |target| target.value);
    (worker.value > target).then(|| TooMuch {
        cause: Cause::Generator,
        why: format!("{}, busiest target {:.0} %", worker.fact(), target * 100.0),
        by_chance: false,
    })
}

/// What gave out of the transport and its target.
fn transport(findings: &[Finding], missed: &[&ThresholdResult]) -> Option<TooMuch> {
    let doubt = |condition| {
        findings.iter().find(|finding| finding.condition == condition && finding.level > Level::Ok)
    };
    let breach = |condition| doubt(condition).filter(|finding| finding.level == Level::Breach);
    let of_finding = |cause, finding: &Finding| {
        let by_chance = comes_by_chance(finding.condition);
        TooMuch { cause, why: finding.fact().to_owned(), by_chance }
    };
    let limit = breach(Condition::LimitReached).map(|limit| of_finding(Cause::Connections, limit));
    let threshold = || {
        let missed = missed.first()?;
        Some(TooMuch { cause: kind_of(missed), why: in_words(missed), by_chance: false })
    };
    let unpublished = || breach(Condition::PublishesSkipped).map(|skipped| of_finding(Cause::Loss, skipped));
    let unconnected = || breach(Condition::NeverConnected).map(|some| of_finding(Cause::Connecting, some));
    let busy = doubt(Condition::TargetBusy);
    // Measured from the due time: unless the target was busy, something else held it up.
    let held_up = |condition| breach(condition).map(|held_up| of_finding(Cause::Host, held_up));
    let slip = || held_up(Condition::PublishSlip);
    // Latency counts from the due time, so a publisher that is held up breaks its thresholds, too.
    let by_others = || slip().filter(|_| busy.is_none());
    let too_much = limit.or_else(by_others).or_else(threshold).or_else(unpublished).or_else(unconnected);
    let too_much = too_much.or_else(slip).or_else(|| held_up(Condition::ListenOverflows))?;
    let of_cpu = !matches!(too_much.cause, Cause::Connections | Cause::Connecting);
    Some(match busy.filter(|_| of_cpu) {
        Some(busy) => TooMuch {
            cause: Cause::TargetCpu,
            why: format!("{}, {}", busy.fact(), too_much.why),
            by_chance: false,
        },
        None => too_much,
    })
}

/// `latency_p99 < 250ms, measured 412 ms`; `no value of latency_p99 for < 250ms`.
fn in_words(missed: &ThresholdResult) -> String {
    let unit = Summary::unit(Summary::column_of(&missed.figure).unwrap_or_default());
    let Some(value) = missed.measured else {
        return format!("no value of {} for {}", missed.figure, missed.condition);
    };
    let measured = match unit {
        Unit::Time => wording::time_us(value),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Count if value.fract() == 0.0 => format!("{value:.0}"),
        Unit::Count => format!("{value:.2}"),
    };
    format!("{} {}, measured {measured}", missed.figure, missed.condition)
}

/// Columns that count events which did not come as they should.
const LOSSES: [&str; 6] = ["lost", "delivered", "missed", "slow_lost", "slow_skipped", "answers_cut_short"];

fn kind_of(missed: &ThresholdResult) -> Cause {
    let column = Summary::column_of(&missed.figure).unwrap_or_default();
    match Summary::unit(column) {
        _ if LOSSES.contains(&column) => Cause::Loss,
        _ if column == "late" => Cause::Latency,
        // CPU time is no delay.
        Unit::Time if !column.contains("cpu") => Cause::Latency,
        _ => Cause::Threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::lateness::late;
    use crate::verdict::{Observed, Scarcity, exhausted, judge};

    fn threshold(figure: &str, measured: impl Into<Option<f64>>, met: bool) -> ThresholdResult {
        let condition = "< 10ms".to_owned();
        ThresholdResult { figure: figure.to_owned(), condition, measured: measured.into(), met }
    }

    fn cause(seen: &Observed, missed: &[&str]) -> Option<Cause> {
        let thresholds: Vec<_> = missed.iter().map(|figure| threshold(figure, 5e4, false)).collect();
        too_much(&judge(seen), &thresholds).map(|too_much| too_much.cause)
    }

    #[test]
    fn what_gave_out_is_named_and_the_generator_is_asked_first() {
        let base = Observed { worker_busy: Some(0.4), target_busy: Some(0.5), ..Observed::default() };
        let scarce = |what| Some(Scarcity { what, used: 9, allowed: 9 });
        let limit = |what| Observed { limits_hit: 5, never_connected: 5, scarcity: scarce(what), ..base };
        let busy = |target, worker| Observed { target_busy: Some(target), worker_busy: Some(worker), ..base };
        let p99 = &["latency_p99"][..];
        let table: [(&str, Observed, &[&str], Option<Cause>); 26] = [
            ("all well", base, &[], None),
            ("a busy target that copes", busy(0.99, 0.5), &[], None),
            ("a busy worker that copes", busy(0.5, 0.9), &[], None),
            ("late", base, p99, Some(Cause::Latency)),
            ("late and lost", base, &["lost", "latency_p99"], Some(Cause::Loss)),
            ("dear", base, &["target_cpu_us_per_event"], Some(Cause::Threshold)),
            ("large", base, &["target_bytes_per_client"], Some(Cause::Threshold)),
            ("a busy target that is late", busy(0.9, 0.5), p99, Some(Cause::TargetCpu)),
            ("both busy, the target more", busy(0.94, 0.9), p99, Some(Cause::TargetCpu)),
            ("both busy, the worker more", busy(0.85, 0.9), p99, Some(Cause::Generator)),
            ("a worker without time", busy(0.99, 0.97), p99, Some(Cause::Generator)),
            ("the same with every threshold met", busy(0.5, 0.97), &[], Some(Cause::Generator)),
            (
                "a worker that is late",
                Observed { worker_timer: late(3e4), ..base },
                p99,
                Some(Cause::Generator),
            ),
            (
                "a worker that waits",
                Observed { worker_run_queue_us: Some(3e4), ..base },
                p99,
                Some(Cause::Generator),
            ),
            ("senders that are late", Observed { send_slip: late(5e4), ..base }, p99, Some(Cause::Generator)),
            (
                "senders that are late to a busy target",
                Observed { send_slip: late(5e4), ..busy(0.99, 0.5) },
                p99,
                Some(Cause::Generator),
            ),
            (
                "one CPU for both",
                Observed { cpu_shared: Some(0.99), ..busy(0.6, 0.4) },
                p99,
                Some(Cause::SharedCpu),
            ),
            ("overflow", Observed { listen_overflows: Some(9), ..base }, &[], Some(Cause::Host)),
            ("never published", Observed { publishes_skipped: 9, ..base }, &[], Some(Cause::Loss)),
            ("stolen", Observed { host_steal: Some(0.5), ..base }, p99, Some(Cause::Host)),
            ("the target's limit", limit(Scarce::Connections), p99, Some(Cause::Connections)),
            ("ports", limit(Scarce::Ports), p99, Some(Cause::Ports)),
            ("files", limit(Scarce::WorkerFiles), &[], Some(Cause::Files)),
            ("not connected", Observed { never_connected: 3, ..base }, &[], Some(Cause::Connecting)),
            ("slip", Observed { slip: late(5e4), ..base }, &[], Some(Cause::Host)),
            (
                "slip of a busy target",
                Observed { slip: late(5e4), ..busy(0.99, 0.5) },
                &[],
                Some(Cause::TargetCpu),
            ),
        ];
        for (name, seen, missed, expected) in table {
            assert_eq!(cause(&seen, missed), expected, "{name}");
        }
        let unknown = Observed { limits_hit: 5, ..base };
        assert_eq!(cause(&unknown, p99), Some(Cause::Files), "what nobody knows may be the generator's");
        let memory = Scarcity { what: Scarce::Memory, used: 9, allowed: 9 };
        assert_eq!(too_much(&exhausted(memory), &[]).unwrap().cause, Cause::Memory);
    }

    #[test]
    fn what_was_not_measured_is_held_against_nobody() {
        let base = Observed { worker_busy: Some(0.4), target_busy: Some(0.5), ..Observed::default() };
        let busy = |target, worker| Observed { target_busy: Some(target), worker_busy: Some(worker), ..base };
        let unknown = || threshold("latency_p99", None::<f64>, false);
        let (missed, met) = (threshold("lost", 3.0, false), threshold("lost", 0.0, true));
        let table = [
            ("nothing else is known", base, vec![met, unknown()], Cause::NotMeasured),
            ("a busy target", busy(0.99, 0.5), vec![unknown()], Cause::NotMeasured),
            ("a busy worker", busy(0.5, 0.9), vec![unknown()], Cause::NotMeasured),
            ("a worker without time", busy(0.5, 0.99), vec![unknown()], Cause::Generator),
            ("what was measured was missed", base, vec![unknown(), missed.clone()], Cause::Loss),
            ("the same of a busy target", busy(0.99, 0.5), vec![unknown(), missed], Cause::TargetCpu),
            ("never published", Observed { publishes_skipped: 9, ..base }, vec![unknown()], Cause::Loss),
            ("slip", Observed { slip: late(5e4), ..base }, vec![unknown()], Cause::Host),
        ];
        for (name, seen, thresholds, cause) in table {
            let too_much = too_much(&judge(&seen), &thresholds).unwrap();
            assert_eq!(too_much.cause, cause, "{name}");
            let is_told = too_much.why == "no value of latency_p99 for < 10ms";
            assert_eq!(is_told, cause == Cause::NotMeasured, "{name}: {}", too_much.why);
        }
    }

    #[test]
    fn what_may_be_chance_is_known_from_what_is_not() {
        let base = Observed { worker_busy: Some(0.4), target_busy: Some(0.5), ..Observed::default() };
        let slip = Observed { slip: late(5e4), ..base };
        let table = [
            (slip, false, true),
            (Observed { worker_timer: late(3e4), ..base }, true, true),
            (Observed { send_slip: late(5e4), target_busy: Some(0.99), ..base }, true, true),
            (Observed { listen_overflows: Some(2), ..base }, false, true),
            (slip, true, true),
            (Observed { target_busy: Some(0.99), ..slip }, false, false),
            (Observed { worker_busy: Some(0.99), ..base }, false, false),
            (Observed { never_connected: 1, listen_overflows: Some(2), ..base }, false, false),
        ];
        for (seen, missed, by_chance) in table {
            let thresholds = [threshold("latency_p99", 5e4, !missed)];
            let too_much = too_much(&judge(&seen), &thresholds).unwrap();
            assert_eq!(too_much.by_chance, by_chance, "{too_much:?}");
        }
    }

    #[test]
    fn it_says_what_was_measured() {
        let seen = Observed { target_busy: Some(0.97), worker_busy: Some(0.5), ..Observed::default() };
        let missed = [threshold("latency_p99", 412_000.0, false)];
        let too_much = too_much(&judge(&seen), &missed).unwrap();
        assert_eq!(too_much.why, "busiest target 97 % busy, latency_p99 < 10ms, measured 412.0 ms");
    }

    #[test]
    fn only_what_the_transport_or_its_target_did_is_a_capacity() {
        let answers = [Cause::TargetCpu, Cause::Connections, Cause::Latency, Cause::Loss];
        assert!(answers.iter().all(|cause| !cause.leaves_more()));
        let others = [
            Cause::NotMeasured,
            Cause::Generator,
            Cause::SharedCpu,
            Cause::Memory,
            Cause::Ports,
            Cause::UpperEnd,
        ];
        assert!(others.iter().all(|cause| cause.leaves_more()));
    }
}
