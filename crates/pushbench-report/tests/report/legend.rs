//! How words are explained below a comparison.

use insta::assert_snapshot;
use pushbench_report::compare::{Comparison, LoadedRun, Share};

use crate::compare::{Shelf, loaded, notes};
use crate::synthetic::written::Made;

#[test]
fn the_legend_says_the_rule_and_that_it_proves_nothing() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made { rounds: 1, ..Made::default() });
    let runs = loaded(&[&a, &a]);
    let legend = |band| {
        let text = notes(&Comparison::of(&runs, Share::new(band)).unwrap());
        text.lines().find(|line| line.starts_with("no difference seen: ")).unwrap().to_owned()
    };
    assert_snapshot!(legend(0.05), @"no difference seen: the difference is at most 5% of the baseline (of a time 50 µs at least) or its interval holds 0, and the interval reaches at most 20% (of a time 100 µs at least) to either side of it; this does not prove the sides equal");
    assert!(legend(0.1).contains("at most 10% of the baseline") && legend(0.1).contains("at most 40% ("));
}

#[test]
fn the_legend_has_the_cases_that_occur() {
    let shelf = Shelf::new();
    let a = shelf.run("a", &Made::default());
    let b = shelf.run("b", &Made { seed: 2, delay_us: 300, ..Made::default() });
    let told = |runs: &[LoadedRun], band| {
        let comparison = Comparison::of(runs, Share::new(band)).unwrap();
        [notes(&comparison), comparison.markdown()].map(|text| {
            ["both sides hold the same data", "though the interval does not hold 0"]
                .map(|what| text.contains(what))
        })
    };
    assert_eq!(told(&loaded(&[&a, &a]), 0.05), [[true, false]; 2]);
    // 300 µs of 1.5 ms: seen, and swallowed by a band of one half.
    assert_eq!(told(&loaded(&[&a, &b]), 0.5).map(|told| told[1]), [true; 2]);
    assert_eq!(told(&loaded(&[&a, &b]), 0.0).map(|told| told[1]), [false; 2]);
}
