//! Every shipped scenario, at a tiny size, to its end, and every row of it sound: nothing lost, doubled or swapped, every
//! answer whole, and everybody back who was dropped.
//!
//! What this does not say is how fast anything is. Ten runs at a time on a machine of a few CPUs are late by themselves, so
//! of each file the thresholds on times are removed (those on counts stay), and exit code 4 is as good as 0 where each
//! finding behind it is about lateness. Whether a scenario meets its thresholds at its full size is for who runs it.

use pushbench_measure::results::{Run, Status, Summary};
use pushbench_measure::verdict::Level;
use pushbench_report::RunFolder;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use tempfile::TempDir;

use crate::folder::{files, manifest, valid_but_for_lateness};
use crate::process::{Ended, start};
use crate::shrinking::tiny_parts;

/// Runs at a time: they wait more than they work.
const AT_A_TIME: usize = 10;

/// The shipped files, and the name that each has.
fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let names = files(&folder).into_iter().filter(|name| name.strip_suffix(".toml").is_some());
    names.map(|name| folder.join(name)).collect()
}

/// A part of a scenario in a folder of its own, beside the files that scenarios name.
struct Part {
    what: String,
    text: String,
    folder: TempDir,
}

fn parts() -> Vec<Part> {
    let of_file = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let part = |(case, text): (String, String)| {
            let folder = TempDir::new().unwrap();
            fs::write(folder.path().join("tiny.toml"), &text).unwrap();
            for name in
                files(path.parent().unwrap()).into_iter().filter(|name| name.strip_suffix(".csv").is_some())
            {
                fs::copy(path.with_file_name(&name), folder.path().join(&name)).unwrap();
            }
            Part { what: format!("{stem} {case}").trim_end().to_owned(), text, folder }
        };
        tiny_parts(&text).into_iter().map(part).collect::<Vec<_>>()
    };
    shipped().iter().flat_map(of_file).collect()
}

#[test]
fn every_shipped_scenario_runs_to_its_end_at_a_tiny_size() {
    let parts = parts();
    assert!(parts.len() >= 10, "{}", parts.len());
    let left = Mutex::new(parts.into_iter());
    let work = || {
        let next = || left.lock().unwrap().next();
        while let Some(part) = next() {
            let ended = start(part.folder.path(), &["run", "tiny.toml"]).ended();
            assert_went_well(&part, &ended);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(work);
        }
    });
}

/// Exit code 0, or 4 where all that is wrong is that this machine was busy with something else.
fn assert_went_well(part: &Part, ended: &Ended) {
    let what = &part.what;
    assert!(matches!(ended.code, Some(0 | 4)), "{what}: {ended:?}");
    let of_scenario = part.folder.path().join("results");
    let of_scenario = of_scenario.join(&files(&of_scenario)[0]);
    let runs = files(&of_scenario);
    let [run] = &runs[..] else { panic!("{what}: {runs:?}") };
    let folder = of_scenario.join(run);
    let run = manifest(&folder);
    assert_eq!((run.status, &run.reason), (Status::Complete, &None), "{what}: {ended:?}");
    assert!(!run.results.is_empty(), "{what}");
    for result in &run.results {
        let label = &result.summary.label;
        let wrong: Vec<&str> = (result.findings.iter())
            .filter(|finding| finding.level != Level::Ok)
            .map(|finding| finding.text.as_str())
            .collect();
        let thresholds = &result.thresholds;
        assert!(valid_but_for_lateness(result), "{what}, {label}: {wrong:?}, {thresholds:?}");
        assert_sound(part, &run, &result.summary);
    }
    let logs = RunFolder::load(&folder).unwrap();
    let logs: Vec<String> = logs.log_faults().map(|(label, fault)| format!("{label} {fault}")).collect();
    assert!(logs.is_empty(), "{what}: {logs:?}");
    // A search for what a transport bears may well find measurements that are not valid, and go well.
    assert!(run.level() == Level::Breach || ended.code == Some(0), "{what}: {ended:?}");
}

/// Whatever the machine does meanwhile.
fn assert_sound(part: &Part, run: &Run, row: &Summary) {
    let what = format!("{}: {row:?}", part.what);
    let none = |count: Option<u64>| assert!(count.is_none_or(|count| count == 0), "{what}");
    let is_idle = run.scenario.setup.events_per_second <= 0.0;
    // Clients that come and go by plan may be owed nothing of so short a time, but they get something.
    assert!(is_idle || (row.latency_max_us.is_some() && row.publishes > Some(0)), "{what}");
    let comes_and_goes = part.text.contains("\"shape\"");
    assert!(row.connected == row.clients || (comes_and_goes && row.connected > Some(0)), "{what}");
    assert_eq!(row.delivered.zip(row.lost).map(|(got, lost)| got + lost), row.expected, "{what}");
    // Who does not ask for what it missed loses that, and nothing else is lost.
    assert_eq!(row.lost, Some(row.missed.unwrap_or(0)), "{what}");
    let resumes = run.scenario.setup.life.as_ref().is_none_or(|life| life.resume);
    assert!(!resumes || row.missed.unwrap_or(0) == 0, "{what}");
    // Members of a room overtake each other on their way to the target.
    let reordered = row.reordered.filter(|_| run.scenario.setup.pattern != "chat");
    [row.duplicated, reordered, row.answers_cut_short, row.slow_errors].into_iter().for_each(none);
    // Where nobody is slow by plan nobody is cut off.
    none(row.slow_disconnects.filter(|_| row.slow_clients.is_none()));
    let is_stream = run.scenario.setup.pattern == "stream";
    assert!(!is_stream || row.answers > Some(0), "{what}");
    assert_eq!(row.back, row.dropped, "{what}");
    // A connection that is dropped, or refused while the target is away, is an error to its client.
    none(row.errors.filter(|_| row.dropped.is_none()));
}
