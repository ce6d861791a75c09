//! Findings in words. Judges nothing.

use super::{Condition, Listeners, Observed, Scarce, Scarcity};
use crate::statistics::Steadiness;

/// The value in words; `few` marks a percentile that too few samples stand behind.
pub(super) fn fact(condition: Condition, value: f64, few: &str, seen: &Observed) -> String {
    let ms = value / 1e3;
    let percent = value * 100.0;
    match condition {
        Condition::PublishSlip => format!("publish slip p99 {few}{ms:.1} ms"),
        Condition::WorkerBusy => format!("busiest worker {percent:.0} % busy"),
        Condition::TargetBusy => format!("busiest target {percent:.0} % busy"),
        Condition::CpuShared => {
            format!("both sides together used {percent:.0} % of what they had of the CPUs they share")
        }
        Condition::WorkerTimer => format!("worker timers p99 {few}{ms:.1} ms late"),
        Condition::WorkerRunQueue => {
            format!("a worker waited {ms:.1} ms for a CPU each time in its worst second")
        }
        Condition::SendSlip => format!("send slip p99 {few}{ms:.1} ms"),
        Condition::HostSteal => format!("{percent:.0} % of the CPU time went to other machines of this host"),
        Condition::NeverConnected => format!("{value:.0} clients never connected"),
        Condition::PublishesSkipped => format!("{value:.0} scheduled events never published"),
        Condition::ListenOverflows => {
            let whose = match seen.listeners {
                Listeners::OfTheHost => "this host, perhaps another program's",
                Listeners::OfTheTargets => "a target",
            };
            format!("{value:.0} connection attempts dropped at a full accept queue of {whose}")
        }
        Condition::Lost => format!("{value:.0} expected events lost"),
        Condition::CutOff => {
            format!("the target cut clients off {value:.0} times because they read too slowly")
        }
        Condition::LimitReached => limit(value, seen.scarcity),
        Condition::WireDisagreement => {
            format!("both ends' accounts of the wire differ by {percent:.1} %")
        }
        Condition::Unsteady => course(seen.steadiness),
    }
}

/// What follows where a value is beyond a bound, and what to do.
pub(super) fn advice(condition: Condition) -> &'static str {
    match condition {
        Condition::PublishSlip => {
            "the publisher was held up; latencies count from the due time and include it"
        }
        Condition::WorkerBusy => "the generator may be the limit; use more workers or fewer clients",
        Condition::TargetBusy => "the target is at its limit, which is a result",
        Condition::CpuShared => {
            "the generator waits for the target's CPU, and latencies contain it; use more CPUs, fewer clients or a \
             lower rate"
        }
        Condition::WorkerTimer | Condition::WorkerRunQueue => {
            "the generator was held up; end other programs, or use more CPUs, more workers or a lower rate"
        }
        Condition::SendSlip => {
            "the senders were held up, which is the generator's doing; latencies count from the due time and include it; \
             use more CPUs, more workers or a lower rate"
        }
        Condition::HostSteal => "a hypervisor held both sides up; measure on a quieter host",
        Condition::NeverConnected => "figures speak of the connected ones only",
        Condition::PublishesSkipped => "what was due could not be published",
        Condition::ListenOverflows => "lower connect_rate or raise net.core.somaxconn",
        Condition::Lost => "see the ledger columns",
        Condition::CutOff => {
            "the generator did not keep up with what it was sent; use more workers or a lower rate, or let clients be \
             further behind (target.backlog)"
        }
        Condition::Unsteady => {
            "the measure phase was not steady; look at the latency over time, warm up longer"
        }
        Condition::WireDisagreement => {
            "segments were lost, or connections ended in unusual ways; trust the wire figures no further than that"
        }
        Condition::LimitReached => "raise it, or use fewer clients",
    }
}

fn limit(times: f64, scarcity: Option<Scarcity>) -> String {
    let Some(Scarcity { what, used, allowed }) = scarcity else {
        if times == 0.0 {
            return "no limit was hit".to_owned();
        }
        return format!(
            "a limit was hit {times:.0} times, which one the kernel's readings do not show (watches that other programs \
             took, memory for a socket, or the target's own)"
        );
    };
    let what = match what {
        Scarce::TargetFiles => "open files of a target process",
        Scarce::WorkerFiles => "open files of a worker process",
        Scarce::Ports => "ephemeral ports of a worker's address",
        Scarce::HostFiles => "open files of the whole host",
        Scarce::Watches => "sockets that one user may watch (fs.epoll.max_user_watches)",
        Scarce::Connections => "connections that the targets take (target.connections)",
        Scarce::Memory => {
            return format!("memory ran out ({} of {} MiB in use)", used >> 20, allowed >> 20);
        }
    };
    format!("{what} ran out, {times:.0} times ({used} of {allowed} in use)")
}

fn course(steadiness: Option<Steadiness>) -> String {
    match steadiness {
        Some(Steadiness::Changed(change)) => {
            let (before, after) = (time_us(change.before), time_us(change.after));
            format!("median moved from {before} to {after} at second {}", change.at)
        }
        _ => "the median of a second stayed where it was".to_owned(),
    }
}

/// A time in the unit that suits it: `870 µs`, `1.9 ms`, `2.4 s`.
pub(super) fn time_us(us: f64) -> String {
    match us {
        _ if us < 1e3 => format!("{us:.0} µs"),
        _ if us < 1e6 => format!("{:.1} ms", us / 1e3),
        _ => format!("{:.1} s", us / 1e6),
    }
}
