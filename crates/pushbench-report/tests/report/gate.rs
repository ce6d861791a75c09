//! What `--fail-if-slower` answers, and what keeps it from an answer.

use pushbench_measure::results::{Confidence, Status};
use pushbench_measure::statistics::{Basis, Difference};
use pushbench_report::compare::{Comparison, Gate, LoadedRun, Selection, Share, load};

use crate::compare::{BAND, Shelf, loaded};
use crate::synthetic::Shape;
use crate::synthetic::written::Made;

/// Another difference of a pair's median: `estimate` ± `half` of 10 ms, in microseconds.
fn differ(comparison: &mut Comparison<'_>, estimate: f64, half: f64) {
    let base = 10_000.0;
    let rows = &mut comparison.pairs[1].rows;
    let row = rows.iter_mut().find(|row| row.column == "latency_p50_us").expect("a median");
    let ends = |unit: f64| Confidence { lo: (estimate - half) / unit, hi: (estimate + half) / unit };
    row.base.as_mut().expect("a median").value = base;
    let (interval, basis) = (Some(ends(1.0)), Basis::Rounds(5));
    row.difference = Some(Difference { estimate, interval, basis, identical: false });
    (row.share, row.share_interval) = (Some(estimate / base), Some(ends(base)));
}

fn same() -> (Shelf, Vec<LoadedRun>) {
    let shelf = Shelf::new();
    let dir = shelf.run("a", &Made { rounds: 2, ..Made::default() });
    let runs = loaded(&[&dir, &dir]);
    (shelf, runs)
}

/// Slower, not excluded, too noisy: how many of each.
fn answers(runs: &[LoadedRun], band: f64, limit: f64, estimate: f64, half: f64) -> [usize; 3] {
    let mut comparison = Comparison::of(runs, Share::new(band)).expect("a run and itself");
    differ(&mut comparison, estimate, half);
    let gate = Gate::of(&comparison, Share::new(limit));
    assert_eq!(gate.passed(), gate.slower.is_empty(), "{gate:?}");
    [gate.slower.len(), gate.not_excluded.len(), gate.noisy.len()]
}

#[test]
fn no_band_hides_what_is_slower_by_more_than_the_limit() {
    let (_shelf, runs) = same();
    let table = [
        // 3 % ± 0.5 %.
        (0.05, 0.01, 300.0, 50.0, [1, 0, 0]),
        (0.05, 0.05, 300.0, 50.0, [0, 0, 0]),
        // 7 % ± 0.5 %.
        (0.10, 0.05, 700.0, 50.0, [1, 0, 0]),
        (0.05, 0.10, 700.0, 50.0, [0, 0, 0]),
        (0.10, 0.10, 700.0, 50.0, [0, 0, 0]),
        // The floor of a time is 50 µs: what instruments cannot tell apart is not slower.
        (0.05, 0.00, 50.0, 1.0, [0, 0, 0]),
        (0.05, 0.00, 51.0, 1.0, [1, 0, 0]),
    ];
    for (band, limit, estimate, half, expected) in table {
        assert_eq!(answers(&runs, band, limit, estimate, half), expected, "{band} {limit} {estimate} {half}");
    }
}

#[test]
fn what_chance_explains_and_the_limit_does_not_is_named() {
    let (_shelf, runs) = same();
    let table = [
        // 6 %, and up to 13 %: outside the band, no proof of anything.
        (0.05, 600.0, 700.0, [0, 1, 0]),
        // The interval ends below the limit.
        (0.15, 600.0, 700.0, [0, 0, 0]),
        // Inside the band.
        (0.05, 400.0, 700.0, [0, 0, 0]),
        // Wider than four bands.
        (0.05, 600.0, 2_100.0, [0, 0, 1]),
    ];
    for (limit, estimate, half, expected) in table {
        assert_eq!(answers(&runs, 0.05, limit, estimate, half), expected, "{limit} {estimate} {half}");
    }
    let mut comparison = Comparison::of(&runs, BAND).unwrap();
    differ(&mut comparison, 600.0, 700.0);
    let gate = Gate::of(&comparison, BAND);
    let named = "B against A, long-polling, 50 clients: p50 by +600 µs [−100 µs, +1.30 ms]";
    assert_eq!(gate.not_excluded, [named]);
}

#[test]
fn a_run_that_did_not_end_answers_nothing() {
    let shelf = Shelf::new();
    let made = Made { rounds: 2, ..Made::default() };
    let whole = shelf.run("whole", &made);
    let cut = shelf.changed("cut", &made, |folder| {
        folder.run.status = Status::Partial;
        folder.run.reason = Some("Ctrl-C".to_owned());
    });
    let running = shelf.changed("running", &made, |folder| folder.run.status = Status::Running);
    let unanswered = |a, b| Gate::of(&Comparison::of(&loaded(&[a, b]), BAND).unwrap(), BAND).unanswered;
    assert_eq!(unanswered(&whole, &cut), ["B: a partial run (Ctrl-C)"]);
    assert_eq!(unanswered(&cut, &whole), ["A: a partial run (Ctrl-C)"]);
    assert_eq!(unanswered(&whole, &running), ["B: not ended yet, or killed"]);
    assert!(unanswered(&whole, &whole).is_empty());
}

#[test]
fn a_side_of_the_baseline_that_is_gone_is_not_passed_over() {
    let shelf = Shelf::new();
    let made = Made { rounds: 2, ..Made::default() };
    let both = shelf.run("both", &made);
    let one = shelf.changed("one", &made, |folder| drop(folder.run.results.pop()));
    let gate = |runs: &[LoadedRun]| Gate::of(&Comparison::of(runs, BAND).unwrap(), BAND);
    let gone = gate(&loaded(&[&both, &one]));
    assert_eq!(gone.unanswered, ["long-polling, 50 clients in A has no partner in B"]);
    assert!(!gone.passed());
    // A transport that is new has nothing to be slower than.
    assert!(gate(&loaded(&[&one, &both])).passed());
    // One that was left out by naming another is not missing.
    let of = |label: Option<&str>| Selection { folder: both.clone(), label: label.map(str::to_owned) };
    assert!(gate(&load(&[of(None), of(Some("short-polling"))]).unwrap()).passed());
}

/// A run of so many deliveries of each transport: one client, ten seconds.
fn few(deliveries_per_second: u32) -> Made {
    let shape = Shape { steps: vec![1], events_per_second: deliveries_per_second, ..Made::default().shape };
    Made { shape, rounds: 1, ..Made::default() }
}

#[test]
fn a_percentile_that_a_side_lacks_is_named() {
    let shelf = Shelf::new();
    let [p50, p90, p99] =
        [("p50", 5), ("p90", 50), ("p99", 200)].map(|(name, rate)| shelf.run(name, &few(rate)));
    let gate = |a, b| Gate::of(&Comparison::of(&loaded(&[a, b]), BAND).unwrap(), BAND);
    let all = gate(&p99, &p99);
    assert!(all.passed() && all.not_asked.is_empty(), "{all:?}");
    // On one side only, whichever.
    let one = gate(&p99, &p90);
    let text = "B against A, short-polling, 1 client: too few deliveries or publishes in B for p99";
    assert_eq!((one.unanswered.len(), one.unanswered[0].as_str()), (2, text));
    assert!(gate(&p90, &p99).unanswered[0].ends_with("too few deliveries or publishes in A for p99"));
    // A scenario that is too small for p99 is not asked for it; for p90 it is.
    let neither = gate(&p90, &p90);
    assert!(neither.passed() && neither.not_asked.len() == 2, "{neither:?}");
    let smaller = gate(&p50, &p50);
    assert!(
        smaller.unanswered[0].ends_with("too few deliveries or publishes in A and B for p90"),
        "{smaller:?}"
    );
}
