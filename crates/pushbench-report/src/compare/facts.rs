//! What must be known about a run before its figures are held against another's. Facts, not judgements. Pure.

use pushbench_measure::results::{Run, Status};
use pushbench_measure::statistics::Basis;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::Path;

use super::load::{LoadedRun, Side};
use super::wording::DOUBT;

/// A run of a comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Facts<'a> {
    /// `A` is the baseline.
    pub letter: &'a str,
    /// The folder as it was given.
    pub folder: &'a Path,
    /// The one transport that was asked for.
    pub label: Option<&'a str>,
    /// The scenario's name.
    pub scenario: &'a str,
    /// How it failed to come to its end, in words; `None` for a complete run.
    pub unended: Option<String>,
    /// When it began, RFC 3339, UTC.
    pub started: &'a str,
    /// What intervals speak of: the weakest of its sides.
    pub basis: Basis,
    /// What is true of it whatever it is compared with.
    pub notes: Vec<String>,
    /// In what it was made otherwise than the baseline.
    pub differs: Vec<String>,
    /// The sides, compared or not.
    pub sides: &'a [Side],
}

impl<'a> Facts<'a> {
    pub(super) fn of(loaded: &'a LoadedRun, base: &LoadedRun) -> Self {
        let run = &loaded.run;
        let basis =
            loaded.sides.iter().map(|side| side.basis).reduce(Basis::weaker).unwrap_or(Basis::OneRound);
        Self {
            letter: &loaded.letter,
            folder: &loaded.selection.folder,
            label: loaded.selection.label.as_deref(),
            scenario: &run.scenario.name,
            started: &run.started,
            basis,
            unended: unended(run),
            notes: notes(loaded),
            differs: differences(&base.run, run, (&base.letter, &loaded.letter)),
            sides: &loaded.sides,
        }
    }
}

fn notes(loaded: &LoadedRun) -> Vec<String> {
    let run = &loaded.run;
    let mut notes = Vec::new();
    notes.extend(unended(run).map(|how| format!("{how}: compared with what was measured until then")));
    // Faults made on purpose must not be taken for the transport's, even where both sides have them.
    if let Some(faults) = object(&run.scenario).get("inject").filter(|faults| !faults.is_null()) {
        notes.push(format!("made with faults on purpose: {}", worded(faults)));
    }
    for side in &loaded.sides {
        if !side.has_distribution && side.log_fault.is_none() {
            notes.push(format!(
                "{} has no latencies in latency.hlog: its percentiles have no intervals",
                side.name()
            ));
        }
        let doubts = side.doubts().into_iter();
        notes.extend(doubts.map(|(what, reason)| format!("{DOUBT} {} {what}: {reason}", side.name())));
    }
    notes
}

/// What is said of a run that did not come to its end.
fn unended(run: &Run) -> Option<String> {
    match run.status {
        Status::Complete => None,
        Status::Partial => {
            let reason = run.reason.as_deref().unwrap_or("no reason recorded");
            Some(format!("a partial run ({reason})"))
        }
        Status::Running => Some("not ended yet, or killed".to_owned()),
    }
}

/// Keys of the manifest that say nothing about how a run was made, or that are told otherwise.
const NOT_TOLD: [&str; 7] =
    ["text", "path", "title", "name", "latency_p99_limit_us", "latency_p99_limits_us", "sha256"];

/// Everything in which one run was made otherwise than another. Whatever the manifest says of scenario and host is held
/// against each other, so that nothing new in it is forgotten here.
fn differences(base: &Run, run: &Run, letters: (&str, &str)) -> Vec<String> {
    let mut told = Vec::new();
    let mut tell = |what: &str, a: &str, b: &str| {
        if a != b {
            told.push(format!("{what}: {} {a}, {} {b}", letters.0, letters.1));
        }
    };
    tell("scenario", &base.scenario.name, &run.scenario.name);
    let known = |commit: &Option<String>| commit.clone().unwrap_or_else(|| "unknown".to_owned());
    tell("pushbench", &base.version, &run.version);
    tell("commit", &known(&base.commit), &known(&run.commit));
    let objects = [
        ("", object(&base.scenario), object(&run.scenario)),
        ("host ", object(&base.host), object(&run.host)),
    ];
    for (prefix, a, b) in &objects {
        let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
        for key in
            keys.filter(|key| !NOT_TOLD.contains(&key.as_str()) || (*key == "name" && !prefix.is_empty()))
        {
            let value = |object: &Map<String, Value>| worded(object.get(key).unwrap_or(&Value::Null));
            tell(&format!("{prefix}{}", key.replace('_', " ")), &value(a), &value(b));
        }
    }
    told.extend(text_difference(base, run, letters));
    for transport in &run.transports {
        let same = base.transports.iter().find(|of_base| of_base.label == transport.label);
        if let Some(same) =
            same.filter(|same| (&same.kind, &same.settings) != (&transport.kind, &transport.settings))
        {
            let of = |kind: &str, settings: &str| format!("{kind} {settings}").trim_end().to_owned();
            let (a, b) = (of(&same.kind, &same.settings), of(&transport.kind, &transport.settings));
            told.push(format!("{}: {} {a}, {} {b}", transport.label, letters.0, letters.1));
        }
    }
    told
}

fn object(part: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(part) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn worded(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        Value::Number(number) => crate::format::typed(number.as_f64().unwrap_or(0.0)),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(worded).collect::<Vec<_>>().join(" "),
        Value::Object(parts) => {
            let known = parts.iter().filter(|(_, value)| !value.is_null());
            let words = known.map(|(key, value)| format!("{} {}", key.replace('_', " "), worded(value)));
            words.collect::<Vec<_>>().join(", ")
        }
        Value::Bool(_) => value.to_string(),
    }
}

/// Most lines of each file that are shown.
const LINES: usize = 6;

/// The lines of the scenario files that only one of them has; comments and order do not count.
fn text_difference(base: &Run, run: &Run, letters: (&str, &str)) -> Option<String> {
    if base.scenario.sha256 == run.scenario.sha256 && base.scenario.text == run.scenario.text {
        return None;
    }
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    };
    let (a, b) = (lines(&base.scenario.text), lines(&run.scenario.text));
    let only = |these: &[String], those: &[String], letter: &str| {
        let only: Vec<&str> = these.iter().filter(|line| !those.contains(line)).map(String::as_str).collect();
        let more =
            if only.len() > LINES { format!(" and {} more", only.len() - LINES) } else { String::new() };
        let shown: Vec<String> = only.iter().take(LINES).map(|line| format!("`{line}`")).collect();
        (!shown.is_empty()).then(|| format!("{letter} has {}{more}", shown.join(" ")))
    };
    let parts: Vec<String> =
        [only(&a, &b, letters.0), only(&b, &a, letters.1)].into_iter().flatten().collect();
    let parts = if parts.is_empty() { "comments or order only".to_owned() } else { parts.join("; ") };
    Some(format!("the scenario's text differs: {parts}"))
}
