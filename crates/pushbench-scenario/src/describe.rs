//! A plan and its needs in words, for people who want to know before they run it.

mod points;

pub use points::describe_scenario;

use pushbench_measure::results::Vary;
use pushbench_transport::settings::TransportSettings as _;
use pushbench_transport::{Period, Size};
use std::fmt::Write as _;
use std::time::Duration;

use crate::answers::{Answers, Parts};
use crate::capacity::{Capacity, HighestRate};
use crate::coalesce::Coalesce;
use crate::life::Life;
use crate::needs::{Machine, Needs, StepNeeds, topics_in_words};
use crate::plan::{Arrival, BACKLOG_BYTES, EventSize, Events, Network, Plan, Source, TransportPlan};
use crate::slow::SlowPolicy;

/// The resolved plan, what it needs, and what forbids it: several lines, the last one ended.
#[must_use]
pub fn describe(plan: &Plan, needs: &Needs) -> String {
    let mut text = format!("{}: {}\n", plan.name, plan.title);
    for (name, value) in facts(plan) {
        let _ = writeln!(text, "  {name:<11} {value}");
    }
    text.push('\n');
    table(&mut text, &transports(plan));
    text.push('\n');
    table(&mut text, &costs(needs.steps.iter()));
    let rounds = if plan.rounds > 1 { format!(", {} rounds", plan.rounds) } else { String::new() };
    let files = coordinator(std::slice::from_ref(needs));
    let time = match rounded(needs.duration) {
        time if needs.duration_least < needs.duration => {
            let least = rounded(needs.duration_least);
            format!("{least} to {time}, as far as the search gets and unless the machine is held up,")
        }
        time => format!("about {time}"),
    };
    let _ = write!(text, "{files}\n  {time} in all{rounds}\n");
    tail(&mut text, std::slice::from_ref(needs));
    text
}

/// The machine, and what of it forbids something or will be felt.
fn tail(text: &mut String, needs: &[Needs]) {
    let Some(of_first) = needs.first() else { return };
    let Machine { open_files_soft_after_raise: files, ports: (first, last), cpus, .. } = of_first.machine;
    let memory = of_first.machine.memory_available_bytes >> 20;
    let _ = writeln!(
        text,
        "  this machine: {cpus} CPUs, {files} open files per process, ports {first} to {last}, {memory} MiB free"
    );
    let warnings = needs.iter().flat_map(Needs::warnings).map(ToString::to_string);
    let refusals = needs.iter().flat_map(Needs::refusals).map(|refusal| refusal.to_string());
    for line in same(warnings.chain(refusals).collect()) {
        let _ = writeln!(text, "{line}");
    }
}

/// What several points say, each once, in the order in which it is said first.
fn same<T: PartialEq>(said: Vec<T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in said {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let steps: Vec<String> = plan.steps.iter().map(u32::to_string).collect();
    let then = if plan.capacity.is_some() { " to " } else { ", then " };
    let phases = &plan.phases;
    let mut facts = vec![("file", format!("{}, sha256 {:.12}", plan.path, plan.sha256))];
    if !plan.overrides.is_empty() {
        facts.push(("changed by", plan.overrides.join(" ")));
    }
    facts.push(("seed", plan.seed.to_string()));
    facts.push(("network", network(plan.network)));
    let failures = match plan.may_fail {
        share if share > 0.0 => format!("{}% may fail to connect", share * 100.0),
        _ => "all must connect".to_owned(),
    };
    facts.push(("clients", format!("{}, {} arrive, {failures}", steps.join(then), rate(plan.connect_rate))));
    facts.push(("events", events(&plan.events)));
    let warmup_ns = Period::from_duration(phases.warmup).as_ns();
    for (what, shape) in [("clients", &plan.presence), ("rate", &plan.events.shape)] {
        if !shape.is_flat() {
            facts.push(("shape", format!("{what}: {}", shape.in_words(warmup_ns))));
        }
    }
    facts.extend(life(&plan.life).map(|life| ("life", life)));
    facts.extend(plan.events.answers().map(|answers| ("answers", answers_in_words(&plan.events, answers))));
    facts.extend(plan.capacity.map(|capacity| ("search", search(plan, &capacity))));
    // As a file would have them, so that none is rounded.
    let [warmup, measure, drain] = [phases.warmup, phases.measure, phases.drain].map(Period::from_duration);
    facts.push(("phases", format!("warm-up {warmup}, measure {measure}, drain {drain}")));
    facts.push(("target", format!("keeps {} events per topic", plan.ring_events)));
    if let Some(connections) = plan.target_connections {
        facts.push(("connections", format!("{connections} at the target, further ones are refused")));
    }
    if plan.coalesce != Coalesce::Off {
        facts.push(("coalesce", plan.coalesce.to_string()));
    }
    facts.extend(slow(plan));
    if let Some(inject) = plan.inject {
        facts.push(("faults", format!("injected by the target: {inject}")));
    }
    for threshold in &plan.thresholds {
        let (label, figure, condition) = (&threshold.label, &threshold.figure, &threshold.condition);
        facts.push(("threshold", format!("{label}: {figure} {condition}")));
    }
    facts
}

/// Who reads slowly, and what the target does about it where that is not as ever.
fn slow(plan: &Plan) -> Vec<(&'static str, String)> {
    let Plan { slow, slow_policy, backlog_bytes, send_buffer_bytes, .. } = plan;
    let is_usual = *slow_policy == SlowPolicy::default() && *backlog_bytes == BACKLOG_BYTES;
    if slow.is_none() && is_usual && send_buffer_bytes.is_none() {
        return Vec::new();
    }
    let readers = slow.map_or_else(|| "nobody by plan".to_owned(), |slow| slow.to_string());
    let buffer = match send_buffer_bytes {
        Some(bytes) => Size::from_bytes(u64::from(*bytes)).to_string(),
        None => "the kernel's own, which grows".to_owned(),
    };
    let backlog = Size::from_bytes(*backlog_bytes);
    let then = match slow_policy {
        SlowPolicy::Disconnect => "are cut off",
        SlowPolicy::Skip => "skip what the ring no longer holds",
    };
    let policy = format!("who is {backlog} behind: {then}; send buffers: {buffer}");
    vec![("slow", readers), ("", policy)]
}

/// What is searched for, and how long a probe may measure.
fn search(plan: &Plan, capacity: &Capacity) -> String {
    let [from, to] =
        [capacity.from, capacity.to.unwrap_or(capacity.from)].map(|value| capacity.in_words(value));
    let percent = (capacity.precision * 1000.0).round() / 10.0;
    let longest = |transport: &TransportPlan| {
        let probe = capacity.probe(plan, &transport.label, capacity.search_from());
        (probe.plan.phases.measure, probe.capped)
    };
    let (measure, capped) = plan.transports.iter().map(longest).max().unwrap_or_default();
    let capped = if capped { ", too short for its percentiles: raise longest" } else { "" };
    format!(
        "{from} to {to}{}, to within {percent} %, at most {} probes of each transport; the first measures {}{capped}",
        end_of_rates(plan, capacity),
        capacity.probes,
        Period::from_duration(measure)
    )
}

/// Why a search for a rate ends where it does, if that follows from the rest of the plan.
fn end_of_rates(plan: &Plan, capacity: &Capacity) -> String {
    if capacity.vary != Vary::Rate {
        return String::new();
    }
    let fewest = plan.steps.iter().copied().min().unwrap_or(1);
    let highest = HighestRate::of(&plan.events, fewest, &plan.phases);
    let ends_there = capacity.to.is_some_and(|to| to >= highest.rate);
    if ends_there { format!(", {}", highest.bound) } else { String::new() }
}

fn network(network: Network) -> String {
    let made = match network {
        Network::Loopback => "",
        Network::Veth => ", two namespaces and a cable that the run makes and removes",
    };
    format!("{}, MTU {}{made}", network.name(), network.mtu())
}

fn events(events: &Events) -> String {
    let arrival = match events.arrival {
        Arrival::Constant => "evenly",
        Arrival::Poisson => "at random",
    };
    let size = |bytes: u32| Size::from_bytes(u64::from(bytes));
    let size = match events.size {
        EventSize::Fixed(bytes) => size(bytes).to_string(),
        EventSize::Uniform { min, max } => format!("{} to {}", size(min), size(max)),
        EventSize::LogNormal { p50, p99 } => format!("{} (p50) to {} (p99)", size(p50), size(p99)),
    };
    let what = match events.source {
        Source::Publisher => "",
        Source::Answers(_) => " asks",
        Source::Members => " of each client",
    };
    format!("{}{what} {arrival}, {size}, {}", rate(events.rate), topics_in_words(events.topics))
}

/// What an answer is, and what follows from the rate of asks.
fn answers_in_words(events: &Events, answers: &Answers) -> String {
    let parts = match answers.parts {
        Parts::Fixed(parts) => parts.to_string(),
        Parts::Uniform { min, max } => format!("{min} to {max}"),
    };
    let length_s = answers.mean_length_ns() / 1e9;
    format!(
        "{parts} parts, the first after {}, then {} apart, a stall above {}; {length_s:.1} s long, so about {:.0} at once \
         and {} parts",
        answers.first,
        answers.gap,
        Period::from_duration(Duration::from_nanos(answers.stall_ns)),
        (events.rate * length_s).ceil(),
        rate(events.per_second())
    )
}

/// What happens to connections; `None` where they stay from their arrival to the end.
fn life(life: &Life) -> Option<String> {
    let period = |time: Duration| Period::from_duration(time);
    let mut parts = Vec::new();
    if let Some(lifetime) = &life.lifetime {
        parts.push(format!("clients stay {lifetime}, then are away {}", life.pause));
    }
    if let Some(storm) = life.storm {
        parts.push(format!(
            "at {} the target drops {}% of its connections",
            period(storm.at),
            typed(storm.share)
        ));
    }
    if let Some(restart) = life.restart {
        parts.push(format!("at {} it is away for {}", period(restart.at), period(restart.down)));
    }
    let resume =
        if life.resume { "who comes back asks for what it missed" } else { "nobody asks for what it missed" };
    parts.push(resume.to_owned());
    life.brings_back().then(|| parts.join("; "))
}

/// A share in percent, rounded to thousandths.
fn typed(share: f64) -> f64 {
    (share * 1e5).round() / 1e3
}

/// A rate as it would be typed: `5/s`, `4/m`.
fn rate(per_second: f64) -> String {
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    let per_minute = rounded(per_second * 60.0);
    if per_second < 1.0 && per_minute >= 0.001 {
        format!("{per_minute}/m")
    } else {
        format!("{}/s", rounded(per_second))
    }
}

fn transports(plan: &Plan) -> Vec<Vec<String>> {
    let mut rows = vec![["transport", "kind", "settings"].map(str::to_owned).to_vec()];
    for transport in &plan.transports {
        let settings = &transport.settings;
        rows.push(vec![transport.label.clone(), settings.kind().to_string(), settings.describe()]);
    }
    rows
}

fn costs<'a>(steps: impl Iterator<Item = &'a StepNeeds>) -> Vec<Vec<String>> {
    let head = [
        "needs",
        "clients",
        "targets",
        "workers",
        "files each",
        "sockets",
        "opens/s",
        "time-wait",
        "ports each",
        "memory",
        "time",
    ];
    let row = |step: &StepNeeds| {
        vec![
            step.label.clone(),
            step.clients.to_string(),
            step.targets.to_string(),
            step.workers.to_string(),
            step.files_per_target.max(step.files_per_worker).to_string(),
            step.sockets.to_string(),
            format!("{:.0}", step.opens_per_second),
            step.time_wait.to_string(),
            step.ports_per_target.to_string(),
            format!("{} MiB", step.memory_bytes().div_ceil(1 << 20)),
            rounded(step.duration),
        ]
    };
    std::iter::once(head.map(str::to_owned).to_vec()).chain(steps.map(row)).collect()
}

/// Files of the coordinator at most, said if a step has it need more than the processes of its clients.
fn coordinator(needs: &[Needs]) -> String {
    let most = |step: &&StepNeeds| step.files_coordinator > step.files_per_target.max(step.files_per_worker);
    let files = needs.iter().flat_map(|needs| &needs.steps).filter(most).map(|step| step.files_coordinator);
    files.max().map_or_else(String::new, |files| {
        format!("\n  the coordinator needs {files} files, more than any other process\n")
    })
}

/// Columns of equal width; numbers, which are all but the first column, to the right.
fn table(text: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let numbers = columns > 3;
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if numbers && column > 0 { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "  {}", line.trim_end());
    }
}

/// An estimate, as people say it: whole seconds below two minutes, whole minutes from an hour on.
pub(crate) fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    let (large, small) = match seconds {
        0..120 => return format!("{seconds} s"),
        120..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        _ => {
            let minutes = seconds.saturating_add(30) / 60;
            ((minutes / 60, "h"), (minutes % 60, "min"))
        }
    };
    match small {
        (0, _) => format!("{} {}", large.0, large.1),
        (count, unit) => format!("{} {} {count} {unit}", large.0, large.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let table = [
            (2_000, "2 s"),
            (13_600, "14 s"),
            (54_400, "54 s"),
            (119_400, "119 s"),
            (119_600, "2 min"),
            (576_000, "9 min 36 s"),
            (3_599_400, "59 min 59 s"),
            (3_600_000, "1 h"),
            (7_199_000, "2 h"),
            (518_496_000, "144 h 2 min"),
            (518_460_000, "144 h 1 min"),
        ];
        for (millis, text) in table {
            assert_eq!(rounded(Duration::from_millis(millis)), text);
        }
    }
}
