//! Reading a run's folder: whole, partial, foreign, damaged.

use pushbench_measure::results::{RoundResult, Status};
use pushbench_measure::{Figure, Histograms, Phase, interval_log};
use pushbench_report::{ReportError, RunFolder};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::synthetic::{Shape, folder};

fn small() -> RunFolder {
    folder(&Shape { transports: 2, measure_s: 3, steps: vec![20], ..Shape::default() })
}

fn write(run: &RunFolder, dir: &Path) {
    fs::write(
        dir.join("run.json"),
        serde_json::to_string_pretty(&run.run).expect("a file of the made-up run is written"),
    )
    .expect("a file of the made-up run is written");
    for (transport, files) in run.transports() {
        let dir = dir.join(&transport.label);
        fs::create_dir(&dir).expect("a file of the made-up run is written");
        let mut rows =
            csv::Writer::from_path(dir.join("intervals.csv")).expect("a file of the made-up run is written");
        for interval in &files.intervals {
            rows.serialize(interval).expect("a file of the made-up run is written");
        }
        rows.flush().expect("a file of the made-up run is written");
        let mut log = Vec::new();
        interval_log::write_head(&mut log, "2026-11-20T14:03:22Z")
            .expect("a file of the made-up run is written");
        for (step, histogram) in &files.delivery {
            let mut histograms = Histograms::new();
            histograms.add_one(Figure::Delivery, Phase::Measure, histogram);
            histograms.record(Figure::Delivery, Phase::Warmup, 77);
            let second = Duration::from_secs(1);
            interval_log::write_interval(&mut log, &histograms, second, second, *step, 1)
                .expect("a file of the made-up run is written");
        }
        fs::write(dir.join("latency.hlog"), log).expect("a file of the made-up run is written");
        fs::write(
            dir.join("clients.csv"),
            "step,round,figure,quantile,value\n20,1,delivered_events,0.5,15\n",
        )
        .expect("a file of the made-up run is written");
    }
}

fn written() -> (tempfile::TempDir, RunFolder) {
    let dir = tempfile::tempdir().expect("a file of the made-up run is written");
    let run = small();
    write(&run, dir.path());
    (dir, run)
}

#[test]
fn what_was_written_is_loaded() {
    let (dir, run) = written();
    let loaded = RunFolder::load(dir.path()).unwrap();
    assert_eq!(loaded.run, run.run);
    for (loaded, written) in loaded.labels.iter().zip(&run.labels) {
        assert_eq!(loaded.intervals, written.intervals);
        assert_eq!(loaded.delivery, written.delivery);
        assert_eq!((loaded.clients.len(), loaded.clients[0].value), (1, 15));
        assert!(loaded.missing.is_empty());
    }
}

#[test]
fn a_round_that_was_cut_short_is_in_no_curve() {
    let (dir, mut run) = written();
    let label = run.run.transports[0].label.clone();
    let mut histograms = Histograms::new();
    (0..500).for_each(|_| histograms.record(Figure::Delivery, Phase::Measure, 9_000_000));
    let second = Duration::from_secs(1);
    let mut log =
        fs::OpenOptions::new().append(true).open(dir.path().join(&label).join("latency.hlog")).unwrap();
    interval_log::write_interval(&mut log, &histograms, second, second, None, 2).unwrap();
    let count = |run: &RunFolder| {
        fs::write(dir.path().join("run.json"), serde_json::to_string(&run.run).unwrap()).unwrap();
        let loaded = RunFolder::load(dir.path()).unwrap();
        loaded.labels[0].delivery_of(20).unwrap().count()
    };
    let first = run.labels[0].delivery_of(20).unwrap().count();
    assert_eq!(count(&run), first, "run.json does not know of a second round yet");
    let second = RoundResult { round: 2, complete: false, ..run.run.results[0].rounds[0].clone() };
    run.run.results[0].rounds.push(second);
    assert_eq!(count(&run), first);
    run.run.results[0].rounds[1].complete = true;
    assert_eq!(count(&run), first + 500);
    run.run.results[0].rounds.iter_mut().for_each(|round| round.complete = false);
    assert_eq!(count(&run), first + 500, "there is no other");
}

#[test]
fn absent_files_are_named_and_no_error() {
    let (dir, _) = written();
    fs::remove_dir_all(dir.path().join("short-polling")).unwrap();
    fs::remove_file(dir.path().join("long-polling/clients.csv")).unwrap();
    let loaded = RunFolder::load(dir.path()).unwrap();
    assert_eq!(loaded.labels[0].missing, ["intervals.csv", "latency.hlog", "clients.csv"]);
    assert_eq!(loaded.labels[1].missing, ["clients.csv"]);
    assert!(loaded.labels[0].delivery_of(20).is_none() && loaded.labels[1].delivery_of(20).is_some());
}

#[test]
fn a_row_cut_off_is_forgiven_in_a_partial_run_only() {
    let (dir, mut run) = written();
    let path = dir.path().join("long-polling/intervals.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 60]).unwrap();
    let error = RunFolder::load(dir.path()).unwrap_err();
    let line = text.lines().count() as u64;
    assert!(matches!(error, ReportError::Row { line: at, .. } if at == line), "{error}");
    assert!(error.to_string().contains("long-polling/intervals.csv line "), "{error}");

    run.run.status = Status::Partial;
    fs::write(dir.path().join("run.json"), serde_json::to_string(&run.run).unwrap()).unwrap();
    let loaded = RunFolder::load(dir.path()).unwrap();
    assert_eq!(loaded.labels[1].intervals.len(), run.labels[1].intervals.len() - 1);
}

#[test]
fn a_folder_that_is_no_run_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("nowhere")] {
        let error = RunFolder::load(&path).unwrap_err();
        assert!(matches!(&error, ReportError::NotARun { path: named } if *named == path), "{error}");
        assert!(error.to_string().contains("holds no run.json"), "{error}");
    }
}

#[test]
fn another_format_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("run.json"), r#"{"format": 7, "whatever": true}"#).unwrap();
    let text = RunFolder::load(dir.path()).unwrap_err().to_string();
    assert!(text.ends_with("run.json is of format 7; this version reads format 2 only"), "{text}");
}

#[test]
fn damage_names_file_and_place() {
    let (dir, _) = written();
    let hlog = dir.path().join("short-polling/latency.hlog");
    let log = fs::read_to_string(&hlog).unwrap();
    fs::write(&hlog, log.replace("Tag=delivery,1", "Tag=delivery,x")).unwrap();
    let text = RunFolder::load(dir.path()).unwrap_err().to_string();
    assert!(text.contains("short-polling/latency.hlog: entry "), "{text}");
    fs::write(dir.path().join("run.json"), "{\"format\": 2,\n \"version\": 5}").unwrap();
    let text = RunFolder::load(dir.path()).unwrap_err().to_string();
    assert!(text.contains("run.json is not a manifest") && text.contains("line 2"), "{text}");
}

#[test]
fn a_label_that_leads_elsewhere_is_refused() {
    let (dir, run) = written();
    let refused = |run: &RunFolder| {
        fs::write(dir.path().join("run.json"), serde_json::to_string(&run.run).unwrap()).unwrap();
        RunFolder::load(dir.path()).unwrap_err().to_string()
    };
    let mut away = run.clone();
    "../../../etc".clone_into(&mut away.run.transports[0].label);
    let text = refused(&away);
    let told = "run.json is not a manifest of a run: the label `../../../etc` is not of lowercase letters, digits and hyphens";
    assert!(text.ends_with(told), "{text}");
    let mut steering = run;
    "\u{1b}[2J".clone_into(&mut steering.run.results[1].summary.label);
    assert!(refused(&steering).contains(r"`\u{1b}[2J`"));
}

#[test]
fn control_characters_are_shown_and_not_sent() {
    let (dir, mut run) = written();
    run.run.status = Status::Partial;
    run.run.reason = Some("\u{1b}[31mred\r".to_owned());
    "a\u{7}b".clone_into(&mut run.run.scenario.name);
    "\u{9b}2J".clone_into(&mut run.run.host.name);
    let text = serde_json::to_string(&run.run).unwrap();
    fs::write(dir.path().join("run.json"), &text).unwrap();
    let loaded = RunFolder::load(dir.path()).unwrap().run;
    assert_eq!(loaded.reason.as_deref(), Some(r"\u{1b}[31mred\r"));
    assert_eq!((loaded.scenario.name.as_str(), loaded.host.name.as_str()), (r"a\u{7}b", r"\u{9b}2J"));
    let table = pushbench_report::table::render(&loaded, pushbench_report::table::Style::default());
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "{table:?}");
    // Messages of the reader quote what they read.
    fs::write(dir.path().join("run.json"), text.replace("\"partial\"", r#""\u001b[2J""#)).unwrap();
    let error = RunFolder::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains(r"\u{1b}[2J") && !error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn the_largest_step_is_one_that_every_measured_transport_has() {
    let mut run = folder(&Shape { transports: 3, measure_s: 3, steps: vec![10, 20, 30], ..Shape::default() });
    assert_eq!(run.largest_step(), Some(30));
    run.run.results.retain(|r| {
        r.summary.label != "sse" && !(r.summary.label == "long-polling" && r.summary.step == Some(30))
    });
    assert_eq!(run.largest_step(), Some(20));
    run.run.results.clear();
    assert_eq!(run.largest_step(), Some(30));
}
