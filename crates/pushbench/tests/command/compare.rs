//! Comparing runs: with themselves, with slower ones, and with what is no run.

use insta::assert_snapshot;
use pushbench_measure::results::names;
use pushbench_measure::{Figure, Histogram, Histograms, Phase, interval_log};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::folder::{files, histograms};
use crate::process::Ended;
use crate::scenario::{SSE, Workshop, tiny};

/// Seconds of a made-up log.
const SECONDS: u64 = 12;

/// Two runs in `a` and `b`: what was measured, as if for twelve seconds, and the same 5 ms later.
fn two_runs() -> Workshop {
    let workshop = tiny(SSE);
    // Whether it is valid on a busy machine does not matter here.
    workshop.run(&["run", "tiny.toml", "--quiet"]);
    let measured = workshop.run_folder();
    let lines = histograms(&measured, "sse");
    let delivery = interval_log::sum(&lines, Figure::Delivery, Phase::Measure, None);
    for (name, more_us) in [("a", 0), ("b", 5_000)] {
        let folder = workshop.path().join(name);
        fs::create_dir_all(folder.join("sse")).unwrap();
        let mut manifest = crate::folder::manifest(&measured);
        manifest.results[0].findings.clear();
        manifest.results[0].summary.publishes = Some(12 * 40);
        let latencies = Some(SECONDS * delivery.count());
        manifest.results[0].rounds.iter_mut().for_each(|round| round.latencies = latencies);
        fs::write(folder.join(names::RUN), serde_json::to_vec(&manifest).unwrap()).unwrap();
        fs::write(folder.join("sse").join(names::LATENCY_LOG), twelve_seconds(&delivery, more_us)).unwrap();
    }
    workshop
}

/// The same distribution second by second, each a little later than the one before, all of them by `more_us`.
fn twelve_seconds(delivery: &Histogram, more_us: u64) -> Vec<u8> {
    let mut log = Vec::new();
    interval_log::write_head(&mut log, "2026-11-20T14:03:22Z").unwrap();
    for second in 0..SECONDS {
        let mut later = Histogram::new();
        for bin in delivery.inner().iter_recorded() {
            later.record_many(bin.value_iterated_to() + more_us + second, bin.count_at_value());
        }
        let mut histograms = Histograms::new();
        histograms.add_one(Figure::Delivery, Phase::Measure, &later);
        let start = Duration::from_secs(second);
        interval_log::write_interval(&mut log, &histograms, start, Duration::from_secs(1), None, 1).unwrap();
    }
    log
}

fn json(ended: &Ended) -> serde_json::Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.out))
}

#[test]
fn runs_are_compared_from_their_files() {
    let workshop = two_runs();
    let same = workshop.run(&["compare", "a", "a", "--fail-if-slower", "5%"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.out.contains("B against A, sse, 8 clients: no difference seen in any of "), "{}", same.out);
    assert!(!same.out.contains("slower") && !same.out.contains("noisy"), "{}", same.out);
    assert_written(workshop.path(), &same);

    let slower = workshop.run(&["compare", "a", "b", "--out", "out", "--markdown", "--fail-if-slower", "5%"]);
    assert_eq!(slower.code, Some(4), "{slower:?}");
    assert!(slower.out.starts_with("**B against A, sse, 8 clients: slower¹: p50 by +"), "{}", slower.out);
    assert!(
        slower.err.contains("slower by more than 5%: B against A, sse, 8 clients: p50 by +5"),
        "{}",
        slower.err
    );
    assert_eq!(
        files(&workshop.path().join("out")),
        ["comparison.json", "comparison.md", "overlay.png", "shift.png"]
    );
    let markdown = fs::read_to_string(workshop.path().join("out/comparison.md")).unwrap();
    assert_eq!(markdown, slower.out);

    let everything = workshop.run(&["compare", "a", "b", "--out", "out", "--json", "--band", "10%"]);
    let document = json(&everything);
    assert_eq!((everything.code, document["band"].as_f64()), (Some(0), Some(0.1)));
    let rows = document["pairs"][0]["rows"].as_array().unwrap();
    let p50 = rows.iter().find(|row| row["column"] == "latency_p50_us").unwrap();
    assert_eq!(p50["word"], "slower");
    let end = |end| p50["difference"]["interval"][end].as_f64().unwrap();
    assert!(end("lo") < 5_000.0 && 5_000.0 < end("hi"), "{p50}");

    let faster = workshop.run(&["compare", "b", "a", "--out", "out", "--fail-if-slower", "5%"]);
    assert_eq!(faster.code, Some(0), "{faster:?}");
    assert!(faster.out.contains("faster"), "{}", faster.out);

    // Without its seconds a side answers nothing, slower or not.
    fs::write(workshop.path().join("a/sse").join(names::LATENCY_LOG), "").unwrap();
    let emptied = workshop.run(&["compare", "b", "a", "--out", "out", "--fail-if-slower", "5%"]);
    assert_eq!(emptied.code, Some(4), "{emptied:?}");
    let told =
        "sse in B is not as it was measured: sse/latency.hlog holds 0 latencies where run.json counts ";
    assert!(emptied.err.contains(told), "{}", emptied.err);
    let reported = workshop.run(&["report", "a"]);
    assert!(
        reported.err.contains("warning: a/sse/latency.hlog holds 0 latencies where run.json counts "),
        "{}",
        reported.err
    );
}

/// Tables and charts in a folder of their own, each named on standard error.
fn assert_written(folder: &Path, ended: &Ended) {
    let shelf = folder.join("results/compare");
    let made = files(&shelf);
    assert_eq!(made.len(), 1, "{made:?}");
    let named: Vec<String> = ["comparison.md", "comparison.json", "overlay.png", "shift.png"]
        .iter()
        .map(|name| format!("results/compare/{}/{name}", made[0]))
        .collect();
    assert_eq!(ended.err.lines().collect::<Vec<_>>(), named);
    assert!(named.iter().all(|name| folder.join(name).metadata().unwrap().len() > 100));
}

#[test]
fn a_file_out_of_reach_is_the_environments_fault() {
    let workshop = tiny(SSE);
    // A folder in the place of a file cannot be read by anybody, root included.
    for run in ["a", "b"] {
        fs::create_dir_all(workshop.path().join(run).join(names::RUN)).unwrap();
    }
    let unread = workshop.run(&["compare", "a", "b"]);
    assert_eq!(unread.code, Some(3), "{unread:?}");
    assert!(unread.err.contains("a/run.json cannot be read: "), "{}", unread.err);
    // Of both, bad usage is the worse: it is what to mend first.
    let mixed = workshop.run(&["compare", "a", "nowhere"]);
    assert_eq!(mixed.code, Some(2), "{mixed:?}");
    assert_eq!(mixed.err.lines().count(), 2, "{}", mixed.err);
}

#[test]
fn what_cannot_be_compared_is_refused_all_at_once() {
    let workshop = tiny(SSE);
    fs::create_dir(workshop.path().join("empty")).unwrap();
    fs::create_dir(workshop.path().join("older")).unwrap();
    fs::write(workshop.path().join("older/run.json"), "{\"format\": 1}").unwrap();
    let ended = workshop.run(&["compare", "empty", "older", "nowhere:sse"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert_snapshot!(ended.err, @r"
    error: empty is not the folder of a run: it holds no run.json
    older/run.json is of format 1; this version reads format 2 only
    nowhere is not the folder of a run: it holds no run.json
    ");
    assert!(!workshop.path().join("results").exists(), "nothing is written");
    let one = workshop.run(&["compare", "empty"]);
    assert_eq!(one.code, Some(2));
    assert!(one.err.contains("2 values required"), "{}", one.err);
    let share = workshop.run(&["compare", "empty", "older", "--band", "0.05"]);
    assert_eq!(share.code, Some(2));
    assert!(share.err.contains("a percentage is written like 5%"), "{}", share.err);
}
