//! The question that a build asks: has it become slower? Pure.

use pushbench_measure::statistics::Word;
use serde::Serialize;
use std::str::FromStr;

use super::{Comparison, Pair, Row, Side, matching, wording};
use crate::figures::{P50, P90, P99, Percentile};

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
const ASKED: [Percentile; 3] = [P50, P90, P99];

/// The answer to `--fail-if-slower`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Gate {
    /// Percentiles that are slower by more than the limit.
    pub slower: Vec<String>,
    /// What keeps the question from being answered.
    pub unanswered: Vec<String>,
    /// Differences outside the band that chance explains, and that may as well be larger than the limit. They pass.
    pub not_excluded: Vec<String>,
    /// What is too noisy to tell, and passes.
    pub noisy: Vec<String>,
    /// What is not asked, because neither side has deliveries enough for it, and passes.
    pub not_asked: Vec<String>,
}

impl Gate {
    /// Looks at p50, p90 and p99 of every pair, and for what should be a pair. Figures count as equal within the band
    /// of the comparison or the limit, whichever is narrower: no wide band hides what was asked.
    #[must_use]
    pub fn of(comparison: &Comparison<'_>, limit: Share) -> Self {
        let mut gate = Self::default();
        for run in &comparison.runs {
            gate.unanswered.extend(run.unended.iter().map(|how| format!("{}: {how}", run.letter)));
        }
        gate.unanswered.extend(without_partner(comparison));
        let band = Share(comparison.band.min(limit.get()));
        for pair in &comparison.pairs {
            gate.look_at(pair, band, limit);
        }
        gate
    }

    /// Whether the build may go on.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.slower.is_empty() && self.unanswered.is_empty()
    }

    fn look_at(&mut self, pair: &Pair<'_>, band: Share, limit: Share) {
        let name = wording::pair_name(pair);
        for side in [pair.base, pair.other] {
            if let Some((what, reason)) = side.doubts().first() {
                let (label, run) = (&side.label, &side.run);
                self.unanswered.push(format!("{name}: {label} in {run} {what}: {reason}"));
            }
        }
        if pair.doubted() {
            return;
        }
        for asked in ASKED {
            let row = pair.rows.iter().find(|row| row.column == asked.column);
            match row.and_then(|row| Some((row, row.within(band)?))) {
                Some((row, (word, outside))) => self.judge(&name, row, word, outside, limit),
                None => self.miss(&name, pair, asked),
            }
        }
    }

    fn judge(&mut self, name: &str, row: &Row, word: Word, outside: bool, limit: Share) {
        let exceeds = |share: Option<f64>| share.is_none_or(|share| share > limit.get());
        match word {
            Word::Slower if exceeds(row.share) => {
                self.slower.push(format!("{name}: {}", wording::change(row)));
            }
            Word::NoDifference if outside && exceeds(row.share_interval.map(|interval| interval.hi)) => {
                self.not_excluded.push(format!("{name}: {}", wording::change_with_interval(row)));
            }
            Word::TooNoisy => self.noisy.push(format!("{name}: {}", row.name)),
            _ => {}
        }
    }

    /// A percentile that a side does not have. A p99 that the baseline does not have either is not asked for: the
    /// scenario is too small for it, and no build can change that.
    fn miss(&mut self, name: &str, pair: &Pair<'_>, asked: Percentile) {
        let has = |side: &Side| side.figures.contains_key(asked.column);
        let lacking: Vec<&str> = [pair.base, pair.other]
            .into_iter()
            .filter(|side| !has(side))
            .map(|side| side.run.as_str())
            .collect();
        let text = format!(
            "{name}: too few deliveries or publishes in {} for {}",
            lacking.join(" and "),
            asked.name
        );
        if asked.column == P99.column && lacking.len() == 2 {
            self.not_asked.push(text);
        } else {
            self.unanswered.push(text);
        }
    }
}

/// Sides of the baseline that another run should have had. One that was left out by naming another transport is not
/// missing.
fn without_partner(comparison: &Comparison<'_>) -> Vec<String> {
    let [base, others @ ..] = &comparison.runs[..] else { return Vec::new() };
    let several = base.sides.iter().any(|side| side.label != base.sides[0].label);
    let wanted = |side: &Side, named: Option<&str>| !several || named.is_none_or(|label| label == side.label);
    let paired = |side: &Side, run: &str| {
        let mut pairs = comparison.pairs.iter();
        pairs.any(|pair| std::ptr::eq(pair.base, side) && pair.other.run == run)
    };
    let mut missing = Vec::new();
    for other in others {
        let sides = base.sides.iter().filter(|side| wanted(side, other.label));
        let alone = sides.filter(|side| !paired(side, other.letter));
        missing.extend(alone.map(|side| matching::alone(side, base.letter, other.letter)));
    }
    missing
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
