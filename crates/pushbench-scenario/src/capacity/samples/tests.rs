//! Which figures are percentiles, and of what.

use pushbench_measure::results::Summary;

use super::*;
use crate::plan::Comparison;

fn threshold(column: &str) -> Threshold {
    Threshold {
        label: "sse".to_owned(),
        figure: Summary::name_of(column).to_owned(),
        column: column.to_owned(),
        comparison: Comparison::Less,
        bound: 1.0,
        condition: "< 1us".to_owned(),
    }
}

#[test]
fn every_percentile_of_the_summary_is_known_whatever_words_its_name_has() {
    let mut percentiles = 0;
    for column in Summary::FIGURES {
        let digits = column.split('_').filter_map(|word| word.strip_prefix('p'));
        let share: Option<f64> = digits
            .filter(|digits| digits.starts_with(|digit: char| digit.is_ascii_digit()))
            .map(|digits| format!("0.{digits}").parse().unwrap())
            .next();
        let of_connections = column.starts_with("connect_") || column.starts_with("back_");
        let expected = share.filter(|_| !of_connections).map(|share| 10.0 / (1.0 - share));
        let samples = Percentile::of(&threshold(column)).map(|percentile| percentile.samples);
        match (samples, expected) {
            (Some(samples), Some(expected)) => {
                assert!((samples / expected - 1.0).abs() < 1e-9, "{column}: {samples}");
            }
            (samples, expected) => assert_eq!(samples, expected, "{column}"),
        }
        percentiles += usize::from(expected.is_some());
    }
    assert!(percentiles > 25, "{percentiles}");
}

#[test]
fn prefixes_are_of_figures_that_there_are() {
    let all = PER_CLIENT.iter().chain(&PER_ANSWER).chain([&PER_PAUSE, &OF_SLOW]);
    for prefix in all {
        assert!(Summary::FIGURES.iter().any(|column| column.starts_with(prefix)), "{prefix}");
    }
}
