//! Sides of a comparison whose figures are not to be believed.

use pushbench_measure::results::ThresholdResult;
use pushbench_measure::statistics::Word;
use pushbench_measure::verdict::{Bound, Condition, Finding, Level};
use pushbench_report::RunFolder;
use pushbench_report::compare::{Comparison, Gate, Selection, load};
use std::path::Path;

use crate::compare::{BAND, Shelf, loaded, notes, word};
use crate::synthetic::Shape;
use crate::synthetic::written::Made;

const REASON: &str = "busiest worker 99 % busy: the generator may be the limit";

fn breach() -> Finding {
    let bound = Bound { condition: Condition::WorkerBusy, warning: 0.8, breach: 0.95 };
    let fact = "busiest worker 99 % busy".to_owned();
    Finding::new(&bound, Level::Breach, 0.99, fact, Some("the generator may be the limit".to_owned()))
}

fn long_polling_is_invalid(folder: &mut RunFolder) {
    folder.run.results[1].findings = vec![breach()];
}

fn long_polling_is_cut(folder: &mut RunFolder) {
    folder.run.results[1].complete = false;
}

fn slower() -> Made {
    Made { delay_us: 5_000, ..Made::default() }
}

#[test]
fn nobody_is_ranked_by_an_invalid_side() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.changed("b", &slower(), long_polling_is_invalid);
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    assert!(comparison.pairs[1].doubted() && !comparison.pairs[0].doubted());
    let table = notes(&comparison);
    assert!(table.contains("slower†"), "{table}");
    assert!(table.contains(&format!("B: † long-polling, 50 clients is invalid: {REASON}")), "{table}");
    assert!(table.contains("no side may be ranked by them"), "{table}");
    let headline =
        format!("† B is invalid ({REASON}): B against A, long-polling, 50 clients: slower: p50 by +");
    assert!(table.contains(&headline), "{table}");
    let gate = Gate::of(&comparison, BAND);
    assert!(!gate.passed() && gate.slower.is_empty(), "{gate:?}");
    assert!(gate.unanswered[0].contains("long-polling in B is invalid: busiest worker"), "{gate:?}");
}

#[test]
fn a_doubted_difference_is_neither_counted_nor_bold() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let counted = |name: &str, change: fn(&mut RunFolder)| {
        let b = shelf.changed(name, &slower(), change);
        let runs = loaded(&[&a, &b]);
        Comparison::of(&runs, BAND).unwrap().markdown()
    };
    // Short polling waits too long for 5 ms to be seen.
    let believed = counted("believed", |_| ());
    assert!(believed.starts_with("**Differences seen in 1 of 2 comparisons.**"), "{believed}");
    for change in [long_polling_is_invalid, long_polling_is_cut] {
        let doubted = counted("doubted", change);
        let first = "**Differences seen in 0 of 1 comparisons. 1 not counted †.**";
        assert!(doubted.starts_with(first), "{doubted}");
        let (bold, marked) = (doubted.matches("| **").count(), doubted.matches("| slower† |").count());
        assert!(bold < believed.matches("| **").count() && marked >= 3, "{doubted}");
        assert!(!doubted.contains("†**"), "{doubted}");
    }
    let none =
        counted("none", |folder| folder.run.results.iter_mut().for_each(|result| result.complete = false));
    assert!(none.starts_with("**No comparison counts: a side of each is doubted †.**"), "{none}");
}

#[test]
fn a_side_that_was_cut_short_is_doubted_like_an_invalid_one() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.changed("b", &Made::default(), long_polling_is_cut);
    for folders in [[&a, &b], [&b, &a]] {
        let runs = loaded(&[folders[0], folders[1]]);
        let comparison = Comparison::of(&runs, BAND).unwrap();
        assert!(comparison.pairs[1].doubted());
        let table = notes(&comparison);
        assert!(table.contains("was cut short (its validity was never judged): B against A"), "{table}");
        let gate = Gate::of(&comparison, BAND);
        assert_eq!(gate.unanswered.len(), 1, "{gate:?}");
        assert!(gate.unanswered[0].ends_with("was cut short: its validity was never judged"), "{gate:?}");
    }
}

#[test]
fn a_missed_threshold_makes_no_figure_doubtful() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.changed("b", &Made::default(), |folder| {
        let (figure, condition) = ("latency_p99".to_owned(), "< 1ms".to_owned());
        let missed = ThresholdResult { figure, condition, measured: Some(5e3), met: false };
        folder.run.results[1].thresholds = vec![missed];
    });
    let runs = loaded(&[&a, &b]);
    let comparison = Comparison::of(&runs, BAND).unwrap();
    assert!(!comparison.pairs[1].doubted(), "{}", notes(&comparison));
    assert!(Gate::of(&comparison, BAND).passed());
}

#[test]
fn two_transports_are_not_ranked_where_one_is_doubted() {
    let shelf = Shelf::new();
    let shape = Shape { transports: 4, ..Made::default().shape };
    let made = Made { shape, ..Made::default() };
    let of =
        |folder: &Path, label: &str| Selection { folder: folder.to_owned(), label: Some(label.to_owned()) };
    for change in [long_polling_is_invalid, long_polling_is_cut] {
        let dir = shelf.changed("a", &made, change);
        for labels in [["long-polling", "websocket"], ["websocket", "long-polling"]] {
            let runs = load(&labels.map(|label| of(&dir, label))).unwrap();
            let comparison = Comparison::of(&runs, BAND).unwrap();
            assert!(comparison.pairs[0].rows.iter().all(|row| row.word.is_none() && row.doubted));
            for text in [notes(&comparison), comparison.markdown()] {
                assert!(text.contains("not to be compared†"), "{text}");
                let tells = |word: &str| text.contains(word);
                assert!(!tells("slower") && !tells("faster") && !tells("| more"), "{text}");
            }
            assert!(!Gate::of(&comparison, BAND).passed());
        }
        let runs = load(&["sse", "websocket"].map(|label| of(&dir, label))).unwrap();
        assert!(word(&Comparison::of(&runs, BAND).unwrap(), 0, "latency_p50_us").is_some());
    }
}

#[test]
fn a_doubted_run_and_itself_show_no_difference_either() {
    let shelf = Shelf::new();
    for (name, change) in
        [("invalid", long_polling_is_invalid as fn(&mut RunFolder)), ("cut", long_polling_is_cut)]
    {
        for rounds in [1, 3] {
            let made = Made { rounds, apart: 0.5, ..Made::default() };
            let dir = shelf.changed(&format!("{name}-{rounds}"), &made, change);
            let runs = loaded(&[&dir, &dir]);
            let comparison = Comparison::of(&runs, BAND).unwrap();
            assert!(comparison.pairs[1].doubted());
            for row in comparison.pairs.iter().flat_map(|pair| &pair.rows) {
                assert_eq!(row.word, Some(Word::NoDifference), "{name} {rounds}: {}", row.name);
            }
        }
    }
}
