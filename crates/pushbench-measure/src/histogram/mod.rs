//! Histograms of times and counts, and the rule for when a percentile may be printed.
//!
//! One `HdrHistogram` per figure and phase, three significant digits. Percentiles are taken from the sum of
//! histograms and never averaged. `record_correct` is not used anywhere: the due times of a real schedule are
//! known, so nothing has to be guessed. This module does not decide which instants are compared.

mod by_phase;

pub use by_phase::Histograms;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use serde::{Deserialize, Serialize};

/// Nanoseconds to the nearest microsecond: the one rounding of every time that is recorded.
#[must_use]
pub const fn micros(ns: u64) -> u64 {
    ns.saturating_add(500) / 1_000
}

/// Largest value that is told apart, in microseconds: ten minutes. Larger ones are counted there.
pub const MAX_US: u64 = 600_000_000;

/// Relative precision of every histogram, in significant decimal digits.
pub const SIGNIFICANT_DIGITS: u8 = 3;

/// The same as a share of the value.
pub(crate) const RELATIVE_PRECISION: f64 = 1e-3;

/// What a histogram is of. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Received − due: the headline, free of coordinated omission.
    Delivery,
    /// Received − published.
    Uncorrected,
    /// Published − due: how late the publisher itself was.
    Slip,
    /// Transport ready − scheduled arrival of the client.
    Connect,
    /// Age of the newest event held by a client, at instants that have nothing to do with its receptions.
    Age,
    /// Age of the newest event held, at the moment before the next one replaces it.
    AgePeak,
    /// Time between two receptions of one client.
    Gap,
    /// Events completed by one read (a count, not a time).
    EventsPerRead,
    /// Timer fired − timer due, on a worker's own schedule.
    TimerLate,
    /// Received − due of a client's own message (pattern `chat`).
    Echo,
    /// First part received − due time of the ask (pattern `stream`): TTFT.
    FirstPart,
    /// Time between two parts of an answer as they were received: ITL.
    PartGap,
    /// (Last part − first part)/(parts − 1) of an answer: TPOT.
    PerPart,
    /// Last part received − due time of the ask: E2E.
    Answer,
    /// Transport ready again − the instant at which the storm or the restart that took the connection was due.
    Back,
    /// Received − due of events that were due while their client was away.
    CatchUp,
    /// Received − due at clients that read slowly, which are in no other figure.
    SlowDelivery,
}

impl Figure {
    /// All figures, those that every run has before the others.
    pub const ALL: [Self; 17] = [
        Self::Delivery,
        Self::Uncorrected,
        Self::Slip,
        Self::Connect,
        Self::Age,
        Self::AgePeak,
        Self::Gap,
        Self::EventsPerRead,
        Self::TimerLate,
        Self::Echo,
        Self::FirstPart,
        Self::PartGap,
        Self::PerPart,
        Self::Answer,
        Self::Back,
        Self::CatchUp,
        Self::SlowDelivery,
    ];

    /// Those that every run has, whatever its pattern: the first ones of all.
    pub const COMMON: &'static [Self] = Self::ALL.split_at(9).0;

    /// The name used as a tag in `latency.hlog`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Uncorrected => "uncorrected",
            Self::Slip => "slip",
            Self::Connect => "connect",
            Self::Age => "age",
            Self::AgePeak => "age-peak",
            Self::Gap => "gap",
            Self::EventsPerRead => "events-per-read",
            Self::TimerLate => "timer-late",
            Self::Echo => "echo",
            Self::FirstPart => "first-part",
            Self::PartGap => "part-gap",
            Self::PerPart => "per-part",
            Self::Answer => "answer",
            Self::Back => "back",
            Self::CatchUp => "catch-up",
            Self::SlowDelivery => "slow-delivery",
        }
    }
}

/// One `HdrHistogram` from 0 to [`MAX_US`].
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    inner: hdrhistogram::Histogram<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the constant bounds are valid; every test constructs one")]
    pub fn new() -> Self {
        let inner = hdrhistogram::Histogram::new_with_bounds(1, MAX_US, SIGNIFICANT_DIGITS)
            .expect("constant bounds are valid");
        Self { inner }
    }

    /// Wraps a histogram that was read from elsewhere.
    #[must_use]
    pub fn from_inner(inner: hdrhistogram::Histogram<u64>) -> Self {
        Self { inner }
    }

    /// The library's histogram, for writers of its own formats.
    #[must_use]
    pub fn inner(&self) -> &hdrhistogram::Histogram<u64> {
        &self.inner
    }

    /// Records one value; values above [`MAX_US`] count as [`MAX_US`].
    pub fn record(&mut self, value: u64) {
        self.inner.saturating_record(value);
    }

    /// Records one value many times; values above [`MAX_US`] count as [`MAX_US`].
    pub fn record_many(&mut self, value: u64, count: u64) {
        self.inner.saturating_record_n(value, count);
    }

    /// Adds all values of `other`.
    pub fn add(&mut self, other: &Self) {
        if self.inner.add(&other.inner).is_err() {
            // Only a histogram that was read from a file with wider bounds comes here.
            for value in other.inner.iter_recorded() {
                self.inner.saturating_record_n(value.value_iterated_to(), value.count_at_value());
            }
        }
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.inner.len()
    }

    /// True when nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.inner.reset();
    }

    /// Mean, `None` when empty.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.inner.mean())
    }

    /// Largest value (to the histogram's precision), `None` when empty.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (!self.is_empty()).then(|| self.inner.max())
    }

    /// Value at a quantile in 0..=1 whatever the number of samples; `None` when empty. For charts.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<u64> {
        (!self.is_empty()).then(|| self.inner.value_at_quantile(quantile))
    }

    /// Value at a quantile, or `None` where fewer than 10/(1−q) values stand behind it. For tables.
    #[must_use]
    pub fn printable_quantile(&self, quantile: f64) -> Option<u64> {
        enough_samples(self.count(), quantile).then(|| self.inner.value_at_quantile(quantile))
    }

    /// The V2 form, base64: how histograms travel between processes.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "writing to memory cannot fail")]
    pub fn encode(&self) -> String {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.inner, &mut bytes).expect("serializing to memory cannot fail");
        STANDARD.encode(bytes)
    }

    /// Reads what [`Self::encode`] wrote; `None` when the text is not a histogram.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        let inner = Deserializer::new().deserialize(&mut bytes.as_slice()).ok()?;
        Some(Self { inner })
    }
}

impl Serialize for Histogram {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::decode(&String::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("not a V2 histogram in base64"))
    }
}

/// Whether `count` values are enough to print a quantile: at least 10/(1−q).
#[must_use]
pub fn enough_samples(count: u64, quantile: f64) -> bool {
    // The tolerance keeps 10/(1−0.99) at 1,000 in spite of binary fractions.
    count > 0 && count as f64 * (1.0 - quantile) >= 10.0 - 1e-6
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        assert!(enough_samples(20, 0.5));
        assert!(!enough_samples(19, 0.5));
        assert!(enough_samples(1000, 0.99));
        assert!(!enough_samples(999, 0.99));
        assert!(enough_samples(10_000, 0.999));
        assert!(!enough_samples(9_999, 0.999));
    }

    #[test]
    fn values_beyond_the_range_are_counted_at_its_end() {
        let mut histogram = Histogram::new();
        histogram.record(u64::MAX);
        histogram.record(0);
        assert_eq!(histogram.count(), 2);
        let max = histogram.max().unwrap();
        assert!((MAX_US..MAX_US + MAX_US / 500).contains(&max), "{max}");
    }

    #[test]
    fn an_unreadable_text_is_no_histogram() {
        assert_eq!(Histogram::decode("not base64!"), None);
        assert_eq!(Histogram::decode("AAAA"), None);
    }

    proptest! {
        #[test]
        fn merge_of_parts_is_record_of_all(
            values in proptest::collection::vec((0u64..2_000_000, 0usize..3), 0..300),
        ) {
            let mut parts = vec![Histogram::new(); 3];
            let mut whole = Histogram::new();
            for (value, part) in &values {
                parts[*part].record(*value);
                whole.record(*value);
            }
            let mut sum = Histogram::new();
            for part in &parts {
                let travelled = Histogram::decode(&part.encode()).unwrap();
                sum.add(&travelled);
            }
            prop_assert_eq!(sum.count(), values.len() as u64);
            for q in [0.0, 0.5, 0.9, 0.99, 1.0] {
                prop_assert_eq!(sum.quantile(q), whole.quantile(q));
            }
        }
    }
}
