//! What is said above the table of runs in whose course clients leave, or lose their connections: what happened, and what
//! became of it, a line for each transport.

use pushbench_measure::results::{LifeRecord, Run, StepResult, Summary};

use super::notes::name_of;
use super::settings;
use crate::format::{grouped, share, time_us, typed};

/// The lines; none where everybody was to stay.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for life in settings::lives(run) {
        let of = run.results.iter().filter(|result| life.has(result));
        let at = life.place.trim_start();
        let colon = if at.is_empty() { "" } else { ": " };
        lines.push(format!("{at}{colon}{}", happened(life.value)));
        lines.extend(of.filter_map(|result| of_result(run, result)));
    }
    lines
}

fn happened(life: &LifeRecord) -> String {
    let mut parts = Vec::new();
    if life.leaves {
        parts.push("clients leave and come back by plan".to_owned());
    }
    if let (Some(at_s), Some(part)) = (life.storm_at_s, life.storm_share) {
        parts.push(format!("storm at {} s: {} of the connections dropped", typed(at_s), share(part)));
    }
    if let (Some(at_s), Some(length_s)) = (life.restart_at_s, life.restart_s) {
        parts.push(format!("restart at {} s: target away for {} s", typed(at_s), typed(length_s)));
    }
    let resume = if life.resume { "resume on" } else { "resume off" };
    format!("{}; {resume}", parts.join("; "))
}

/// `sse: 500 dropped, back after 3.01 s (half), 3.02 s (95 %), 3.05 s (all); at most 480 accepts/s; …`.
fn of_result(run: &Run, result: &StepResult) -> Option<String> {
    let row = &result.summary;
    let parts: Vec<String> =
        [returns(row), rush(row), events(row), left(row)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("  {}: {}", name_of(run, result), parts.join("; ")))
}

fn returns(row: &Summary) -> Option<String> {
    let (dropped, back) = (row.dropped?, row.back?);
    let time = |us: Option<u64>, of: &str| us.map(|us| format!("{} ({of})", time_us(us as f64)));
    let times = [time(row.back_p50_us, "half"), time(row.back_p95_us, "95 %"), time(row.back_p100_us, "all")];
    let times: Vec<String> = times.into_iter().flatten().collect();
    let after = if times.is_empty() { String::new() } else { format!(", back after {}", times.join(", ")) };
    let away = dropped - back.min(dropped);
    let away = if away > 0 { format!(", {} not back", grouped(away)) } else { String::new() };
    Some(format!("{} dropped{after}{away}", grouped(dropped)))
}

fn rush(row: &Summary) -> Option<String> {
    row.accepts_per_second_peak.map(|peak| format!("at most {} accepts/s", grouped(peak)))
}

fn events(row: &Summary) -> Option<String> {
    let missed = row.missed.map(|missed| format!("{} events missed", grouped(missed)));
    let caught_up = row.caught_up.map(|count| {
        let time = |us: Option<u64>, of: &str| us.map(|us| format!(" {of} {}", time_us(us as f64)));
        let times = [time(row.catch_up_p50_us, "p50"), time(row.catch_up_p99_us, "p99")];
        format!("{} caught up{}", grouped(count), times.into_iter().flatten().collect::<String>())
    });
    let parts: Vec<String> = [missed, caught_up].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn left(row: &Summary) -> Option<String> {
    row.left.map(|left| format!("left {} times", grouped(left)))
}
