//! `calibrate`, and runs that quote it. What the figures are depends on the machine; how they are told does not.

use pushbench_measure::results::{
    CALIBRATION_FORMAT, CalibratedFigure, Calibration, Host, Spread, calibrated, names,
};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

use crate::folder::{files, manifest};
use crate::process::{signal, start, start_with_blocks, start_with_files};
use crate::scenario::{SSE, tiny};

fn saved(out: &Path) -> Calibration {
    serde_json::from_str(&fs::read_to_string(out.join(names::CALIBRATION)).unwrap()).unwrap()
}

#[test]
fn few_open_files_make_a_smaller_calibration_that_says_so() {
    let folder = TempDir::new().unwrap();
    // What is there is no obstacle.
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out").join(names::CALIBRATION), "{").unwrap();
    let ended = start_with_files(folder.path(), 256, &["calibrate", "--json", "--out", "out"]).ended();
    let told: Calibration =
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(ended.code, Some(if told.is_valid() { 0 } else { 4 }), "{ended:?}");
    assert_eq!(files(folder.path()), ["out"]);
    assert_eq!(files(&folder.path().join("out")), ["calibration.json"]);
    assert_eq!(saved(&folder.path().join("out")), told);

    assert_eq!((told.format, told.connections), (CALIBRATION_FORMAT, 30));
    assert!(ended.err.contains("note: open files: 256 per process, so 30 connections"), "{}", ended.err);
    assert!(told.notes.iter().any(|note| note.starts_with("open files: 256 ")), "{:?}", told.notes);
    assert!(ended.err.contains("[14/14] websocket: flat out, coalesced\ncalibrated in "), "{}", ended.err);
    for name in [
        calibrated::SEND_CPU_US,
        calibrated::RECEIVE_CPU_US,
        calibrated::DELIVERIES_PER_SECOND,
        calibrated::ROUND_TRIP_P50_US,
        calibrated::ROUND_TRIP_P90_US,
    ] {
        assert!(told.bare(name).is_some_and(|value| value > 0.0), "{name}: {told:?}");
    }
    for name in [
        calibrated::SEND_CPU_US,
        calibrated::RECEIVE_CPU_US,
        calibrated::DELIVERIES_PER_SECOND,
        calibrated::ONE_WAY_P50_US,
    ] {
        let figure = told.figure(name).unwrap();
        let labels: Vec<&str> = figure.through.iter().map(|through| through.label.as_str()).collect();
        assert_eq!(labels, ["sse", "websocket"], "{name}");
        for through in &figure.through {
            // Flat out there is a figure only where all events arrived in time.
            let late = name == calibrated::DELIVERIES_PER_SECOND && !through.valid;
            assert_eq!((through.value.is_none(), through.ratio.is_none()), (late, late), "{figure:?}");
            let Some((value, ratio)) = through.value.zip(through.ratio) else { continue };
            assert!((ratio * told.bare(name).unwrap() - value).abs() < 1e-6 * value, "{figure:?}");
        }
    }
    // 30 connections say nothing about memory.
    assert_eq!(told.bare(calibrated::KERNEL_BYTES_PER_CONNECTION), None);
    assert_eq!(told.runs.len(), 8);
}

#[test]
fn no_room_or_no_folder_is_refused_before_anything_begins() {
    let folder = TempDir::new().unwrap();
    let ended = start_with_files(folder.path(), 100, &["calibrate"]).ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""));
    assert_eq!(
        ended.err,
        "error: open files: 100 per process here, at least 234 are needed to calibrate\n  \
         hint: ulimit -n 234 (beyond the hard limit: as root, or in limits.conf)\n"
    );
    assert_eq!(files(folder.path()), [""; 0]);
    fs::write(folder.path().join("taken"), "").unwrap();
    let ended = start(folder.path(), &["calibrate", "--out", "taken"]).ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""));
    assert!(ended.err.starts_with("error: cannot write to taken: "), "{}", ended.err);
    assert_eq!(files(folder.path()), ["taken"]);
    // A folder can be made and a file cannot be written, as on a full disk.
    let ended = start_with_blocks(folder.path(), 16, &["calibrate", "--out", "full"]).ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""));
    assert!(ended.err.starts_with("error: cannot write to full: "), "{}", ended.err);
    assert_eq!(files(&folder.path().join("full")), [""; 0]);
}

#[test]
fn an_interrupted_calibration_saves_nothing() {
    // With bare sockets, and while processes are under way.
    for (part, interruption) in [("[2/14] bare", Signal::INT), ("[7/14] sse", Signal::TERM)] {
        let folder = TempDir::new().unwrap();
        let mut started = start(folder.path(), &["calibrate"]);
        started.says(part);
        signal(started.pid(), interruption);
        let ended = started.ended();
        assert_eq!((ended.code, ended.out.as_str()), (Some(130), ""), "{ended:?}");
        assert!(ended.err.ends_with("error: interrupted: nothing was saved\n"), "{}", ended.err);
        assert_eq!(files(&folder.path().join("results")), [""; 0]);
    }
}

/// A calibration of which only the floor matters.
fn made_up(host: Host) -> Calibration {
    let figure = |name: &str, value| CalibratedFigure {
        name: name.to_owned(),
        title: name.to_owned(),
        unit: "µs".to_owned(),
        meaning: String::new(),
        bare: Some(Spread::once(value)),
        through: Vec::new(),
    };
    Calibration {
        format: CALIBRATION_FORMAT,
        version: "0.1.0".to_owned(),
        started: "2026-11-20T14:03:22Z".to_owned(),
        took_s: 23.4,
        host,
        connections: 1000,
        events_per_second: 10.0,
        message_bytes: 256,
        repetitions: 3,
        notes: Vec::new(),
        figures: vec![figure(calibrated::SEND_CPU_US, 6.1), figure(calibrated::RECEIVE_CPU_US, 5.0)],
        runs: Vec::new(),
    }
}

#[test]
fn a_run_quotes_the_calibration_of_its_machine_and_no_other() {
    let workshop = tiny(SSE);
    let out = workshop.path().join("results");
    let write = |text: &str| {
        fs::create_dir_all(&out).unwrap();
        fs::write(out.join(names::CALIBRATION), text).unwrap();
    };
    let run = || {
        let ended = workshop.run(&["run", "tiny.toml", "-v"]);
        let newest = workshop.run_folders().pop().unwrap();
        (ended, manifest(&newest), newest)
    };
    let floor = "floor of this machine (calibrated 2026-11-20): 6.10 µs per send, 5.00 µs per receive; ";

    write("{\"format\": 1, \"versio");
    let (ended, of_run, _) = run();
    let warning = "warning: results/calibration.json is not used: not a calibration: ";
    assert!(ended.err.starts_with(warning), "{}", ended.err);
    assert_eq!(of_run.calibration, None);

    let made = made_up(of_run.host);
    write(&serde_json::to_string(&made).unwrap());
    let (ended, of_run, folder) = run();
    assert_eq!(of_run.calibration, Some(made.clone()));
    assert!(ended.out.contains(floor), "{}", ended.out);
    // The folder of the run is enough to say it again.
    fs::remove_file(out.join(names::CALIBRATION)).unwrap();
    let again = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!(again.out, ended.out);

    let elsewhere = Host { name: "elsewhere".to_owned(), ..made.host.clone() };
    write(&serde_json::to_string(&Calibration { host: elsewhere, ..made }).unwrap());
    let (ended, of_run, _) = run();
    let reason = "results/calibration.json is of another machine (elsewhere, ";
    assert!(ended.err.starts_with(reason), "{}", ended.err);
    assert_eq!(of_run.calibration, None);
    assert!(!ended.out.contains("floor of this machine"), "{}", ended.out);
}
