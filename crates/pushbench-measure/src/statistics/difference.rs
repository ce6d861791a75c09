//! Differences between two samples: of figures known once a round, and of quantiles (the shift function, Doksum 1974).

use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, Statistic, measure};
use super::measurement::{Basis, Measurement, Scatter};
use super::{Sample, student};
use crate::histogram::enough_samples;
use crate::results::Confidence;

/// Quantiles of the shift function.
pub const SHIFT_QUANTILES: [f64; 12] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

/// Other minus base, in the figure's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference.
    pub estimate: f64,
    /// Its 95 % interval; `None` where nothing is known about the scatter of a side.
    pub interval: Option<Confidence>,
    /// What the interval speaks of: the weaker of both sides'.
    pub basis: Basis,
    /// Both sides are the very same data: there is no difference, however wide the interval.
    pub identical: bool,
}

impl Difference {
    /// Of two independent measurements. The interval is Welch's, and never narrower than what the seconds within the
    /// rounds show.
    #[must_use]
    pub fn between(base: &Measurement, other: &Measurement) -> Self {
        let basis = base.basis.weaker(other.basis);
        let estimate = other.value - base.value;
        let whole = |side: &Measurement| side.between.or(side.within);
        let of_rounds = whole(base).zip(whole(other)).map(|(a, b)| welch(a, b));
        let of_blocks = base.within.zip(other.within).map(|(a, b)| welch(a, b));
        let half = of_rounds.map(|half| half.max(of_blocks.unwrap_or(0.0)));
        let interval = half.map(|half| Confidence { lo: estimate - half, hi: estimate + half });
        Self { estimate, interval, basis, identical: false }
    }

    /// The same, of data that were found to be the very same or not.
    #[must_use]
    pub fn identical(self, identical: bool) -> Self {
        Self { identical, ..self }
    }
}

/// Half the width of Welch's interval (1947), with Satterthwaite's degrees of freedom; 0 for two constants.
fn welch(a: Scatter, b: Scatter) -> f64 {
    let (a_variance, b_variance) = (a.error.powi(2), b.error.powi(2));
    let variance = a_variance + b_variance;
    if variance <= 0.0 {
        return 0.0;
    }
    let freedom = variance.powi(2) / (a_variance.powi(2) / a.freedom + b_variance.powi(2) / b.freedom);
    student::width(freedom) * variance.sqrt()
}

/// Differences of statistics of two distributions; `None` where a side has no values.
#[must_use]
pub fn compare_samples(
    base: &Sample,
    other: &Sample,
    statistics: &[Statistic],
    bootstrap: Bootstrap,
) -> Option<Vec<Difference>> {
    let sides = measure(base, statistics, bootstrap)?.into_iter().zip(measure(other, statistics, bootstrap)?);
    let identical = base == other;
    Some(sides.map(|(a, b)| Difference::between(&a, &b).identical(identical)).collect())
}

/// Difference of a figure that is known once a round; `None` where a side has no value.
#[must_use]
pub fn compare_values(base: &[f64], other: &[f64]) -> Option<Difference> {
    let difference = Difference::between(&Measurement::of_rounds(base)?, &Measurement::of_rounds(other)?);
    Some(difference.identical(base == other))
}

/// Differences at [`SHIFT_QUANTILES`], those that enough values of both sides stand behind. The intervals hold one by
/// one, not all at once.
#[must_use]
pub fn shift_function(base: &Sample, other: &Sample, bootstrap: Bootstrap) -> Vec<(f64, Difference)> {
    let count = base.count().min(other.count());
    let quantiles: Vec<f64> =
        SHIFT_QUANTILES.into_iter().filter(|quantile| enough_samples(count, *quantile)).collect();
    let statistics: Vec<Statistic> = quantiles.iter().copied().map(Statistic::Quantile).collect();
    let differences = compare_samples(base, other, &statistics, bootstrap).unwrap_or_default();
    quantiles.into_iter().zip(differences).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welchs_interval_is_that_of_a_worked_example() {
        // Means 20 and 23, variances 4 and 16 of 5 and 9 rounds: t = 2.188 with 11.8 degrees of freedom.
        let a = Scatter { error: (4.0f64 / 5.0).sqrt(), log_error: 0.0, freedom: 4.0 };
        let b = Scatter { error: (16.0f64 / 9.0).sqrt(), log_error: 0.0, freedom: 8.0 };
        let freedom = (0.8f64 + 16.0 / 9.0).powi(2) / (0.64 / 4.0 + (16.0f64 / 9.0).powi(2) / 8.0);
        assert!((11.9..12.0).contains(&freedom), "{freedom}");
        let half = welch(a, b);
        assert!((half - 2.180 * (0.8f64 + 16.0 / 9.0).sqrt()).abs() < 3e-3, "{half}");
    }

    #[test]
    fn constants_differ_exactly_or_not_at_all() {
        let same = compare_values(&[312.0; 3], &[312.0; 3]).unwrap();
        assert_eq!((same.estimate, same.interval), (0.0, Some(Confidence { lo: 0.0, hi: 0.0 })));
        assert!(same.identical);
        let other = compare_values(&[312.0; 3], &[318.0; 3]).unwrap();
        assert_eq!((other.estimate, other.interval), (6.0, Some(Confidence { lo: 6.0, hi: 6.0 })));
        let single = compare_values(&[312.0], &[318.0; 3]).unwrap();
        assert_eq!((single.interval, single.basis), (None, Basis::OneRound));
        assert_eq!(compare_values(&[], &[1.0]), None);
    }
}
