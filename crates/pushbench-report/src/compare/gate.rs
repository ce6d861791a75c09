//! The question that a build asks: has it become slower? Pure.

use pushbench_measure::statistics::Word;
use serde::Serialize;
use std::str::FromStr;

use super::{Comparison, Pair, Row};
use crate::compare::wording;

/// A share, written in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share(f64);

impl Share {
    /// From a fraction, 0 or more.
    #[must_use]
    pub const fn new(fraction: f64) -> Self {
        Self(fraction)
    }

    /// As a fraction.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').map(str::trim_end).and_then(|number| number.parse::<f64>().ok());
        let allowed = number.filter(|percent| percent.is_finite() && (0.0..=1_000.0).contains(percent));
        allowed
            .map(|percent| Self(percent / 100.0))
            .ok_or_else(|| "a percentage is written like 5%".to_owned())
    }
}

/// Columns that are asked about.
const ASKED: [&str; 3] = ["latency_p50_us", "latency_p90_us", "latency_p99_us"];

/// The answer to `--fail-if-slower`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Gate {
    /// Percentiles that are slower by more than the limit.
    pub slower: Vec<String>,
    /// What keeps the question from being answered.
    pub unanswered: Vec<String>,
    /// What is too noisy to tell, and passes.
    pub noisy: Vec<String>,
}

impl Gate {
    /// Looks at p50, p90 and p99 of every pair.
    #[must_use]
    pub fn of(comparison: &Comparison<'_>, limit: Share) -> Self {
        let mut gate = Self::default();
        for pair in &comparison.pairs {
            gate.look_at(pair, limit);
        }
        gate
    }

    /// Whether the build may go on.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.slower.is_empty() && self.unanswered.is_empty()
    }

    fn look_at(&mut self, pair: &Pair<'_>, limit: Share) {
        let name = wording::pair_name(pair);
        for side in [pair.base, pair.other] {
            if let Some(reason) = side.invalid.first() {
                let (label, run) = (&side.label, &side.run);
                self.unanswered.push(format!("{name}: {label} in {run} is invalid: {reason}"));
            }
        }
        if pair.doubted() {
            return;
        }
        let asked: Vec<&Row> =
            pair.rows.iter().filter(|row| ASKED.contains(&row.column) && row.word.is_some()).collect();
        if asked.is_empty() {
            self.unanswered.push(format!("{name}: too few deliveries for any percentile on both sides"));
        }
        for row in asked {
            match row.word {
                Some(Word::Slower) if row.share.is_none_or(|share| share > limit.get()) => {
                    self.slower.push(format!("{name}: {}", wording::change(row)));
                }
                Some(Word::TooNoisy) => self.noisy.push(format!("{name}: {}", row.name)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        for (text, expected) in [("5%", 0.05), ("0%", 0.0), ("12.5 %", 0.125), ("100%", 1.0)] {
            assert_eq!(text.parse(), Ok(Share(expected)), "{text}");
        }
        for text in ["5", "0.05", "%", "-1%", "inf%", "NaN%", "five%", "2000%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
