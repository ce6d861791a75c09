//! One figure of both sides: values, difference, word.

use pushbench_measure::results::Confidence;
use pushbench_measure::statistics::{Difference, HEADLINES, Headline, Measurement, Source, Statistic, Word};
use serde::Serialize;

use super::gate::Share;
use super::load::Side;
use crate::figures::{P50, P90, P99, P999};

/// Least width of the band of equality for latencies, in microseconds.
pub(super) const LATENCY_FLOOR_US: f64 = {
    let mut at = 0;
    while !matches!(HEADLINES[at].source, Source::Delivery(_)) {
        at += 1;
    }
    HEADLINES[at].floor
};

/// A headline figure of two sides.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The column of the summary; the unit is in its name.
    pub column: &'static str,
    /// In words.
    pub name: &'static str,
    /// The baseline's.
    pub base: Option<Shown>,
    /// The other side's.
    pub other: Option<Shown>,
    /// Other minus baseline, where both are known.
    pub difference: Option<Difference>,
    /// The difference as a share of the baseline, where that is not zero.
    pub share: Option<f64>,
    /// Its interval as a share of the baseline.
    pub share_interval: Option<Confidence>,
    /// Half the width of the band of equality, in the column's unit.
    pub band: Option<f64>,
    /// How the other side stands to the baseline. `None` where a figure or its seconds are missing, and where a side of
    /// two different transports is doubted: that would rank one above the other.
    pub word: Option<Word>,
    /// Whether a side is invalid, was cut short or is not as it was measured: nobody may be ranked by the word.
    pub doubted: bool,
}

/// A figure of a side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shown {
    /// The figure.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Option<Confidence>,
    /// Whether fewer than 10/(1−p) publishes stand behind it.
    pub unsure: bool,
}

/// The headline figures that a side has. Counts and peaks that are zero on both sides are left out.
pub(super) fn rows(base: &Side, other: &Side, band: Share) -> Vec<Row> {
    HEADLINES.iter().filter_map(|headline| row(headline, base, other, band)).collect()
}

fn row(headline: &'static Headline, base: &Side, other: &Side, band: Share) -> Option<Row> {
    let measured = [base, other].map(|side| side.figures.get(headline.column));
    let nothing = |measured: Option<&Measurement>| {
        measured.is_none_or(|measured| headline.source == Source::Counts && measured.value == 0.0)
    };
    if measured.into_iter().all(nothing) {
        return None;
    }
    let both = measured[0].zip(measured[1]);
    let difference = both.map(|(a, b)| Difference::between(a, b).identical(same(headline, base, other)));
    let value = measured[0].map_or(0.0, |measured| measured.value);
    let of_base = |part: f64| part / value.abs();
    let has_share = value != 0.0;
    let limits = headline.band(band.get(), base.clients);
    let doubted = base.doubted() || other.doubted();
    let ranks = doubted && (&base.label, &base.kind) != (&other.label, &other.kind);
    Some(Row {
        column: headline.column,
        name: headline.name,
        base: shown(headline, base, measured[0]),
        other: shown(headline, other, measured[1]),
        difference,
        share: difference.filter(|_| has_share).map(|difference| of_base(difference.estimate)),
        share_interval: difference
            .filter(|_| has_share)
            .and_then(|difference| difference.interval)
            .map(|interval| Confidence { lo: of_base(interval.lo), hi: of_base(interval.hi) }),
        band: difference.map(|_| limits.around(value)),
        word: difference
            .filter(|_| !(ranks || lacks_data(headline, base, other)))
            .map(|difference| limits.word(headline.kind, value, &difference)),
        doubted,
    })
}

/// Whether a side has no seconds to tell the scatter of a latency from: absence of data is no noise.
fn lacks_data(headline: &Headline, base: &Side, other: &Side) -> bool {
    let lacks = |side: &Side| side.log_fault.is_some() && !side.has_distribution;
    matches!(headline.source, Source::Delivery(_)) && (lacks(base) || lacks(other))
}

fn same(headline: &Headline, base: &Side, other: &Side) -> bool {
    match headline.source {
        Source::Delivery(_) if base.has_distribution => base.sample == other.sample,
        Source::Delivery(_) => false,
        Source::Rounds | Source::Counts => headline.values(&base.rounds) == headline.values(&other.rounds),
    }
}

fn shown(headline: &Headline, side: &Side, measured: Option<&Measurement>) -> Option<Shown> {
    let percentile =
        [P50, P90, P99, P999].into_iter().find(|percentile| percentile.column == headline.column);
    let unsure = percentile.is_some_and(|percentile| !percentile.is_sure(&side.summary));
    measured.map(|measured| Shown { value: measured.value, interval: measured.interval(), unsure })
}

impl Row {
    /// Whether it is a percentile of delivery latency.
    pub(crate) fn is_percentile(&self) -> bool {
        matches!(
            Headline::of(self.column).map(|headline| headline.source),
            Some(Source::Delivery(Statistic::Quantile(_)))
        )
    }

    /// Whether a word was kept back though both figures are known.
    pub(crate) fn is_withheld(&self) -> bool {
        self.word.is_none() && self.difference.is_some()
    }

    /// The word under another band of equality, and whether the difference is outside it. `None` where a figure is
    /// missing.
    pub(super) fn within(&self, band: Share) -> Option<(Word, bool)> {
        let (base, difference) = (self.base?, self.difference?);
        let headline = Headline::of(self.column)?;
        // Only percentiles are asked, and clients are nothing to their band.
        let limits = headline.band(band.get(), 1);
        let outside = difference.estimate.abs() > limits.around(base.value);
        Some((limits.word(headline.kind, base.value, &difference), outside))
    }

    /// Whether a difference was seen.
    pub(crate) fn differs(&self) -> bool {
        self.word.is_some_and(|word| !matches!(word, Word::NoDifference | Word::TooNoisy))
    }
}
