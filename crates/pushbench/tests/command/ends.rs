//! Runs that end before their time: by a signal, or because one of their processes died. What was measured until then
//! is kept, the reason is said, and no process is left.

use pushbench_measure::results::{Run, Status};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::folder::{files, header, intervals, manifest};
use crate::process::{Started, signal, start_with_blocks, until};
use crate::scenario::{SSE, Workshop, tiny, tiny_but};

/// A run is to end within this time of what ends it.
const SECONDS: Duration = Duration::from_secs(15);

/// A scenario that would measure for two minutes, on two processes of each side.
fn long() -> Workshop {
    tiny_but(
        &[("measure = \"1s\"", "measure = \"2m\"")],
        &format!(
            "{SSE}[[transports]]\nkind = \"websocket\"\n[target]\nprocesses = 2\n[workers]\nprocesses = 2\n"
        ),
    )
}

/// Starts a run and waits until the first second of it has been measured and written.
fn start_measuring(workshop: &Workshop) -> Started {
    let mut started = workshop.start(&["run", "tiny.toml"]);
    wait_for_measuring(&mut started);
    started
}

fn wait_for_measuring(started: &mut Started) {
    started.says("] sse            measure ");
}

/// A run for each of these, all at once.
fn each<T: Copy, const N: usize>(of: [T; N]) -> [(T, Workshop, Started); N] {
    of.map(|of| {
        let workshop = long();
        let started = workshop.start(&["run", "tiny.toml"]);
        (of, workshop, started)
    })
}

/// What a run that ended in its measure phase leaves: a manifest that says so, and readable files.
fn assert_partial(folder: &Path, reason: &str) -> Run {
    let run = manifest(folder);
    assert_eq!(run.status, Status::Partial);
    assert!(run.finished.is_some());
    assert!(run.reason.as_deref().is_some_and(|said| said.contains(reason)), "{:?}", run.reason);
    assert_eq!(run.results.len(), 1, "the second transport was never begun");
    let result = &run.results[0];
    assert!(!result.complete);
    assert_eq!((result.summary.verdict.as_str(), result.summary.connected), ("partial", Some(8)));
    assert_eq!((result.summary.expected, result.summary.lost), (None, None), "ledgers that nobody closed");
    let rows = intervals(folder, "sse");
    assert!(rows.iter().any(|row| row.phase == "measure" && row.delivered > 0), "{rows:?}");
    assert!(header(&folder.join("summary.csv")).starts_with("label,kind,"));
    assert!(files(&folder.join("charts")).iter().any(|name| name == "latency-over-time.png"));
    run
}

#[test]
fn an_interrupted_run_keeps_what_it_has() {
    for (interruption, workshop, mut started) in each([Signal::INT, Signal::TERM]) {
        wait_for_measuring(&mut started);
        signal(started.pid(), interruption);
        let ended = started.ended_within(SECONDS);
        assert_eq!(ended.code, Some(130), "{ended:?}");
        assert!(ended.err.contains("error: the run ended early: interrupted\n"), "{}", ended.err);
        assert_partial(&workshop.run_folder(), "interrupted");
    }
}

#[test]
fn a_run_interrupted_before_it_measures_says_so() {
    // One client a second: the ramp is long.
    let changes = [("count = 8", "count = 5000"), ("\"400/s\"", "\"1/s\"")];
    let workshop = tiny_but(&changes, SSE);
    let mut started = workshop.start(&["run", "tiny.toml"]);
    started.says("connecting 5,000 clients");
    signal(started.pid(), Signal::INT);
    let ended = started.ended_within(SECONDS);
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let run = manifest(&workshop.run_folder());
    assert_eq!((run.status, run.results.len()), (Status::Partial, 0));
    assert!(ended.err.contains("ended before anything was measured"), "{}", ended.err);
}

#[test]
fn a_run_whose_process_dies_ends_and_names_it() {
    let roles = [("__worker", "worker process "), ("__target", "target process ")];
    for ((role, name), workshop, mut started) in each(roles) {
        wait_for_measuring(&mut started);
        signal(started.children(role, 2)[0], Signal::KILL);
        let ended = started.ended_within(SECONDS);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let reason = assert_partial(&workshop.run_folder(), name).reason.unwrap();
        assert!(reason.ends_with(" ended in the middle of the run (signal: 9 (SIGKILL))"), "{reason}");
        assert!(ended.err.contains(&format!("error: the run ended early: {reason}\n")), "{}", ended.err);
    }
}

#[test]
fn no_process_outlives_a_coordinator_that_is_killed() {
    let workshop = long();
    let started = start_measuring(&workshop);
    let workers = started.children("__worker", 2);
    // A process that does not run cannot notice by itself that it is alone.
    signal(workers[0], Signal::STOP);
    assert_eq!(started.marked().len(), 5);
    started.killed(SECONDS);
    let folder = workshop.run_folder();
    assert_eq!(manifest(&folder).status, Status::Running, "nobody was there to say otherwise");
    assert!(!intervals(&folder, "sse").is_empty());
    // Even that can be reported.
    let reported = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!(reported.code, Some(0), "{reported:?}");
}

#[test]
fn runs_of_the_same_second_get_folders_of_their_own() {
    let workshop = long();
    // Two that are started together begin in the same second, except where one just ends.
    let same_second = (0..10).any(|_| {
        let _ = fs::remove_dir_all(workshop.path().join("results"));
        let both = [workshop.start(&["run", "tiny.toml"]), workshop.start(&["run", "tiny.toml"])];
        until("two folders with a manifest", || {
            let folders = workshop.run_folders();
            (folders.len() == 2 && folders.iter().all(|folder| folder.join("run.json").exists()))
                .then_some(())
        });
        for started in both {
            signal(started.pid(), Signal::INT);
            assert_eq!(started.ended_within(SECONDS).code, Some(130));
        }
        let folders = workshop.run_folders();
        let started: Vec<String> = folders.iter().map(|folder| manifest(folder).started).collect();
        let names: Vec<&str> =
            folders.iter().map(|folder| folder.file_name().unwrap().to_str().unwrap()).collect();
        if started[0] == started[1] {
            assert_eq!(names[0], started[0].replace(':', "-"));
            assert_eq!(names[1], format!("{}-2", names[0]));
        }
        started[0] == started[1]
    });
    assert!(same_second, "ten times two runs did not begin in one second");
}

#[test]
fn what_cannot_be_saved_is_printed_all_the_same() {
    // Room for the first manifest and for what is written every second, and for no manifest with results in it.
    let full = |tables: &str| {
        let workshop = tiny(tables);
        let ended = start_with_blocks(workshop.path(), 16, &["run", "tiny.toml", "-q"]).ended();
        assert_eq!(ended.code, Some(3), "{ended:?}");
        let names = files(&workshop.run_folder());
        assert!(!names.iter().any(|name| name.contains(".tmp")), "half of a file was left: {names:?}");
        ended
    };
    let one = full(SSE);
    assert!(one.out.contains("320/320") && !one.out.contains("PARTIAL"), "all was measured: {one:?}");
    assert!(one.err.starts_with("error: cannot write results to results/tiny/"), "{}", one.err);
    let two = full(&format!("{SSE}[[transports]]\nkind = \"websocket\"\n"));
    // On a busy machine the first line says that nothing is to be compared.
    let partial = two.out.lines().any(|line| line.starts_with("PARTIAL RUN: cannot write results to "));
    assert!(partial && two.out.contains("320/320"), "{two:?}");
    assert!(two.err.starts_with("error: the run ended early: cannot write results to "), "{}", two.err);
    assert_eq!(two.err.matches("cannot write").count(), 1, "said once: {}", two.err);
}
