//! One figure of one side with what is known of its scatter, and the interval that follows.

use serde::{Deserialize, Serialize};

use super::student;
use crate::results::Confidence;

/// What an interval speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Of repeats: that many rounds, two or more.
    Rounds(u32),
    /// Of one round: variation among its seconds only. What another run would show is not in it.
    OneRound,
}

impl Basis {
    /// From the number of rounds.
    #[must_use]
    pub fn of(rounds: usize) -> Self {
        if rounds > 1 { Self::Rounds(rounds as u32) } else { Self::OneRound }
    }

    /// That of a difference: the weaker of both sides'.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        match (self, other) {
            (Self::Rounds(a), Self::Rounds(b)) => Self::Rounds(a.min(b)),
            _ => Self::OneRound,
        }
    }
}

/// A standard error and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scatter {
    /// In the figure's unit.
    pub(super) error: f64,
    /// Of ln(1 + figure): times and their errors are positive and skewed, their logarithms are neither.
    pub(super) log_error: f64,
    /// Degrees of freedom.
    pub(super) freedom: f64,
}

/// A figure that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// The figure, in its unit.
    pub value: f64,
    /// What the interval speaks of.
    pub basis: Basis,
    /// Scatter between rounds; needs two.
    pub(super) between: Option<Scatter>,
    /// Scatter that the blocks within rounds explain; of distributions only.
    pub(super) within: Option<Scatter>,
    /// How far the figure may be from what was measured, because histograms know values to so many digits only; in the
    /// figure's unit, to either side.
    pub(super) resolution: f64,
    /// Whether the interval is made of logarithms.
    pub(super) shape: Shape,
}

/// What the scatter of a figure looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Symmetrical on its own scale.
    Plain,
    /// Symmetrical on the scale of ln(1 + figure).
    Logarithmic,
}

impl Measurement {
    /// A figure that is known once a round: its mean, with Student's interval where there are two rounds or more.
    /// `None` without a value.
    #[must_use]
    pub fn of_rounds(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let count = values.len() as f64;
        let value = mean(values);
        let between = (values.len() > 1).then(|| {
            let squares: f64 = values.iter().map(|value_of_round| (value_of_round - value).powi(2)).sum();
            let error = (squares / (count - 1.0) / count).sqrt();
            Scatter { error, log_error: error, freedom: count - 1.0 }
        });
        Some(Self {
            value,
            basis: Basis::of(values.len()),
            between,
            within: None,
            resolution: 0.0,
            shape: Shape::Plain,
        })
    }

    /// The 95 % interval. It holds the value, and no interval over rounds is narrower than that of the seconds alone:
    /// few rounds agree now and then by luck. Nor is it narrower than the histograms' resolution. `None` where nothing is
    /// known about the scatter.
    #[must_use]
    pub fn interval(&self) -> Option<Confidence> {
        let half = self.scatters().map(|scatter| {
            let error = if self.shape == Shape::Plain { scatter.error } else { scatter.log_error };
            student::width(scatter.freedom) * error
        });
        let half = half.reduce(f64::max)?;
        let interval = match self.shape {
            Shape::Plain => Confidence { lo: self.value - half, hi: self.value + half },
            Shape::Logarithmic => {
                let middle = self.value.ln_1p();
                Confidence { lo: (middle - half).exp_m1().max(0.0), hi: (middle + half).exp_m1() }
            }
        };
        if self.resolution <= 0.0 {
            return Some(interval);
        }
        let [lo, hi] = [self.value - self.resolution, self.value + self.resolution];
        Some(Confidence { lo: interval.lo.min(lo.max(0.0)), hi: interval.hi.max(hi) })
    }

    fn scatters(&self) -> impl Iterator<Item = Scatter> {
        self.between.into_iter().chain(self.within)
    }
}

/// The mean; exactly the value where all are the same.
fn mean(values: &[f64]) -> f64 {
    let first = values[0];
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_of_five_rounds_has_students_interval() {
        let measured = Measurement::of_rounds(&[10.0, 12.0, 11.0, 13.0, 9.0]).unwrap();
        let interval = measured.interval().unwrap();
        // s = sqrt(2.5), standard error sqrt(0.5), t = 2.776 with 4 degrees of freedom.
        let half = 2.776_445 * 0.5f64.sqrt();
        assert!((interval.lo - (11.0 - half)).abs() < 1e-5, "{interval:?}");
        assert!((interval.hi - (11.0 + half)).abs() < 1e-5, "{interval:?}");
        assert_eq!(measured.basis, Basis::Rounds(5));
    }

    #[test]
    fn one_round_has_a_figure_and_no_interval() {
        let measured = Measurement::of_rounds(&[312.5]).unwrap();
        assert_eq!((measured.value, measured.interval(), measured.basis), (312.5, None, Basis::OneRound));
        assert_eq!(Measurement::of_rounds(&[]), None);
        assert_eq!(Measurement::of_rounds(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn a_constant_has_an_interval_without_width() {
        let measured = Measurement::of_rounds(&[0.1; 3]).unwrap();
        assert_eq!(measured.interval(), Some(Confidence { lo: 0.1, hi: 0.1 }));
    }
}
