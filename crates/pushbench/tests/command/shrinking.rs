//! A scenario file of any size, made tiny: few clients, a second of measuring, what happens in it in proportion.
//!
//! By its form only (durations, rates, numbers of clients), so that a file that comes later is shrunk as well.

use pushbench_transport::Period;
use serde_json::{Map, Value, json};
use std::time::Duration;

const CLIENTS: u32 = 8;
/// Least clients of a list of steps, which rises.
const FEWER_CLIENTS: u32 = 4;
const MEASURE: Duration = Duration::from_secs(1);
/// What a tiny drain has beyond the file's own in proportion: longer than what must be waited for at least.
const DRAIN: Duration = Duration::from_millis(1300);
/// How long a client waits that has lost its connection.
const RETRY: &str = "50ms";
/// What it has besides where an answer goes on for as long as one that was recorded did: such times are not shrunk.
const DRAIN_OF_RECORDED: Duration = Duration::from_secs(4);
/// Waits are not shrunk below it: a busy machine would make them time-outs.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// Highest rate of events, of asks, and of one client's messages, by pattern.
const HIGHEST_RATES: [(&str, f64); 2] = [("stream", 5.0), ("chat", 2.0)];
const HIGHEST_RATE: f64 = 40.0;
/// Most parts of an answer.
const PARTS: u32 = 20;
/// Of a key that is swept: rates, and as many of other values.
const SWEPT_RATES: [&str; 2] = ["10/s", "20/s"];

/// The file in parts, each tiny: one a case, else the whole. Each with the case's name, or nothing.
pub(crate) fn tiny_parts(text: &str) -> Vec<(String, String)> {
    let whole: Value = toml::from_str(text).unwrap();
    let cases = whole.get("cases").and_then(Value::as_array).cloned().unwrap_or_default();
    if cases.is_empty() {
        return vec![(String::new(), tiny(whole))];
    }
    let part = |case: &Value| {
        let mut part = whole.clone();
        part["cases"] = json!([case]);
        (case["name"].as_str().unwrap_or_default().to_owned(), tiny(part))
    };
    cases.iter().map(part).collect()
}

fn tiny(mut scenario: Value) -> String {
    let mut phases: Vec<&Value> = scenario.get("phases").into_iter().collect();
    phases.extend(scenario["cases"].as_array().into_iter().flatten().filter_map(|case| case.get("phases")));
    let longest = phases.iter().flat_map(|phases| phases.as_object().into_iter().flatten());
    let longest = longest.filter_map(|(_, length)| duration(length)).max().unwrap_or(MEASURE);
    let by = (longest.as_secs_f64() / MEASURE.as_secs_f64()).max(1.0);
    let of_pattern = |pattern: &str| HIGHEST_RATES.into_iter().find(|(name, _)| *name == pattern);
    let highest_rate = patterns(&scenario).find_map(of_pattern).map_or(HIGHEST_RATE, |(_, rate)| rate);
    let recorded = scenario["events"]["gap"].get("file").is_some();
    let drain = if recorded { DRAIN + DRAIN_OF_RECORDED } else { DRAIN };
    let shrink = Shrink { by, highest_rate, drain };
    shrink.value(&mut Vec::new(), &mut scenario);
    scenario["clients"]["connect_rate"] = json!("400/s");
    for transport in transports(&mut scenario) {
        transport["retry"] = json!(RETRY);
    }
    if let Some(capacity) = scenario.get_mut("capacity") {
        let of_rate = capacity["vary"] == "rate";
        capacity["from"] = if of_rate { json!("5/s") } else { json!(FEWER_CLIENTS) };
        capacity["to"] = if of_rate { json!("10/s") } else { json!(CLIENTS) };
        scenario["thresholds"] = json!({ "lost": "== 0" });
    }
    let tables = scenario.as_object().unwrap().iter();
    let lines: Vec<String> = tables.map(|(key, value)| format!("{key} = {}", written(value))).collect();
    lines.join("\n")
}

/// Of the file and its cases.
fn patterns(scenario: &Value) -> impl Iterator<Item = &str> {
    let cases = scenario.get("cases").and_then(Value::as_array).into_iter().flatten();
    std::iter::once(scenario).chain(cases).filter_map(|of| of.get("events")?.get("pattern")?.as_str())
}

/// Of the file and its cases.
fn transports(scenario: &mut Value) -> Vec<&mut Value> {
    fn of(table: &mut Value) -> impl Iterator<Item = &mut Value> {
        table.get_mut("transports").and_then(Value::as_array_mut).into_iter().flatten()
    }
    let tables = scenario.as_object_mut().unwrap();
    let lists = tables.iter_mut().filter(|(key, _)| ["transports", "cases"].contains(&key.as_str()));
    let entries = lists.flat_map(|(key, list)| {
        let entries = list.as_array_mut().into_iter().flatten();
        if key == "cases" { entries.flat_map(of).collect() } else { entries.collect::<Vec<_>>() }
    });
    entries.collect()
}

/// TOML on one line.
fn written(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Array(entries) => format!("[{}]", list(entries.iter().map(written).collect())),
        Value::Object(keys) => {
            let entry = |(key, value): (&String, &Value)| format!("{} = {}", json!(key), written(value));
            format!("{{ {} }}", list(keys.iter().map(entry).collect()))
        }
        // TOML's basic strings, numbers and booleans are written as those of JSON are.
        plain => plain.to_string(),
    }
}

fn duration(value: &Value) -> Option<Duration> {
    value.as_str()?.parse().ok().map(Period::duration)
}

/// Per second.
fn rate(value: &Value) -> Option<f64> {
    value.as_str()?.parse::<pushbench_scenario::quantity::Rate>().ok().map(|rate| rate.per_second())
}

struct Shrink {
    by: f64,
    /// Per second.
    highest_rate: f64,
    /// Beyond what is in proportion.
    drain: Duration,
}

impl Shrink {
    fn value(&self, path: &mut Vec<String>, value: &mut Value) {
        match value {
            Value::Object(keys) if path.last().is_some_and(|key| key == "thresholds") => attainable(keys),
            Value::Object(keys) => {
                for (key, value) in keys {
                    path.push(key.clone());
                    self.value(path, value);
                    path.pop();
                }
            }
            Value::Array(entries) if counts_clients(path) => {
                *entries = [FEWER_CLIENTS, CLIENTS]
                    .into_iter()
                    .take(entries.len())
                    .map(|count| json!(count))
                    .collect();
            }
            Value::Array(entries) => {
                if path.iter().any(|key| key == "sweep") {
                    entries.truncate(SWEPT_RATES.len());
                    if entries.iter().all(|entry| rate(entry).is_some()) {
                        *entries = SWEPT_RATES.iter().take(entries.len()).map(|rate| json!(rate)).collect();
                        return;
                    }
                }
                for value in entries {
                    self.value(path, value);
                }
            }
            Value::Number(_) if counts_clients(path) => *value = json!(CLIENTS),
            Value::Number(count) => {
                let has = |name: &str| path.iter().any(|key| key == name);
                let most = match path.last().map_or("", String::as_str) {
                    "members" | "topics" => FEWER_CLIENTS,
                    _ if has("parts") => PARTS,
                    _ => return,
                };
                *value = json!(count.as_u64().unwrap().min(most.into()));
            }
            _ => {
                if let Some(shrunk) = duration(value).map(|length| self.length(path, length)) {
                    *value = json!(format!("{}us", shrunk.as_micros().max(1)));
                } else if let Some(rate) = rate(value) {
                    // As many events as there were, unless those are many.
                    *value = json!(format!("{:.3}/s", (rate * self.by).min(self.highest_rate)));
                }
            }
        }
    }

    fn length(&self, path: &[String], length: Duration) -> Duration {
        let shrunk = length.div_f64(self.by);
        match path.last().map_or("", String::as_str) {
            "measure" => MEASURE,
            "drain" => shrunk + self.drain,
            // Bounds on what has gone wrong stay.
            "reply_timeout" => length,
            _ if path.iter().any(|key| ["shape", "gap", "first"].contains(&key.as_str())) => shrunk,
            _ => shrunk.max(length.min(SHORTEST_WAIT)),
        }
    }
}

fn counts_clients(path: &[String]) -> bool {
    path.ends_with(&["clients".to_owned(), "count".to_owned()])
        || path.last().is_some_and(|key| key == "clients.count")
}

/// A tiny run cannot tell how fast a machine is, and has too few events for percentiles: conditions on counts stay.
fn attainable(conditions: &mut Map<String, Value>) {
    conditions.retain(|_, condition| match condition {
        Value::Object(of_label) => {
            attainable(of_label);
            true
        }
        other => other
            .as_str()
            .is_some_and(|text| text.trim_start_matches(['<', '>', '=', '!']).trim().parse::<u64>().is_ok()),
    });
}
