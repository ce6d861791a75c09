//! A run that goes well, and what it leaves: files, charts, table.

use pushbench_measure::results::{Columns, Run, Status, Summary, names};
use pushbench_measure::{Figure, Histogram, Phase, interval_log};
use std::fs;
use std::path::Path;

use crate::folder::{files, histograms, intervals, manifest, sound_but_for_lateness};
use crate::process::Ended;
use crate::scenario::{ALL_FOUR, SSE, Workshop, tiny, tiny_but};

const LABELS: [&str; 4] = ["short-polling", "long-polling", "sse", "websocket"];

/// A run was measured to its end, and nothing is wrong with it but, perhaps, a busy machine.
fn assert_went_well(ended: &Ended, run: &Run) {
    assert_eq!((run.status, &run.reason), (Status::Complete, &None), "{ended:?}");
    for result in &run.results {
        assert!(sound_but_for_lateness(result), "{result:?}");
        let row = &result.summary;
        assert_eq!(row.delivered, row.expected, "{row:?}");
        assert_eq!((row.lost, row.duplicated, row.reordered), (Some(0), Some(0), Some(0)), "{row:?}");
    }
    let as_found = if run.level() == pushbench_measure::verdict::Level::Breach { 4 } else { 0 };
    assert_eq!(ended.code, Some(as_found), "{ended:?}");
}

/// Every chart of a run: its name; a PNG large enough to hold something.
fn assert_charts(folder: &Path, names: &[&str]) {
    let charts = folder.join(names::CHARTS);
    assert_eq!(files(&charts), names);
    for name in names {
        let bytes = fs::read(charts.join(name)).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"), "{name}");
        let size = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert!(size(16) >= 800 && size(20) >= 300, "{name}: {} x {}", size(16), size(20));
        assert!(bytes.len() > 5_000, "{name}: {} bytes", bytes.len());
    }
}

const CHARTS_OF_ONE_STEP: [&str; 5] =
    ["bytes-per-event.png", "cost.png", "latency-over-time.png", "latency-percentiles.png", "sockets.png"];

#[test]
fn a_run_of_every_transport_leaves_the_whole_tree() {
    let workshop = tiny(&format!("{ALL_FOUR}[thresholds]\nlost = \"== 0\"\nlatency_p50 = \"< 10s\"\n"));
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_went_well(&ended, &run);
    assert_eq!(
        files(&folder),
        ["charts", "long-polling", "run.json", "short-polling", "sse", "summary.csv", "websocket"]
    );
    assert_charts(&folder, &CHARTS_OF_ONE_STEP);
    assert_summary(&folder, &run);
    for label in LABELS {
        assert_eq!(files(&folder.join(label)), ["clients.csv", "intervals.csv", "latency.hlog"]);
        assert_intervals(&folder, label);
        assert_histograms(&folder, &run, label);
    }
    assert_news(&ended, &folder);
}

/// The rows of `summary.csv` say what `run.json` says: 8 clients, 40 events due in the measure phase, one row each.
fn assert_summary(folder: &Path, run: &Run) {
    let mut reader = csv::Reader::from_path(folder.join("summary.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let labels: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(labels, LABELS);
    for (row, result) in rows.iter().zip(&run.results) {
        assert_eq!(row, Columns::of(&run.scenario).record(result));
        let summary = &result.summary;
        assert_eq!((summary.clients, summary.connected), (Some(8), Some(8)));
        assert_eq!((summary.expected, summary.publishes), (Some(320), Some(40)), "{summary:?}");
        assert_eq!(summary.payload_bytes_per_event, Some(200.0), "{summary:?}");
        assert_eq!((summary.errors, summary.reconnects), (Some(0), Some(0)), "{summary:?}");
        assert_eq!(result.processes, (1, 1));
        assert_eq!(result.thresholds.len(), 2);
    }
}

/// Seconds that add up to the run: 48 events (with those of the warm-up) for each of 8 clients.
fn assert_intervals(folder: &Path, label: &str) {
    let rows = intervals(folder, label);
    assert_eq!(rows.iter().map(|row| row.published).sum::<u64>(), 48, "{label}");
    assert_eq!(rows.iter().map(|row| row.delivered).sum::<u64>(), 8 * 48, "{label}");
    assert!(rows.is_sorted_by(|before, after| before.t_s < after.t_s), "{label}");
    let phases: Vec<Phase> = rows.iter().map(|row| row.phase().unwrap()).collect();
    assert!(phases.is_sorted() && phases.contains(&Phase::Measure), "{label}: {phases:?}");
    assert_eq!(phases.last(), Some(&Phase::Drain), "{label}");
    let measured = rows.iter().find(|row| row.phase() == Some(Phase::Measure)).unwrap();
    assert_eq!(measured.connected, 8, "{label}");
    assert!(measured.latency_p50_us.is_some() && measured.target_cpu_us.is_some(), "{label}: {measured:?}");
}

/// The lines of the log add up to the figures of the summary.
fn assert_histograms(folder: &Path, run: &Run, label: &str) {
    let lines = histograms(folder, label);
    let summary = &run.results.iter().find(|result| result.summary.label == label).unwrap().summary;
    let delivery = interval_log::sum(&lines, Figure::Delivery, Phase::Measure, None);
    assert_eq!(Some(delivery.count()), summary.delivered, "{label}");
    assert_eq!(delivery.max(), summary.latency_max_us, "{label}");
    assert_eq!(delivery.quantile(0.5), summary.latency_p50_us, "{label}");
    let warmup = interval_log::sum(&lines, Figure::Delivery, Phase::Warmup, None);
    assert_eq!(warmup.count(), 8 * 8, "{label}");
    let slip = interval_log::sum(&lines, Figure::Slip, Phase::Measure, None);
    assert_eq!((slip.count(), slip.quantile(0.99)), (40, summary.slip_p99_us), "{label}");
    assert_ages_gaps_and_reads(&lines, summary, label);
}

/// Every reception but a client's first ends an age and a gap, and every event was in one read.
fn assert_ages_gaps_and_reads(lines: &[interval_log::Line], summary: &Summary, label: &str) {
    let of = |figure| {
        let mut sum = Histogram::new();
        for phase in Phase::ALL {
            sum.add(&interval_log::sum(lines, figure, phase, None));
        }
        sum
    };
    let received = of(Figure::Delivery).count();
    assert_eq!(received, 8 * 48, "{label}");
    assert_eq!(
        (of(Figure::Gap).count(), of(Figure::AgePeak).count()),
        (received - 8, received - 8),
        "{label}"
    );
    let reads = of(Figure::EventsPerRead);
    assert_eq!((reads.mean().unwrap() * reads.count() as f64).round() as u64, received, "{label}");
    // Looked at some hundred times, against the integral over the same time.
    let age = interval_log::sum(lines, Figure::Age, Phase::Measure, None);
    let (seen, exact) = (age.mean().unwrap(), summary.age_mean_us.unwrap());
    assert!(
        (seen / exact - 1.0).abs() < 0.3,
        "{label}: mean age {seen} us of {} looks, {exact} us",
        age.count()
    );
}

/// Plain lines on standard error, the table on standard output, nothing that only a terminal understands.
fn assert_news(ended: &Ended, folder: &Path) {
    for (at, label) in LABELS.iter().enumerate() {
        assert!(
            ended.err.contains(&format!("[{}/4] {label:<14} connecting 8 clients\n", at + 1)),
            "{}",
            ended.err
        );
        assert!(ended.out.lines().any(|line| line.starts_with(label)), "{}", ended.out);
    }
    let folder = folder.strip_prefix(folder.ancestors().nth(3).unwrap()).unwrap().display();
    assert!(
        ended.err.ends_with(&format!("5 charts in {folder}/charts\nresults in {folder}\n")),
        "{}",
        ended.err
    );
    assert!(!ended.out.contains('\x1b') && !ended.err.contains(['\x1b', '\r']), "{ended:?}");
}

#[test]
fn steps_make_rows_of_their_own_and_a_chart_more() {
    let workshop = tiny(ALL_FOUR);
    let ended =
        workshop.run(&["run", "tiny.toml", "--only", "websocket", "--clients", "5,10", "--seed", "77", "-v"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_went_well(&ended, &run);
    assert_eq!((run.scenario.setup.seed, &run.scenario.setup.steps), (77, &vec![5, 10]));
    assert_eq!(run.scenario.overrides, ["--clients 5,10", "--seed 77", "--only websocket"]);
    assert_eq!(files(&folder), ["charts", "run.json", "summary.csv", "websocket"]);
    let mut reader = csv::Reader::from_path(folder.join("summary.csv")).unwrap();
    assert_eq!(&reader.headers().unwrap()[2], "step");
    let steps: Vec<String> = reader.records().map(|row| row.unwrap()[2].to_owned()).collect();
    assert_eq!(steps, ["5", "10"]);
    for step in [5, 10] {
        let rows = intervals(&folder, "websocket");
        let delivered: u64 = rows.iter().filter(|row| row.step == step).map(|row| row.delivered).sum();
        assert_eq!(delivered, u64::from(step) * 48);
        let lines = histograms(&folder, "websocket");
        let delivery = interval_log::sum(&lines, Figure::Delivery, Phase::Measure, Some(step));
        assert_eq!(delivery.count(), u64::from(step) * 40);
    }
    let mut charts = CHARTS_OF_ONE_STEP.to_vec();
    charts.insert(1, "capacity.png");
    assert_charts(&folder, &charts);
    // A line for every second, of the ramp too.
    assert!(ended.err.contains(" ramp ") && ended.err.contains(" drain "), "{}", ended.err);
    assert_report_redraws(&workshop, &folder, &ended.out, &charts);
}

/// The files alone are enough for the same table and the same charts.
fn assert_report_redraws(workshop: &Workshop, folder: &Path, table: &str, charts: &[&str]) {
    let read = |name: &&str| fs::read(folder.join(names::CHARTS).join(name)).unwrap();
    let drawn: Vec<Vec<u8>> = charts.iter().map(read).collect();
    fs::remove_dir_all(folder.join(names::CHARTS)).unwrap();
    let reported = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!((reported.code, reported.out.as_str()), (Some(0), table), "{}", reported.err);
    assert_eq!(reported.err.lines().count(), charts.len(), "{}", reported.err);
    assert_eq!(charts.iter().map(read).collect::<Vec<_>>(), drawn, "the same pictures");
    let markdown = workshop.run(&["report", folder.to_str().unwrap(), "--markdown"]);
    assert_eq!(markdown.code, Some(0));
    assert!(markdown.out.contains("\n|"), "{}", markdown.out);
}

#[test]
fn json_is_all_there_is_on_standard_output() {
    let workshop = tiny_but(&[("measure = \"1s\"", "measure = \"30s\"")], SSE);
    let ended = workshop.run(&[
        "run",
        "tiny.toml",
        "--json",
        "--quiet",
        "--duration",
        "1s",
        "--out",
        "elsewhere/deep",
    ]);
    let run: Run = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.out));
    assert_went_well(&ended, &run);
    assert_eq!(ended.err, "");
    assert!((run.scenario.setup.measure_s - 1.0).abs() < 1e-9);
    let scenario = workshop.path().join("elsewhere/deep/tiny");
    assert_eq!(manifest(&scenario.join(&files(&scenario)[0])), run);
    assert_eq!(files(workshop.path()), ["elsewhere", "tiny.toml"]);
}

#[test]
fn two_processes_on_each_side_deliver_everything() {
    let processes = "[target]\nprocesses = 2\n[workers]\nprocesses = 2\n";
    let workshop = tiny_but(
        &[("pattern = \"broadcast\"", "pattern = \"topics\"\ntopics = 3")],
        &format!("[[transports]]\nkind = \"long-polling\"\nconnection = \"close\"\n{SSE}{processes}"),
    );
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_went_well(&ended, &run);
    assert!(ended.err.contains("connecting 8 clients (2 target and 2 worker processes)\n"), "{}", ended.err);
    for result in &run.results {
        let label = &result.summary.label;
        assert_eq!(result.processes, (2, 2));
        assert_eq!((result.summary.clients, result.summary.connected), (Some(8), Some(8)));
        // Each event reaches the clients of one of three topics: 3, 3 or 2 of the 8.
        let expected = result.summary.expected.unwrap();
        assert!((2 * 40..=3 * 40).contains(&expected), "{expected}");
        let rows = intervals(&folder, label);
        assert_eq!(rows.iter().map(|row| row.published).sum::<u64>(), 48, "both publish the same events");
        let delivery = interval_log::sum(&histograms(&folder, label), Figure::Delivery, Phase::Measure, None);
        assert_eq!(delivery.count(), expected);
    }
}

#[test]
fn a_missed_threshold_is_named_and_makes_the_run_fail() {
    let workshop = tiny(&format!("{SSE}[thresholds]\nlatency_p50 = \"< 1us\"\nlost = \"== 0\"\n"));
    let ended = workshop.run(&["run", "tiny.toml"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let run = manifest(&workshop.run_folder());
    assert_eq!(run.status, Status::Complete);
    assert_eq!(run.results[0].summary.verdict, "invalid");
    let met: Vec<(&str, bool)> = run.results[0]
        .thresholds
        .iter()
        .map(|threshold| (threshold.figure.as_str(), threshold.met))
        .collect();
    assert_eq!(met, [("latency_p50", false), ("lost", true)]);
    assert!(ended.out.contains("! sse, threshold missed: latency_p50 < 1us, measured "), "{}", ended.out);
    assert!(ended.out.contains("threshold met: lost == 0 (sse 0)"), "{}", ended.out);
}
