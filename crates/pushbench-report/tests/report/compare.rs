//! Runs side by side: what is said of equal runs, of slower ones, and of those that should not be compared.

use insta::assert_snapshot;
use pushbench_measure::results::{SlowRecord, Status};
use pushbench_measure::statistics::{Basis, Word};
use pushbench_report::compare::{Comparison, Gate, LoadedRun, Selection, Share, load};
use pushbench_report::table::{Style, comparison};
use pushbench_report::{ReportError, RunFolder, charts};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::synthetic::Shape;
use crate::synthetic::written::{Made, write};

pub(crate) const BAND: Share = Share::new(0.05);

/// A folder with runs in it.
pub(crate) struct Shelf(TempDir);

impl Shelf {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for a test"))
    }

    pub(crate) fn run(&self, name: &str, made: &Made) -> PathBuf {
        self.changed(name, made, |_| ())
    }

    pub(crate) fn changed(&self, name: &str, made: &Made, change: impl FnOnce(&mut RunFolder)) -> PathBuf {
        let dir = self.0.path().join(name);
        write(&dir, made, change);
        dir
    }

    /// The text without the place of the folder.
    fn placeless(&self, text: &str) -> String {
        text.replace(&self.0.path().display().to_string(), "RUNS")
    }
}

pub(crate) fn loaded(folders: &[&Path]) -> Vec<LoadedRun> {
    let selections: Vec<Selection> =
        folders.iter().map(|folder| Selection { folder: folder.to_path_buf(), label: None }).collect();
    load(&selections).unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub(crate) fn word(comparison: &Comparison<'_>, pair: usize, column: &str) -> Option<Word> {
    comparison.pairs[pair].rows.iter().find(|row| row.column == column).and_then(|row| row.word)
}

pub(crate) fn notes(comparison: &Comparison<'_>) -> String {
    comparison::render(comparison, Style::default())
}

#[test]
fn a_run_and_itself_show_no_difference_in_any_figure() {
    let shelf = Shelf::new();
    for rounds in [1, 5] {
        let dir = shelf.run(&format!("same-{rounds}"), &Made { rounds, apart: 0.5, ..Made::default() });
        let runs = loaded(&[&dir, &dir]);
        let comparison = Comparison::of(&runs, BAND).unwrap();
        assert_eq!(comparison.pairs.len(), 2);
        for row in comparison.pairs.iter().flat_map(|pair| &pair.rows) {
            assert_eq!(row.word, Some(Word::NoDifference), "{}", row.name);
            assert!(row.difference.unwrap().estimate.abs() <= 0.0, "{}", row.name);
        }
        assert!(comparison.runs.iter().all(|run| run.differs.is_empty()));
        assert!(Gate::of(&comparison, BAND).passed());
        assert!(notes(&comparison).contains("no difference seen in any of "), "{}", notes(&comparison));
    }
}

#[test]
fn two_runs_of_the_same_show_hardly_a_difference() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.run("b", &Made { seed: 2, ..Made::default() });
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    for pair in &comparison.pairs {
        let seen = pair.rows.iter().filter(|row| row.word == Some(Word::NoDifference)).count();
        assert!(seen * 10 >= pair.rows.len() * 9, "{}", notes(&comparison));
        assert!(pair.rows.iter().all(|row| row.difference.unwrap().basis == Basis::Rounds(5)));
    }
}

#[test]
fn five_milliseconds_more_are_slower_with_an_interval_that_holds_them() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.run("b", &Made { seed: 2, delay_us: 5_000, cost: 1.4, ..Made::default() });
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    let pushing = 1;
    assert_eq!(comparison.pairs[pushing].base.label, "long-polling");
    for column in ["latency_p50_us", "latency_p90_us", "latency_p99_us"] {
        assert_eq!(word(&comparison, pushing, column), Some(Word::Slower), "{}", notes(&comparison));
    }
    assert_eq!(word(&comparison, pushing, "target_cpu_us_per_event"), Some(Word::More));
    assert_eq!(word(&comparison, pushing, "payload_bytes_per_event"), None, "not a headline figure");
    let shift = &comparison.pairs[pushing].shift;
    assert_eq!(shift.len(), 12);
    for shift in shift {
        let interval = shift.difference.interval.unwrap();
        assert!(interval.lo < 5_000.0 && 5_000.0 < interval.hi, "{shift:?}");
    }
    // A second's wait of short polling swallows them: 5 ms of 500 ms.
    assert_eq!(word(&comparison, 0, "latency_p99_us"), Some(Word::NoDifference));

    let gate = Gate::of(&comparison, Share::new(0.05));
    assert!(!gate.passed() && gate.slower.len() == 3 && gate.unanswered.is_empty(), "{gate:?}");
    assert!(gate.slower[0].contains("B against A, long-polling, 50 clients: p50 by +"), "{gate:?}");
    assert!(Gate::of(&comparison, Share::new(9.0)).passed());

    let back = loaded(&[&b, &a]);
    let back = Comparison::of(&back, BAND).unwrap();
    assert_eq!(word(&back, pushing, "latency_p50_us"), Some(Word::Faster));
    assert_eq!(word(&back, pushing, "target_cpu_us_per_event"), Some(Word::Less));
    assert!(Gate::of(&back, Share::new(0.05)).passed());
}

#[test]
fn a_wide_band_swallows_a_difference() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.run("b", &Made { seed: 2, delay_us: 300, ..Made::default() });
    let runs = loaded(&[&a, &b]);
    let of = |band| word(&Comparison::of(&runs, Share::new(band)).unwrap(), 1, "latency_p50_us");
    assert_eq!((of(0.05), of(0.5)), (Some(Word::Slower), Some(Word::NoDifference)));
}

#[test]
fn one_run_each_says_what_its_intervals_speak_of() {
    let shelf = Shelf::new();
    let one = |seed, delay_us, cost| Made { rounds: 1, seed, delay_us, cost, ..Made::default() };
    let a = shelf.run("a", &one(1, 0, 1.0));
    let b = shelf.run("b", &one(2, 5_000, 1.4));
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    let text = notes(&comparison);
    assert!(text.contains("¹ A, B: 1 run: the interval speaks of this run's seconds only"), "{text}");
    assert!(text.contains("slower¹"), "{text}");
    assert_eq!(word(&comparison, 1, "latency_p50_us"), Some(Word::Slower), "{text}");
    let cpu = comparison.pairs[1].rows.iter().find(|row| row.column == "target_cpu_us_per_event").unwrap();
    assert_eq!((cpu.word, cpu.difference.unwrap().interval), (Some(Word::TooNoisy), None), "{text}");
    let bytes = word(&comparison, 1, "stream_down_bytes_per_event");
    assert_eq!(bytes, Some(Word::NoDifference), "the same to the byte");
}

#[test]
fn what_was_made_otherwise_is_told() {
    let shelf = Shelf::new();
    let a = shelf.changed("a", &Made::default(), |folder| {
        folder.run.scenario.text = "[events]\nrate = \"5/s\"\n# a comment\n".to_owned();
        folder.run.scenario.sha256 = "aa".to_owned();
    });
    let b = shelf.changed("b", &Made::default(), |folder| {
        folder.run.scenario.text =
            "[events]\nrate   = \"6/s\"\n[target]\ninject = \"delay=5ms\"\n".to_owned();
        folder.run.scenario.sha256 = "bb".to_owned();
        folder.run.scenario.setup.seed = u64::MAX;
        folder.run.scenario.setup.slow = Some(SlowRecord { share: 0.1, reading: "4KiB/s".to_owned() });
        folder.run.scenario.overrides = vec!["--clients 50".to_owned()];
        folder.run.host.kernel = "Linux 7.0".to_owned();
        folder.run.host.cpus = 4;
        folder.run.version = "9.9.9".to_owned();
        folder.run.commit = Some("abc123".to_owned());
        folder.run.status = Status::Partial;
        folder.run.reason = Some("Ctrl-C".to_owned());
        folder.run.transports[1].settings = "timeout 5s".to_owned();
        folder.run.results[1].complete = false;
    });
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    let all = &comparison.runs[1];
    assert_snapshot!(all.notes.join("\n"), @r"
    a partial run (Ctrl-C): compared with what was measured until then
    † long-polling, 50 clients was cut short: its validity was never judged
    ");
    assert_snapshot!(all.differs.join("\n"), @r#"
    pushbench: A 0.1.0, B 9.9.9
    commit: A unknown, B abc123
    overrides: A none, B --clients 50
    seed: A 1, B 18446744073709551615
    slow: A none, B reading 4KiB/s, share 0.1
    host cpus: A 2, B 4
    host kernel: A Linux 6.18.0 x86_64, B Linux 7.0
    the scenario's text differs: A has `rate = "5/s"`; B has `rate = "6/s"` `[target]` `inject = "delay=5ms"`
    long-polling: A long-polling timeout 30s, B long-polling timeout 5s
    "#);
    let table = notes(&comparison);
    let markdown = comparison.markdown();
    for fact in all.notes.iter().chain(&all.differs) {
        assert!(table.contains(fact) && markdown.contains(fact), "{fact}");
    }
    assert!(comparison.runs[0].differs.is_empty());
}

#[test]
fn transports_are_compared_whatever_their_names_where_one_is_named() {
    let shelf = Shelf::new();
    let shape = Shape { transports: 4, ..Made::default().shape };
    let dir = shelf.run("a", &Made { shape, ..Made::default() });
    let of = |label: &str| Selection { folder: dir.clone(), label: Some(label.to_owned()) };
    let runs = load(&[of("sse"), of("websocket")]).unwrap();
    let comparison = Comparison::of(&runs, BAND).unwrap();
    assert_eq!(comparison.pairs.len(), 1);
    assert_eq!(
        (comparison.pairs[0].base.label.as_str(), comparison.pairs[0].other.label.as_str()),
        ("sse", "websocket")
    );
    assert!(comparison.unmatched.is_empty());
    assert!(notes(&comparison).contains("B websocket, 50 clients against A sse: "), "{}", notes(&comparison));
    // One label against all: only the one of that name fits.
    let all = Selection { folder: dir.clone(), label: None };
    let runs = load(&[all, of("sse")]).unwrap();
    let comparison = Comparison::of(&runs, BAND).unwrap();
    assert_eq!((comparison.pairs.len(), comparison.unmatched.len()), (1, 3));
    assert_eq!(comparison.unmatched[0], "short-polling, 50 clients in A has no partner in B");
}

#[test]
fn everything_that_cannot_be_compared_is_named_at_once() {
    let shelf = Shelf::new();
    let good = shelf.run("good", &Made::default());
    let empty = shelf.changed("empty", &Made::default(), |folder| folder.run.results.clear());
    let foreign = shelf.changed("foreign", &Made::default(), |folder| folder.run.format = 99);
    let damaged = shelf.run("damaged", &Made::default());
    let log = damaged.join("long-polling/latency.hlog");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replace("Tag=delivery,1", "Tag=delivery,x")).unwrap();
    let folder = |folder: &Path| Selection { folder: folder.to_owned(), label: None };
    let missing = shelf.0.path().join("missing");
    let wrong = Selection { folder: good.clone(), label: Some("carrier-pigeon".to_owned()) };
    let selections =
        [folder(&good), folder(&empty), folder(&foreign), folder(&damaged), folder(&missing), wrong];
    let faults = load(&selections).unwrap_err();
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_snapshot!(shelf.placeless(&text.join("\n")), @r"
    RUNS/empty has no result yet: none of its transports was measured
    RUNS/foreign/run.json is of format 99; this version reads format 2 only
    RUNS/damaged/long-polling/latency.hlog: entry 2 is not a line of the HdrHistogram interval log format
    RUNS/missing is not the folder of a run: it holds no run.json
    RUNS/good has no result of `carrier-pigeon`; it has short-polling, long-polling
    ");
}

#[test]
fn sides_of_other_numbers_of_clients_have_nothing_in_common() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let shape = Shape { steps: vec![60], ..Made::default().shape };
    let b = shelf.run("b", &Made { shape, ..Made::default() });
    let runs = loaded(&[&a, &b]);
    let error = Comparison::of(&runs, BAND).unwrap_err();
    assert!(matches!(&error, ReportError::NothingInCommon { .. }));
    let text = shelf.placeless(&error.to_string());
    assert!(
        text.contains("RUNS/a has short-polling, 50 clients; long-polling, 50 clients; RUNS/b has "),
        "{text}"
    );
}

#[test]
fn a_lost_log_leaves_figures_without_intervals() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.run("b", &Made { seed: 2, ..Made::default() });
    fs::remove_file(b.join("long-polling/latency.hlog")).unwrap();
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    let row = comparison.pairs[1].rows.iter().find(|row| row.column == "latency_p50_us").unwrap();
    assert!(row.other.is_some_and(|shown| shown.interval.is_none()));
    assert!(comparison.pairs[1].shift.is_empty());
    assert_eq!(row.word, None, "missing data is no noise");
    let text = notes(&comparison);
    assert!(
        text.contains(
            "B: † long-polling, 50 clients is not as it was measured: long-polling/latency.hlog is missing"
        ),
        "{text}"
    );
    assert!(!text.contains("¹ :"), "{text}");
}

#[test]
fn a_round_that_was_cut_short_does_not_count_beside_whole_ones() {
    let shelf = Shelf::new();
    let cut = |rounds: Vec<u32>| {
        move |folder: &mut RunFolder| {
            for result in &mut folder.run.results {
                result.rounds.iter_mut().for_each(|round| round.complete = !rounds.contains(&round.round));
            }
        }
    };
    let basis = |name: &str, rounds: Vec<u32>| {
        let dir = shelf.changed(name, &Made { rounds: 3, ..Made::default() }, cut(rounds));
        let runs = loaded(&[&dir, &dir]);
        let comparison = Comparison::of(&runs, BAND).unwrap();
        let row = comparison.pairs[1].rows.iter().find(|row| row.column == "latency_p50_us").unwrap();
        row.difference.unwrap().basis
    };
    assert_eq!(basis("whole", vec![]), Basis::Rounds(3));
    assert_eq!(basis("one-cut", vec![2]), Basis::Rounds(2));
    assert_eq!(basis("two-cut", vec![1, 3]), Basis::OneRound);
    assert_eq!(basis("all-cut", vec![1, 2, 3]), Basis::Rounds(3), "better than nothing");
}

#[test]
fn a_round_that_a_kill_left_in_the_log_does_not_count() {
    let shelf = Shelf::new();
    let two = shelf.run("two", &Made { rounds: 2, ..Made::default() });
    // Killed in its third round: the log holds some of it, the manifest nothing.
    let killed = shelf.changed("killed", &Made { rounds: 3, ..Made::default() }, |folder| {
        folder.run.results.iter_mut().for_each(|result| drop(result.rounds.pop()));
    });
    assert!(
        fs::read_to_string(killed.join("long-polling/latency.hlog")).unwrap().contains("Tag=delivery.r3,")
    );
    let runs = loaded(&[&two, &killed]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    for pair in &comparison.pairs {
        let row = pair.rows.iter().find(|row| row.column == "latency_p50_us").unwrap();
        let difference = row.difference.unwrap();
        assert!(difference.identical && difference.basis == Basis::Rounds(2), "{difference:?}");
    }
    // Charts of the run alone go by the same rule.
    let of = |dir: &Path| RunFolder::load(dir).unwrap().labels.remove(1).delivery;
    assert_eq!(of(&killed), of(&two));
}

#[test]
fn the_markdown_has_its_outcome_first_and_folds_the_rest() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.run("b", &Made { seed: 2, delay_us: 5_000, ..Made::default() });
    let select =
        |folder: &Path| Selection { folder: folder.to_owned(), label: Some("long-polling".to_owned()) };
    let runs = load(&[select(&a), select(&b)]).unwrap();
    let comparison = Comparison::of(&runs, BAND).unwrap();
    let markdown = comparison.markdown();
    assert!(markdown.starts_with("**B against A, long-polling, 50 clients: slower: p50 by +"), "{markdown}");
    let folds = markdown.matches("<details>").count();
    assert_eq!((folds, markdown.matches("</details>").count()), (2, 2), "{markdown}");
    let in_view = markdown.split("<details>").next().unwrap();
    assert!(in_view.contains("| latency p99 |") && in_view.contains("**slower**"), "{markdown}");
    assert!(!in_view.contains("requests/event"), "{markdown}");
    // Every row of a table has as many cells as its head.
    for table in markdown.split("\n\n").filter(|part| part.starts_with("| ")) {
        let mut cells = table.lines().map(|line| line.matches(" | ").count());
        let head = cells.next();
        assert!(cells.all(|row| Some(row) == head), "{table}");
    }
}

#[test]
fn json_has_everything() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let runs = loaded(&[&a, &a]);
    let json = serde_json::to_value(Comparison::of(&runs, BAND).unwrap()).unwrap();
    let row = &json["pairs"][1]["rows"][0];
    assert_eq!(row["word"], "no difference seen");
    assert_eq!(row["column"], "latency_p50_us");
    assert!(row["base"]["interval"]["lo"].is_f64() && row["difference"]["interval"]["hi"].is_f64());
    assert_eq!(row["difference"]["basis"]["rounds"], 5);
    assert_eq!(json["pairs"][1]["shift"].as_array().unwrap().len(), 12);
    assert_eq!((&json["format"], &json["runs"][1]["letter"]), (&1.into(), &"B".into()));
}

#[test]
fn both_charts_are_drawn() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made { rounds: 2, ..Made::default() });
    let b = shelf.run("b", &Made { rounds: 2, delay_us: 5_000, ..Made::default() });
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    let out = shelf.0.path().join("charts");
    let drawn = charts::draw_comparison(&comparison, &out).unwrap();
    assert_eq!(drawn, [out.join("overlay.png"), out.join("shift.png")]);
    for path in drawn {
        let picture =
            png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap())).read_info().unwrap();
        assert_eq!((picture.info().width, picture.info().height), (1600, 1000));
    }
}
