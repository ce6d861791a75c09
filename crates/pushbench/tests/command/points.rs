//! Runs of several points: sweeps and cases.

use pushbench_measure::results::{ClientQuantile, Run, Status};
use pushbench_measure::{Figure, Phase, interval_log};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::folder::{files, header, histograms, intervals, manifest, sound_but_for_lateness};
use crate::process::{Ended, signal};
use crate::scenario::{Workshop, tiny, with_text};

const TWO: &str = "[[transports]]\nkind = \"sse\"\n[[transports]]\nkind = \"websocket\"\n";

/// Two by two cells of two transports each.
const SWEEP: &str = "[thresholds]\nlost = \"== 0\"\n[sweep]\n\"events.rate\" = [\"20/s\", \"40/s\"]\n\"clients.count\" = [4, 8]\n";

const CELLS: [&str; 4] = [
    "events.rate=20/s clients.count=4",
    "events.rate=20/s clients.count=8",
    "events.rate=40/s clients.count=4",
    "events.rate=40/s clients.count=8",
];

fn swept() -> Workshop {
    tiny(&format!("{TWO}{SWEEP}"))
}

/// A machine that was busy makes cells invalid, and nothing else may.
fn assert_measured(run: &Run, ended: &Ended) {
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    for result in &run.results {
        assert!(sound_but_for_lateness(result), "{:?} {:?}", result.findings, result.thresholds);
    }
    assert_eq!(ended.code, Some(if run.answers() { 0 } else { 4 }), "{ended:?}");
}

fn points(run: &Run) -> Vec<(&str, &str)> {
    let of = run.results.iter();
    of.map(|result| {
        assert!(run.scenario.points.iter().any(|point| result.is_of(point)));
        (result.summary.point.as_deref().unwrap_or_default(), result.summary.label.as_str())
    })
    .collect()
}

#[test]
fn a_sweep_measures_every_cell_and_maps_it() {
    let workshop = swept();
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_measured(&run, &ended);
    let every: Vec<(&str, &str)> =
        CELLS.iter().flat_map(|cell| [(*cell, "sse"), (*cell, "websocket")]).collect();
    assert_eq!(points(&run), every);
    for (result, (rate, clients)) in run.results.iter().step_by(2).zip([(20, 4), (20, 8), (40, 4), (40, 8)]) {
        let row = &result.summary;
        // A second of them.
        assert_eq!(
            (row.clients, row.expected, row.step),
            (Some(clients), Some(rate * u64::from(clients)), None)
        );
    }
    assert_files(&folder, &run);
    assert_eq!(files(&folder.join("charts")), ["crossover.png"]);
    for said in ["[1/8] events.rate=20/s clients.count=4: sse", "[8/8] events.rate=40/s clients.count=8: "] {
        assert!(ended.err.contains(said), "no `{said}` in {}", ended.err);
    }
    assert!(ended.out.contains("clients.count \\ events.rate"), "{}", ended.out);
    assert_redrawn(&workshop, &folder, &ended);
}

/// Rows, histograms and quantiles of every cell are told apart.
fn assert_files(folder: &Path, run: &Run) {
    assert!(header(&folder.join("summary.csv")).starts_with("label,kind,point,clients,"));
    for label in ["sse", "websocket"] {
        let rows = intervals(folder, label);
        let lines = histograms(folder, label);
        let mut reader = csv::Reader::from_path(folder.join(label).join("clients.csv")).unwrap();
        let quantiles: Vec<ClientQuantile> = reader.deserialize().map(Result::unwrap).collect();
        for (number, cell) in (1..).zip(CELLS) {
            assert!(rows.iter().any(|row| row.point == cell && row.phase == "measure"), "{label} {cell}");
            assert!(quantiles.iter().any(|row| row.point == cell), "{label} {cell}");
            let mark = interval_log::Mark { point: Some(number), step: None };
            let logged = interval_log::sum(&lines, Figure::Delivery, Phase::Measure, mark).count();
            let of_cell = |row: &pushbench_measure::results::Summary| {
                row.label == label && row.point.as_deref() == Some(cell)
            };
            let result = run.results.iter().find(|result| of_cell(&result.summary)).unwrap();
            assert_eq!(Some(logged), result.summary.delivered, "{label} {cell}");
        }
        assert!(rows.iter().all(|row| CELLS.contains(&row.point.as_str())));
    }
}

/// `report` draws the very same pictures and prints the same table.
fn assert_redrawn(workshop: &Workshop, folder: &Path, ended: &Ended) {
    let before = pictures(&folder.join("charts"));
    fs::remove_dir_all(folder.join("charts")).unwrap();
    let again = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!((again.code, &again.out), (Some(0), &ended.out));
    let after = pictures(&folder.join("charts"));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(!before.is_empty() && before == after);
}

fn pictures(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for name in files(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            all.extend(pictures(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            all.insert(name, fs::read(path).unwrap());
        }
    }
    all
}

#[test]
fn cases_run_with_transports_and_clients_of_their_own() {
    let cases = "[[cases]]\nname = \"few\"\n[[cases]]\nname = \"steps\"\nclients.count = [2, 4]\n[[cases.transports]]\nkind = \"long-polling\"\ntimeout = \"500ms\"\n";
    let workshop = tiny(&format!("{TWO}{cases}"));
    let ended = workshop.run(&["run", "tiny.toml", "--only", "sse,long-polling", "--repeat", "2"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_measured(&run, &ended);
    assert_eq!(points(&run), [("few", "sse"), ("steps", "long-polling"), ("steps", "long-polling")]);
    let steps: Vec<Option<u32>> = run.results.iter().map(|result| result.summary.step).collect();
    assert_eq!(steps, [None, Some(2), Some(4)]);
    assert!(run.results.iter().all(|result| result.rounds.len() == 2));
    let labels: Vec<&str> = run.transports.iter().map(|transport| transport.label.as_str()).collect();
    assert_eq!(labels, ["sse", "long-polling"]);
    assert!(header(&folder.join("summary.csv")).starts_with("label,kind,point,step,rounds,"));
    let mark = interval_log::Mark { point: Some(2), step: Some(4) };
    assert!(histograms(&folder, "long-polling").iter().any(|line| line.mark == mark && line.round == 2));
    assert!(files(&folder.join("charts/2-steps")).contains(&"capacity.png".to_owned()));
    assert_redrawn(&workshop, &folder, &ended);
    let same = workshop.run(&["compare", folder.to_str().unwrap(), folder.to_str().unwrap()]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.out.contains("long-polling, 2 clients, steps"), "{}", same.out);
}

#[test]
fn one_key_makes_a_line_chart_and_some_points_may_be_run_alone() {
    let workshop = tiny(&format!("{TWO}[sweep]\n\"events.rate\" = [\"20/s\", \"40/s\", \"60/s\"]\n"));
    let ended =
        workshop.run(&["run", "tiny.toml", "--points", "1,events.rate=60/s", "--only", "sse", "--json"]);
    let run: Run = serde_json::from_str(&ended.out).unwrap();
    assert_measured(&run, &ended);
    assert_eq!(points(&run), [("events.rate=20/s", "sse"), ("events.rate=60/s", "sse")]);
    assert_eq!(run.scenario.overrides, ["--only sse", "--points 1,events.rate=60/s"]);
    let folder = workshop.run_folder();
    assert_eq!(files(&folder.join("charts")), ["sweep.png"]);
    let drawn = workshop.run(&["report", folder.to_str().unwrap(), "--points", "events.rate=60/s"]);
    assert_eq!(drawn.code, Some(0), "{drawn:?}");
    assert!(files(&folder.join("charts/2-events.rate-60-s")).contains(&"cost.png".to_owned()));
    assert_eq!(workshop.run(&["report", folder.to_str().unwrap(), "--points", "3"]).code, Some(2));
}

#[test]
fn a_long_sweep_wants_to_be_agreed_to() {
    let long = format!("{TWO}[sweep]\n\"phases.measure\" = [\"4m\", \"5m\"]\n");
    let workshop = tiny(&long);
    let refused = workshop.run(&["run", "tiny.toml"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let said = "tiny.toml: 2 points make 4 measurements and take about 18 min";
    assert!(refused.err.contains(said), "{}", refused.err);
    assert!(!workshop.folder.path().join("results").exists(), "before anything runs");
    // What `check` says is what `run` would.
    let checked = workshop.run(&["check", "tiny.toml"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.out.contains(said) && checked.err.is_empty(), "{checked:?}");
    let agreed = workshop.run(&["check", "tiny.toml", "--yes"]);
    assert!(agreed.code == Some(0) && !agreed.out.contains("--yes"), "{agreed:?}");
    let many: Vec<String> = (1..=25).map(|ring| ring.to_string()).collect();
    let workshop = tiny(&format!("{TWO}[sweep]\n\"target.ring\" = [{}]\n", many.join(", ")));
    let refused = workshop.run(&["run", "tiny.toml"]);
    assert!(refused.code == Some(2) && refused.err.contains("25 points make 50 measurements"), "{refused:?}");
}

#[test]
fn an_interrupted_sweep_keeps_the_cells_that_it_has() {
    let workshop = swept();
    let mut started = workshop.start(&["run", "tiny.toml"]);
    started.says("[4/8] events.rate=20/s clients.count=8: websocket ");
    signal(started.pid(), Signal::INT);
    let ended = started.ended_within(Duration::from_secs(15));
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!((run.status, run.scenario.points.len()), (Status::Partial, 4));
    assert!((3..=4).contains(&run.results.len()), "{}", run.results.len());
    assert!(run.results[..3].iter().all(|result| result.complete));
    assert!(files(&folder.join("charts")).contains(&"crossover.png".to_owned()));
    let again = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!((again.code, &again.out), (Some(0), &ended.out));
}

#[test]
fn check_tells_the_points_and_the_time_of_all() {
    let ended = swept().run(&["check", "tiny.toml", "--points", "clients.count=8"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for said in
        ["events.rate=20/s clients.count=8", "events.rate=40/s clients.count=8", "4 measurements", "2 points"]
    {
        assert!(ended.out.contains(said), "no `{said}` in {}", ended.out);
    }
    assert!(!ended.out.contains("clients.count=4"), "{}", ended.out);
}

#[test]
fn the_shipped_sweep_runs_a_cell_of_its_own() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/crossover.toml");
    let workshop = with_text(&fs::read_to_string(path).unwrap().replace("\"crossover\"", "\"tiny\""));
    let ended = workshop.run(&[
        "run",
        "tiny.toml",
        "--points",
        "events.rate=5/s clients.count=100",
        "--duration",
        "2s",
        "--only",
        "sse",
    ]);
    let run: Run = manifest(&workshop.run_folder());
    assert_measured(&run, &ended);
    assert_eq!((run.scenario.points.len(), run.results.len()), (1, 1));
}
