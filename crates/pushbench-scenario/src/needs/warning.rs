//! What the machine allows but will be felt: bounds of the kernel that a plan comes close to or goes beyond, and clients
//! that are too few for their answers.
//!
//! None of them forbids a run. Each is named once, for the step that goes furthest.

use std::fmt;
use std::time::Duration;

use super::{Machine, StepNeeds};
use crate::answers::longest_of;
use crate::plan::{EventSize, Plan};
use crate::schedule::asks;

/// How long a target may be busy with something else while connections wait in its accept queue.
const PAUSE: Duration = Duration::from_millis(250);
/// What the least unread data takes of TCP's memory: it is charged by the page.
const PAGE_BYTES: u64 = 4096;

/// A bound that will be felt. Its text is a line, then a `hint:` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What will happen.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warning: {}\n  hint: {}", self.text, self.remedy)
    }
}

/// Everything that will be felt.
pub(super) fn of(plan: &Plan, machine: &Machine, steps: &[StepNeeds]) -> Vec<Warning> {
    let all = [
        accept_queue(plan, machine, steps),
        time_wait(machine, steps),
        tcp_memory(plan, machine, steps),
        late_asks(plan, steps),
    ];
    all.into_iter().flatten().collect()
}

/// Arrivals are paced, so that the queue is empty unless a target pauses.
fn accept_queue(plan: &Plan, machine: &Machine, steps: &[StepNeeds]) -> Option<Warning> {
    let fewest_targets = steps.iter().map(|step| step.targets).min()?.max(1);
    let connections = plan.transports.iter().map(|transport| plan.connections_per_client(transport)).max()?;
    let per_target = plan.connect_rate * f64::from(connections) / f64::from(fewest_targets);
    // No more can wait than arrive in all.
    let waiting = (per_target * PAUSE.as_secs_f64())
        .min(steps.iter().map(|step| (step.sockets / 2) as f64).fold(0.0, f64::max));
    let backlog = machine.listen_backlog;
    (waiting > f64::from(backlog)).then(|| Warning {
        text: format!(
            "clients.connect_rate: {per_target:.0}/s arrive at each target, whose accept queue of {backlog} is full when it \
             pauses for {} ms; the kernel drops what comes then",
            (f64::from(backlog) / per_target * 1e3) as u64
        ),
        remedy: "a lower connect_rate, more [target] processes, or sysctl -w net.core.somaxconn=65535".to_owned(),
    })
}

fn time_wait(machine: &Machine, steps: &[StepNeeds]) -> Option<Warning> {
    let most = steps.iter().max_by_key(|step| step.time_wait)?;
    let (most, label, kept) = (most.time_wait, &most.label, machine.time_wait_max);
    (most > kept).then(|| Warning {
        text: format!(
            "{most} sockets of `{label}` would be in TIME_WAIT, the kernel keeps {kept}: that figure ends there"
        ),
        remedy: format!("sysctl -w net.ipv4.tcp_max_tw_buckets={most}, or a lower rate"),
    })
}

/// An event on its way to many clients lies unread in as many sockets where the workers cannot keep up.
fn tcp_memory(plan: &Plan, machine: &Machine, steps: &[StepNeeds]) -> Option<Warning> {
    if plan.events.rate <= 0.0 {
        return None;
    }
    let clients = steps.iter().map(|step| step.clients).max()?;
    let readers = u64::from(clients.div_ceil(plan.topics(clients).max(1)));
    let bytes = readers.saturating_mul(largest(plan.events.size).next_multiple_of(PAGE_BYTES));
    let most = machine.tcp_memory_max_bytes;
    (bytes > most).then(|| Warning {
        text: format!(
            "an event to {readers} clients takes up to {} MiB while nobody has read it, the kernel gives all of TCP {} MiB: \
             where the workers fall behind, segments are dropped and sent again",
            bytes >> 20,
            most >> 20
        ),
        remedy: format!(
            "sysctl -w net.ipv4.tcp_mem=\"{0} {0} {0}\", or events to fewer clients at a time",
            bytes / PAGE_BYTES
        ),
    })
}

/// Clients ask in turn, each for one answer at a time, and for the next when they have it.
fn late_asks(plan: &Plan, steps: &[StepNeeds]) -> Option<Warning> {
    let answers = plan.events.answers()?;
    let fewest = steps.iter().map(|step| step.clients).min()?;
    let rate = plan.events.rate * plan.events.shape.peak();
    let every = Duration::try_from_secs_f64(f64::from(fewest) / rate).ok()?;
    let until_ns = (plan.phases.warmup + plan.phases.measure).as_nanos() as u64;
    let asks = asks(plan.events.clone(), plan.seed).take_while(|due_ns| *due_ns < until_ns).count();
    let longest = longest_of(answers, plan.events.size, plan.seed, asks as u64);
    (longest > every).then(|| Warning {
        text: format!(
            "events.rate: each of {fewest} clients is to ask every {:.1} s, and the longest answer goes on for {:.1} s: \
             asks will be late",
            every.as_secs_f64(),
            longest.as_secs_f64()
        ),
        remedy: "more clients, a lower rate or shorter answers".to_owned(),
    })
}

fn largest(size: EventSize) -> u64 {
    u64::from(match size {
        EventSize::Fixed(bytes) => bytes,
        EventSize::Uniform { max, .. } => max,
        EventSize::LogNormal { p99, .. } => p99,
    })
}
