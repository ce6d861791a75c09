//! Differences between two samples: of figures known once a round, and of quantiles (the shift function, Doksum 1974).

use serde::{Deserialize, Serialize};

use super::measurement::{Basis, Measurement, Scatter};
use super::student;
use crate::histogram::enough_samples;
use crate::results::Confidence;

/// Quantiles of the shift function, ascending.
const SHIFT_QUANTILES: [f64; 12] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

/// Quantiles of the shift function that so many values are enough for, ascending. Their intervals hold one by one, not
/// all at once.
pub fn shift_quantiles(count: u64) -> impl Iterator<Item = f64> {
    SHIFT_QUANTILES.into_iter().take_while(move |quantile| enough_samples(count, *quantile))
}

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
    /// rounds show, or than the histograms' resolution.
    #[must_use]
    pub fn between(base: &Measurement, other: &Measurement) -> Self {
        let basis = base.basis.weaker(other.basis);
        let estimate = other.value - base.value;
        let whole = |side: &Measurement| side.between.or(side.within);
        let of_rounds = whole(base).zip(whole(other)).map(|(a, b)| welch(a, b));
        let of_blocks = base.within.zip(other.within).map(|(a, b)| welch(a, b));
        let half =
            of_rounds.map(|half| half.max(of_blocks.unwrap_or(0.0)).max(base.resolution + other.resolution));
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
        let between = |base: &[f64], other: &[f64]| {
            let of = |values| Measurement::of_rounds(values).unwrap();
            Difference::between(&of(base), &of(other))
        };
        let same = between(&[312.0; 3], &[312.0; 3]);
        assert_eq!((same.estimate, same.interval), (0.0, Some(Confidence { lo: 0.0, hi: 0.0 })));
        let other = between(&[312.0; 3], &[318.0; 3]);
        assert_eq!((other.estimate, other.interval), (6.0, Some(Confidence { lo: 6.0, hi: 6.0 })));
        let single = between(&[312.0], &[318.0; 3]);
        assert_eq!((single.interval, single.basis), (None, Basis::OneRound));
    }
}
