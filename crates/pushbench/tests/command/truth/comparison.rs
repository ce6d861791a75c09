//! Two runs whose difference is known.

use pushbench_measure::Figure;
use pushbench_measure::results::Status;
use serde_json::Value;
use std::path::{Path, PathBuf};

use super::measured;
use crate::folder::manifest;
use crate::process::Started;
use crate::scenario::{SSE, Workshop, tiny};

/// Begins three rounds, with `more` on the command line.
fn start_rounds(workshop: &Workshop, out: &str, more: &[&str]) -> Started {
    workshop.start(&[&["run", "tiny.toml", "-q", "--repeat", "3", "--out", out], more].concat())
}

/// The run's folder, when it has ended.
fn folder_of(workshop: &Workshop, out: &str, started: Started) -> PathBuf {
    let ended = started.ended();
    let shelf = workshop.path().join(out).join("tiny");
    let folder = std::fs::read_dir(shelf).unwrap().next().unwrap().unwrap().path();
    let run = manifest(&folder);
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    assert_eq!(run.results[0].rounds.len(), 3);
    folder
}

/// 99 % of what the run itself says of its lateness, in microseconds.
fn lateness_us(folder: &Path) -> f64 {
    let p99 = |figure| measured(folder, "sse", figure).quantile(0.99).unwrap_or(0);
    (p99(Figure::TimerLate) + p99(Figure::Slip)) as f64
}

#[test]
fn five_injected_milliseconds_are_the_difference_between_two_runs() {
    let workshop = tiny(SSE);
    // At the same time, so that whatever holds up the machine holds up both.
    let started = [("plain", &[][..]), ("later", &["--inject", "delay=5ms"])]
        .map(|(out, more)| (out, start_rounds(&workshop, out, more)));
    let [plain, later] = started.map(|(out, started)| folder_of(&workshop, out, started));
    let [base, other] = [&plain, &later].map(|folder| folder.to_str().unwrap());
    let compared = workshop.run(&["compare", base, other, "--json"]);
    assert_eq!(compared.code, Some(0), "{compared:?}");
    let document: Value = serde_json::from_str(&compared.out).unwrap();
    let rows = document["pairs"][0]["rows"].as_array().unwrap();
    let median = rows.iter().find(|row| row["column"] == "latency_p50_us").unwrap();
    let allowed = lateness_us(&plain) + lateness_us(&later);
    let end = |end: &str| median["difference"]["interval"][end].as_f64().unwrap();
    assert!(end("lo") - allowed < 5_000.0 && 5_000.0 < end("hi") + allowed, "{median}, late by {allowed} us");
    // Rounds of a machine that has other things to do may lie further apart than that.
    if allowed < 2_000.0 && end("lo") > 1_000.0 {
        assert_eq!(median["word"], "slower", "{median}");
    }
    let facts = document["runs"][1]["differs"].to_string() + &document["runs"][1]["notes"].to_string();
    assert!(facts.contains("delay=5ms"), "{facts}");
}
