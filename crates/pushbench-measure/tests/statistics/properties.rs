//! What holds for any sample.

use proptest::prelude::*;
use pushbench_measure::Histogram;
use pushbench_measure::results::Confidence;
use pushbench_measure::statistics::{
    Band, Basis, Block, Bootstrap, Difference, HEADLINES, Kind, Round, Sample, Statistic, Word, measure,
    shift_quantiles,
};

const QUICK: Bootstrap = Bootstrap { replicates: 50, seed: 1 };

type Values = Vec<Vec<Vec<u64>>>;

fn values() -> impl Strategy<Value = Values> {
    let second = proptest::collection::vec(0u64..3_000_000, 0..30);
    proptest::collection::vec(proptest::collection::vec(second, 0..8), 0..5)
}

fn histogram<'a>(values: impl IntoIterator<Item = &'a u64>) -> Histogram {
    let mut histogram = Histogram::new();
    values.into_iter().for_each(|value| histogram.record(*value));
    histogram
}

fn sample(values: &Values) -> Sample {
    let round =
        |round: &Vec<Vec<u64>>| Round(round.iter().map(|second| Block::of(&histogram(second))).collect());
    Sample::new(values.iter().map(round).collect())
}

/// Differences of statistics of two samples, as a comparison of runs makes them.
fn differences(base: &Sample, other: &Sample, statistics: &[Statistic]) -> Vec<Difference> {
    let of = |sample| measure(sample, statistics, QUICK).unwrap_or_default();
    let sides = of(base).into_iter().zip(of(other));
    sides.map(|(a, b)| Difference::between(&a, &b).identical(base == other)).collect()
}

/// Differences at the quantiles that enough values of both stand behind.
fn shift(base: &Sample, other: &Sample) -> Vec<(f64, Difference)> {
    let quantiles: Vec<f64> = shift_quantiles(base.count().min(other.count())).collect();
    let statistics: Vec<Statistic> = quantiles.iter().copied().map(Statistic::Quantile).collect();
    quantiles.into_iter().zip(differences(base, other, &statistics)).collect()
}

const STATISTICS: [Statistic; 5] = [
    Statistic::Quantile(0.99),
    Statistic::Mean,
    Statistic::Quantile(0.5),
    Statistic::Quantile(1.0),
    Statistic::Quantile(0.1),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn figures_are_those_of_the_sum_of_all_histograms(values in values()) {
        let whole = histogram(values.iter().flatten().flatten());
        prop_assert_eq!(sample(&values).histogram(), whole.clone());
        let measured = measure(&sample(&values), &STATISTICS, QUICK);
        prop_assert_eq!(measured.is_none(), whole.is_empty());
        for (statistic, measured) in STATISTICS.iter().zip(measured.into_iter().flatten()) {
            match statistic {
                Statistic::Mean => {
                    let mean = whole.mean().unwrap();
                    prop_assert!((measured.value - mean).abs() <= 1e-9 * mean, "{} {mean}", measured.value);
                }
                Statistic::Quantile(quantile) => {
                    prop_assert_eq!(measured.value, whole.quantile(*quantile).unwrap() as f64);
                }
            }
        }
    }

    #[test]
    fn an_interval_is_finite_and_holds_its_figure(values in values()) {
        let sample = sample(&values);
        for measured in measure(&sample, &STATISTICS, QUICK).into_iter().flatten() {
            prop_assert_eq!(measured.basis, Basis::of(sample.rounds().len()));
            let Some(interval) = measured.interval() else { continue };
            prop_assert!(interval.lo.is_finite() && interval.hi.is_finite() && interval.lo >= 0.0);
            // Up to the rounding of a logarithm and back.
            let slack = 1e-9 * (1.0 + measured.value);
            prop_assert!(interval.lo <= measured.value + slack && measured.value <= interval.hi + slack);
        }
    }

    #[test]
    fn a_sample_and_itself_show_no_difference(values in values()) {
        let sample = sample(&values);
        for (_, difference) in shift(&sample, &sample.clone()) {
            prop_assert_eq!(difference.estimate, 0.0);
            let band = Band { share: 0.0, floor: 0.0 };
            prop_assert_eq!(band.word(Kind::Time, 1_000.0, &difference), Word::NoDifference);
        }
    }

    #[test]
    fn exchanging_the_sides_turns_a_difference_round(a in values(), b in values()) {
        let (a, b) = (sample(&a), sample(&b));
        let (there, back) = (differences(&a, &b, &STATISTICS), differences(&b, &a, &STATISTICS));
        prop_assert_eq!(there.len(), back.len());
        for (there, back) in there.into_iter().zip(back) {
            prop_assert_eq!(there.estimate, -back.estimate);
            prop_assert_eq!(there.interval.is_some(), back.interval.is_some());
            if let Some((there, back)) = there.interval.zip(back.interval) {
                prop_assert!((there.lo + back.hi).abs() <= 1e-6 * (1.0 + there.lo.abs()));
            }
        }
    }
}

/// Rounds of ten seconds; every second holds 200 values from `from` on.
fn plain(rounds: &[u64]) -> Sample {
    let second = |from: u64| Block::of(&histogram(&(from..from + 200).collect::<Vec<_>>()));
    Sample::new(rounds.iter().map(|from| Round(vec![second(*from); 10])).collect())
}

#[test]
fn a_known_shift_is_found_at_every_quantile() {
    let (base, other) =
        (plain(&[1_000, 1_020, 980, 1_010, 990]), plain(&[6_000, 6_020, 5_980, 6_010, 5_990]));
    let shift = shift(&base, &other);
    let quantiles: Vec<f64> = shift.iter().map(|(quantile, _)| *quantile).collect();
    assert_eq!(quantiles, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999]);
    for (quantile, difference) in shift {
        let interval = difference.interval.unwrap();
        assert!(interval.lo < 5_000.0 && 5_000.0 < interval.hi, "{quantile}: {difference:?}");
        assert!(interval.hi - interval.lo < 300.0, "{quantile}: {difference:?}");
        assert_eq!(difference.basis, Basis::Rounds(5));
        let band =
            HEADLINES.iter().find(|headline| headline.kind == Kind::Time).unwrap().band(Band::SHARE, 600);
        assert_eq!(band.word(Kind::Time, 1_100.0, &difference), Word::Slower);
        assert_eq!(band.word(Kind::Time, 1_100.0, &turned(difference)), Word::Faster);
    }
}

fn turned(difference: Difference) -> Difference {
    let interval = difference.interval.map(|interval| Confidence { lo: -interval.hi, hi: -interval.lo });
    Difference { estimate: -difference.estimate, interval, ..difference }
}

#[test]
fn quantiles_that_too_few_values_stand_behind_are_left_out() {
    let few = Sample::new(vec![Round(vec![Block::of(&histogram(&(0..150).collect::<Vec<_>>()))])]);
    let shown = shift(&few, &plain(&[1_000]));
    assert_eq!(shown.last().map(|(quantile, _)| *quantile), Some(0.9));
    assert!(shift(&Sample::default(), &plain(&[1_000])).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_interval() {
    let sample = plain(&[1_000, 1_300, 1_100]);
    let interval = |seed| {
        let bootstrap = Bootstrap { replicates: 100, seed };
        measure(&sample, &[Statistic::Quantile(0.5)], bootstrap).unwrap()[0].interval()
    };
    assert_eq!(interval(3), interval(3));
    assert_ne!(interval(3), interval(4));
}

#[test]
fn a_second_without_values_and_a_round_of_one_second_do_no_harm() {
    let second = Block::of(&histogram(&[5, 5, 5]));
    let lone = Sample::new(vec![Round(vec![Block::default(), second.clone()]), Round(Vec::new())]);
    assert_eq!(lone.rounds().len(), 1);
    let measured = measure(&lone, &[Statistic::Quantile(0.5), Statistic::Mean], QUICK).unwrap();
    assert_eq!((measured[0].value, measured[0].basis, measured[0].interval()), (5.0, Basis::OneRound, None));
    let two = Sample::new(vec![Round(vec![second.clone()]), Round(vec![second])]);
    let measured = measure(&two, &[Statistic::Quantile(0.5)], QUICK).unwrap();
    let interval = measured[0].interval().unwrap();
    // Nothing scatters, and a histogram tells microseconds only.
    assert!((interval.lo - 4.0).abs() < 1e-9 && (interval.hi - 6.0).abs() < 1e-9, "{interval:?}");
}

#[test]
fn two_rounds_that_agree_by_luck_are_no_certainty() {
    // Three seconds of five publishes each: both rounds end in the very same bucket.
    let second = |late_us: u64| Block::of(&histogram(&vec![late_us; 500]));
    let quantile = |rounds: &[[u64; 3]]| {
        let rounds = rounds.iter().map(|round| Round(round.map(second).to_vec()));
        measure(&Sample::new(rounds.collect()), &[Statistic::Quantile(0.99)], QUICK).unwrap()[0]
    };
    let scattered = [[4_000, 9_000, 5_000], [6_000, 3_000, 9_000]];
    let interval = quantile(&scattered).interval().unwrap();
    assert!(interval.hi - interval.lo > 3_000.0, "the seconds show that it scatters: {interval:?}");
    let constant = quantile(&[[9_000; 3]; 2]);
    let interval = constant.interval().unwrap();
    let value = constant.value;
    assert!((interval.lo - value * 0.999).abs() < 1e-6, "{interval:?}");
    assert!((interval.hi - value * 1.001).abs() < 1e-6, "{interval:?}");
    let difference = Difference::between(&constant, &constant).interval.unwrap();
    assert!((difference.hi - value * 0.002).abs() < 1e-6, "{difference:?}");
}
