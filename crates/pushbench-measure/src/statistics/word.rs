//! The words for a difference. What they say depends on the interval and on a band within which two figures count as
//! equal; nothing else is looked at. No word proves that two figures are equal.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::difference::Difference;
use super::headline::Kind;

/// How a figure of the other side stands to the baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// A time is shorter.
    #[serde(rename = "faster")]
    Faster,
    /// A time is longer.
    #[serde(rename = "slower")]
    Slower,
    /// A cost (bytes, CPU, memory, sockets, requests) is lower.
    #[serde(rename = "less")]
    Less,
    /// A cost is higher.
    #[serde(rename = "more")]
    More,
    /// The difference is inside the band or its interval holds zero, and the interval is narrow enough: see
    /// [`Band::reach`]. A difference as large as the interval reaches may still be there.
    #[serde(rename = "no difference seen")]
    NoDifference,
    /// The interval is too wide, or there is none.
    #[serde(rename = "too noisy to tell")]
    TooNoisy,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Less => "less",
            Self::More => "more",
            Self::NoDifference => "no difference seen",
            Self::TooNoisy => "too noisy to tell",
        })
    }
}

/// Differences that count as none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Share of the baseline.
    pub share: f64,
    /// The least that the band is wide whatever the share, in the figure's unit: what its instruments cannot tell.
    pub floor: f64,
}

impl Band {
    /// Share of the baseline within which figures count as equal unless something else is asked for.
    pub const SHARE: f64 = 0.05;

    /// How many shares of the baseline half an interval may be wide for "no difference seen" to mean something: beyond
    /// it a difference of several bands would go unseen.
    pub const NARROW_SHARES: f64 = 4.0;

    /// The same in floors. Fewer: a floor of a small figure is a large part of it.
    pub const NARROW_FLOORS: f64 = 2.0;

    /// The band around a baseline, in its unit.
    #[must_use]
    pub fn around(&self, baseline: f64) -> f64 {
        (self.share * baseline.abs()).max(self.floor)
    }

    /// How far the interval of a difference may reach to either side of it for "no difference seen", in the figure's
    /// unit.
    #[must_use]
    pub fn reach(&self, baseline: f64) -> f64 {
        (Self::NARROW_SHARES * self.share * baseline.abs()).max(Self::NARROW_FLOORS * self.floor)
    }

    /// The word for a difference from a baseline.
    #[must_use]
    pub fn word(&self, kind: Kind, baseline: f64, difference: &Difference) -> Word {
        let band = self.around(baseline);
        let inside = difference.estimate.abs() <= band;
        if difference.identical {
            return Word::NoDifference;
        }
        let Some(interval) = difference.interval else {
            // What the instruments cannot tell apart is no difference, repeated or not.
            let told_apart = difference.estimate.abs() > self.floor;
            return if told_apart { Word::TooNoisy } else { Word::NoDifference };
        };
        let holds_zero = interval.lo <= 0.0 && interval.hi >= 0.0;
        let narrow = (interval.hi - interval.lo) / 2.0 <= self.reach(baseline);
        match (inside || holds_zero, kind) {
            (true, _) if narrow => Word::NoDifference,
            (true, _) => Word::TooNoisy,
            (false, Kind::Time) if difference.estimate < 0.0 => Word::Faster,
            (false, Kind::Time) => Word::Slower,
            (false, Kind::Cost) if difference.estimate < 0.0 => Word::Less,
            (false, Kind::Cost) => Word::More,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::measurement::Basis;
    use super::*;
    use crate::results::Confidence;

    const BAND: Band = Band { share: 0.05, floor: 50.0 };

    fn word(kind: Kind, baseline: f64, estimate: f64, half: Option<f64>) -> Word {
        let interval = half.map(|half| Confidence { lo: estimate - half, hi: estimate + half });
        let basis = Basis::Rounds(5);
        BAND.word(kind, baseline, &Difference { estimate, interval, basis, identical: false })
    }

    #[test]
    fn the_words_follow_from_interval_and_band() {
        // Baseline 10 ms: the band is 500 µs, and an interval may be 2 ms to each side.
        let table = [
            (600.0, Some(500.0), Word::Slower),
            (-600.0, Some(500.0), Word::Faster),
            (600.0, Some(700.0), Word::NoDifference),
            (400.0, Some(100.0), Word::NoDifference),
            (0.0, Some(2_000.0), Word::NoDifference),
            (0.0, Some(2_001.0), Word::TooNoisy),
            (1_900.0, Some(2_001.0), Word::TooNoisy),
            (9_000.0, Some(8_999.0), Word::Slower),
            (0.0, None, Word::NoDifference),
            (50.0, None, Word::NoDifference),
            (51.0, None, Word::TooNoisy),
            (9_000.0, None, Word::TooNoisy),
        ];
        for (estimate, half, expected) in table {
            assert_eq!(word(Kind::Time, 10_000.0, estimate, half), expected, "{estimate} ± {half:?}");
        }
        assert_eq!(word(Kind::Cost, 10_000.0, 600.0, Some(1.0)), Word::More);
        assert_eq!(word(Kind::Cost, 10_000.0, -600.0, Some(1.0)), Word::Less);
    }

    #[test]
    fn the_floor_holds_where_the_share_would_be_below_the_instruments() {
        assert_eq!(word(Kind::Time, 100.0, 49.0, Some(1.0)), Word::NoDifference);
        assert_eq!(word(Kind::Time, 100.0, 51.0, Some(1.0)), Word::Slower);
        assert_eq!(word(Kind::Time, 0.0, 51.0, Some(1.0)), Word::Slower);
    }

    #[test]
    fn the_floor_does_not_let_an_interval_pass_that_is_wider_than_the_figure() {
        // Of 100 µs four floors would be 200 µs: three times the baseline would pass for no difference.
        assert_eq!(word(Kind::Time, 100.0, 0.0, Some(100.0)), Word::NoDifference);
        assert_eq!(word(Kind::Time, 100.0, 0.0, Some(101.0)), Word::TooNoisy);
        // The share is the wider of both from 500 µs on.
        assert_eq!(word(Kind::Time, 600.0, 0.0, Some(120.0)), Word::NoDifference);
        assert_eq!(word(Kind::Time, 600.0, 0.0, Some(121.0)), Word::TooNoisy);
    }

    #[test]
    fn identical_data_shows_no_difference_however_noisy() {
        let interval = Some(Confidence { lo: -1e9, hi: 1e9 });
        let noisy = Difference { estimate: 0.0, interval, basis: Basis::OneRound, identical: true };
        assert_eq!(BAND.word(Kind::Time, 1.0, &noisy), Word::NoDifference);
        let different = Difference { identical: false, ..noisy };
        assert_eq!(BAND.word(Kind::Time, 1.0, &different), Word::TooNoisy);
    }

    #[test]
    fn words_are_written_as_they_are_said() {
        for word in [Word::Faster, Word::Slower, Word::Less, Word::More, Word::NoDifference, Word::TooNoisy] {
            assert_eq!(serde_json::to_value(word).unwrap(), word.to_string());
        }
    }
}
