//! A plan and its needs in words, for people who want to know before they run it.

use pushbench_transport::settings::TransportSettings as _;
use pushbench_transport::{Period, Size};
use std::fmt::Write as _;
use std::time::Duration;

use crate::coalesce::Coalesce;
use crate::needs::{Machine, Needs, StepNeeds, topics_in_words};
use crate::plan::{Arrival, EventSize, Events, Network, Plan};

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
    table(&mut text, &costs(needs));
    if let Some(files) = coordinator(needs) {
        let _ = writeln!(text, "\n  the coordinator needs {files} files, more than any other process");
    }
    let rounds = if plan.rounds > 1 { format!(", {} rounds", plan.rounds) } else { String::new() };
    let _ = writeln!(text, "\n  about {} in all{rounds}", rounded(needs.duration));
    let Machine { open_files_soft_after_raise: files, ports: (first, last), cpus, .. } = needs.machine;
    let memory = needs.machine.memory_available_bytes >> 20;
    let _ = writeln!(
        text,
        "  this machine: {cpus} CPUs, {files} open files per process, ports {first} to {last}, {memory} MiB free"
    );
    for warning in needs.warnings() {
        let _ = writeln!(text, "{warning}");
    }
    for refusal in needs.refusals() {
        let _ = writeln!(text, "{refusal}");
    }
    text
}

fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let steps: Vec<String> = plan.steps.iter().map(u32::to_string).collect();
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
    facts.push((
        "clients",
        format!("{}, {} arrive, {failures}", steps.join(", then "), rate(plan.connect_rate)),
    ));
    facts.push(("events", events(&plan.events)));
    let warmup_ns = Period::from_duration(phases.warmup).as_ns();
    for (what, shape) in [("clients", &plan.presence), ("rate", &plan.events.shape)] {
        if !shape.is_flat() {
            facts.push(("shape", format!("{what}: {}", shape.in_words(warmup_ns))));
        }
    }
    // As a file would have them, so that none is rounded.
    let [warmup, measure, drain] = [phases.warmup, phases.measure, phases.drain].map(Period::from_duration);
    facts.push(("phases", format!("warm-up {warmup}, measure {measure}, drain {drain}")));
    facts.push(("target", format!("keeps {} events per topic", plan.ring_events)));
    if plan.coalesce != Coalesce::Off {
        facts.push(("coalesce", plan.coalesce.to_string()));
    }
    if let Some(inject) = plan.inject {
        facts.push(("faults", format!("injected by the target: {inject}")));
    }
    for threshold in &plan.thresholds {
        let (label, figure, condition) = (&threshold.label, &threshold.figure, &threshold.condition);
        facts.push(("threshold", format!("{label}: {figure} {condition}")));
    }
    facts
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
    format!("{} {arrival}, {size}, {}", rate(events.rate), topics_in_words(events.topics))
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

fn costs(needs: &Needs) -> Vec<Vec<String>> {
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
    std::iter::once(head.map(str::to_owned).to_vec()).chain(needs.steps.iter().map(row)).collect()
}

/// Files of the coordinator at most, if a step has it need more than the processes of its clients.
fn coordinator(needs: &Needs) -> Option<u64> {
    let most = |step: &&StepNeeds| step.files_coordinator > step.files_per_target.max(step.files_per_worker);
    needs.steps.iter().filter(most).map(|step| step.files_coordinator).max()
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
fn rounded(duration: Duration) -> String {
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
