//! Logs that were deleted, emptied, shortened or doubled after the run.

use pushbench_report::RunFolder;
use pushbench_report::compare::{Comparison, Gate};
use std::fs;
use std::path::Path;

use crate::compare::{BAND, Shelf, loaded, notes};
use crate::synthetic::written::Made;

/// What is done to the text of a log.
type Change = fn(&str) -> String;

const LOG: &str = "long-polling/latency.hlog";

fn change(dir: &Path, change: impl FnOnce(&str) -> String) {
    let path = dir.join(LOG);
    let text = fs::read_to_string(&path).expect("a log that was written");
    fs::write(&path, change(&text)).expect("a log that can be written");
}

fn without_second_round(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.contains("Tag=delivery.r2,")).collect()
}

fn half(text: &str) -> String {
    text[..text.len() / 2].to_owned()
}

fn doubled(text: &str) -> String {
    let lines = |line: &str| if line.starts_with("Tag=") { line.repeat(2) } else { line.to_owned() };
    text.split_inclusive('\n').map(lines).collect()
}

#[test]
fn a_log_that_is_not_whole_answers_nothing_on_either_side() {
    let shelf = Shelf::new();
    let made = Made { rounds: 2, ..Made::default() };
    let whole = shelf.run("whole", &made);
    let table: [(&str, Change, &str); 5] = [
        ("empty", |_| String::new(), "0"),
        ("half", half, ""),
        ("lines", without_second_round, "2,500"),
        ("foreign", |text| text.replace("Tag=delivery", "Tag=other"), "0"),
        ("doubled", doubled, "10,000"),
    ];
    for (name, by, holds) in table {
        let dir = shelf.run(name, &made);
        change(&dir, by);
        for folders in [[&*whole, &*dir], [&*dir, &*whole], [&*dir, &*dir]] {
            let runs = loaded(&folders);
            let comparison = Comparison::of(&runs, BAND).unwrap();
            assert!(comparison.pairs[1].doubted() && !comparison.pairs[0].doubted(), "{name}");
            let gate = Gate::of(&comparison, BAND);
            let told = format!("is not as it was measured: {LOG} holds {holds}");
            assert!(!gate.passed() && gate.unanswered[0].contains(&told), "{name}: {gate:?}");
            assert!(
                gate.unanswered[0].ends_with(" latencies where run.json counts 5,000"),
                "{name}: {gate:?}"
            );
            let text = notes(&comparison);
            assert!(text.contains(&told) && !text.contains("¹ :"), "{text}");
        }
        let faults: Vec<String> = RunFolder::load(&dir)
            .unwrap()
            .log_faults()
            .map(|(label, fault)| format!("{label} {fault}"))
            .collect();
        assert!(faults.len() == 1 && faults[0].starts_with("long-polling holds "), "{name}: {faults:?}");
    }
    assert_eq!(RunFolder::load(&whole).unwrap().log_faults().count(), 0);
}

#[test]
fn a_round_that_the_log_does_not_have_answers_nothing() {
    let shelf = Shelf::new();
    let whole = shelf.run("whole", &Made { rounds: 1, ..Made::default() });
    for round in [0, 9] {
        let dir =
            shelf.changed(&format!("round-{round}"), &Made { rounds: 1, ..Made::default() }, |folder| {
                folder.run.results[1].rounds[0].round = round;
            });
        let runs = loaded(&[&whole, &dir]);
        let comparison = Comparison::of(&runs, BAND).unwrap();
        let latencies = comparison.pairs[1].rows.iter().filter(|row| row.column.starts_with("latency_p"));
        assert!(latencies.clone().count() > 0 && latencies.into_iter().all(|row| row.word.is_none()));
        let gate = Gate::of(&comparison, BAND);
        let told = "B against A, long-polling, 50 clients: long-polling in B is not as it was measured: \
                    long-polling/latency.hlog holds 0 latencies where run.json counts 2,500";
        assert_eq!(gate.unanswered, [told]);
    }
}

#[test]
fn a_deleted_log_answers_nothing() {
    let shelf = Shelf::new();
    let dir = shelf.run("a", &Made { rounds: 2, ..Made::default() });
    let gone = shelf.run("b", &Made { rounds: 2, ..Made::default() });
    fs::remove_file(gone.join(LOG)).unwrap();
    for folders in [[&*dir, &*gone], [&*gone, &*dir], [&*gone, &*gone]] {
        let runs = loaded(&folders);
        let gate = Gate::of(&Comparison::of(&runs, BAND).unwrap(), BAND);
        assert!(!gate.passed() && gate.noisy.iter().all(|what| !what.contains("long-polling")), "{gate:?}");
        assert!(gate.unanswered[0].ends_with("long-polling/latency.hlog is missing"), "{gate:?}");
    }
    // Of a run alone it is a missing file.
    assert_eq!(RunFolder::load(&gone).unwrap().log_faults().count(), 0);
}
