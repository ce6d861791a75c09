//! Runs side by side: which sides belong together, how far they differ, in which words, and what must be known
//! before anybody believes it.
//!
//! [`load()`] reads the folders, [`Comparison::of`] compares. The statistics are those of
//! [`pushbench_measure::statistics`]; wording is here ([`Comparison::markdown`]) and in
//! [`crate::table::comparison`], pictures are in [`crate::charts`]. Nothing here measures, and nothing writes a file.

mod facts;
mod gate;
mod load;
mod markdown;
mod matching;
mod row;
pub(crate) mod wording;

use pushbench_measure::statistics::{Band, Difference, shift_quantiles};
use serde::Serialize;

pub use gate::{Gate, Share};
pub use load::{LoadedRun, Selection, Side, load};
pub use row::{Row, Shown};

use crate::ReportError;
use facts::Facts;

/// Version of `comparison.json`.
pub const COMPARISON_FORMAT: u32 = 1;

/// File names inside the folder of a comparison.
pub mod names {
    /// The tables for a pull request.
    pub const MARKDOWN: &str = "comparison.md";
    /// Everything.
    pub const JSON: &str = "comparison.json";
    /// Percentile curves of all sides.
    pub const OVERLAY: &str = "overlay.png";
    /// Differences by percentile.
    pub const SHIFT: &str = "shift.png";
}

/// Two or more runs, compared with the first.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison<'a> {
    /// [`COMPARISON_FORMAT`].
    pub format: u32,
    /// Version of pushbench that compared.
    pub version: &'static str,
    /// Share of the baseline within which figures count as equal.
    pub band: f64,
    /// The runs with what must be known of them, the baseline first.
    pub runs: Vec<Facts<'a>>,
    /// Sides that belong together.
    pub pairs: Vec<Pair<'a>>,
    /// Sides without a partner, in words.
    pub unmatched: Vec<String>,
}

/// A side of the baseline and one of another run.
#[derive(Debug, Clone, Serialize)]
pub struct Pair<'a> {
    /// Of the baseline.
    pub base: &'a Side,
    /// Of the other run.
    pub other: &'a Side,
    /// Headline figures that a side has.
    pub rows: Vec<Row>,
    /// Differences of delivery latency by quantile.
    pub shift: Vec<Shift>,
}

/// One quantile of the shift function.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Shift {
    /// 0 to 1.
    pub quantile: f64,
    /// The baseline's value in microseconds.
    pub base_us: f64,
    /// Half the width of the band of equality in microseconds.
    pub band_us: f64,
    /// Other minus baseline in microseconds.
    pub difference: Difference,
}

impl<'a> Comparison<'a> {
    /// Compares every run with the first, under a band of equality that is a share of the baseline.
    ///
    /// # Errors
    /// [`ReportError::NothingInCommon`] where no side of any run has a partner in the baseline.
    pub fn of(runs: &'a [LoadedRun], band: Share) -> Result<Self, ReportError> {
        let matched = matching::matched(runs);
        if matched.pairs.is_empty() {
            return Err(ReportError::NothingInCommon { sides: matching::sides_in_words(runs) });
        }
        let pairs = matched.pairs.into_iter().map(|(base, other)| Pair::of(base, other, band)).collect();
        Ok(Self {
            format: COMPARISON_FORMAT,
            version: env!("CARGO_PKG_VERSION"),
            band: band.get(),
            runs: runs.iter().map(|run| Facts::of(run, &runs[0])).collect(),
            pairs,
            unmatched: matched.alone,
        })
    }

    /// For a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }
}

impl<'a> Pair<'a> {
    fn of(base: &'a Side, other: &'a Side, band: Share) -> Self {
        Self { base, other, rows: row::rows(base, other, band), shift: shift(base, other, band) }
    }

    /// Whether a side's figures are not to be believed.
    #[must_use]
    pub fn doubted(&self) -> bool {
        self.base.doubted() || self.other.doubted()
    }

    /// Whether a difference was seen that may be believed.
    #[must_use]
    pub fn differs(&self) -> bool {
        !self.doubted() && self.rows.iter().any(Row::differs)
    }
}

/// Quantiles that enough values of both sides stand behind.
fn shift(base: &Side, other: &Side, band: Share) -> Vec<Shift> {
    let identical = base.sample == other.sample;
    let quantiles = shift_quantiles(base.sample.count().min(other.sample.count()));
    let of = quantiles.zip(base.quantiles.iter().zip(&other.quantiles));
    of.map(|(quantile, (base, other))| Shift {
        quantile,
        base_us: base.value,
        band_us: Band { share: band.get(), floor: row::LATENCY_FLOOR_US }.around(base.value),
        difference: Difference::between(base, other).identical(identical),
    })
    .collect()
}
