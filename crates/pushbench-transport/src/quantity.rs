//! Durations and sizes as people write them: `"250ms"`, `"1KiB"`.
//!
//! One number and one unit; no sums such as `1m30s`, and no bare numbers, because a bare number hides its unit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time, written as a number and `ns`, `us`, `ms`, `s`, `m` or `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(Duration);

/// A number of bytes, written as a number and `B`, `KiB`, `MiB`, `kB` or `MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size(u64);

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a duration.
    #[error("`{0}` is not a duration: a number and ns, us, ms, s, m or h, such as \"250ms\"")]
    Period(String),
    /// Not a size.
    #[error("`{0}` is not a size: a number and B, KiB, MiB, kB or MB, such as \"256B\"")]
    Size(String),
    /// A duration beyond any use.
    #[error("`{0}` is too large, a duration is at most 2500h")]
    PeriodTooLarge(String),
    /// A size beyond any use.
    #[error("`{0}` is too large, a size is at most 9000000000MB")]
    SizeTooLarge(String),
}

/// Why a text is not a number of units.
enum Unread {
    Malformed,
    TooLarge,
}

/// Units in rising order, with their worth in the smallest one.
type Units = &'static [(&'static str, u64)];

const PERIOD_UNITS: Units = &[
    ("ns", 1),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
/// Read, but never written.
const PERIOD_ALIASES: Units = &[("us", 1_000)];

const SIZE_UNITS: Units = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20)];
/// Read, but never written.
const SIZE_ALIASES: Units = &[("kB", 1_000), ("MB", 1_000_000)];

impl Period {
    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// From seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// From the standard library's duration.
    #[must_use]
    pub const fn from_duration(duration: Duration) -> Self {
        Self(duration)
    }

    /// As the standard library's duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// In nanoseconds.
    #[must_use]
    pub fn as_ns(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }

    /// True for a span of no length.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl Size {
    /// From bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// The largest quantity in the smallest unit: more than any file needs, and up to it, below 2^53, an f64 is exact.
const MOST: u64 = 9_000_000_000_000_000;

/// A number followed by one of the units, in the smallest unit; fractions are rounded to it.
fn parse(text: &str, units: Units, aliases: Units) -> Result<u64, Unread> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(Unread::Malformed)?;
    let (number, unit) = text.split_at(split);
    let mut known = units.iter().chain(aliases);
    let (_, factor) = known.find(|(name, _)| *name == unit.trim_start()).ok_or(Unread::Malformed)?;
    let value = match number.parse::<u64>() {
        Ok(whole) => whole.saturating_mul(*factor),
        // The conversion saturates.
        Err(_) => (number.parse::<f64>().map_err(|_| Unread::Malformed)? * *factor as f64).round() as u64,
    };
    if value <= MOST { Ok(value) } else { Err(Unread::TooLarge) }
}

/// Writes a value in the largest unit that gives a whole number.
fn format(value: u64, units: Units, zero: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let unit = units.iter().rev().find(|(_, factor)| value.is_multiple_of(*factor));
    match unit {
        Some((name, factor)) if value > 0 => write!(f, "{}{name}", value / factor),
        _ => f.write_str(zero),
    }
}

impl FromStr for Period {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, PERIOD_UNITS, PERIOD_ALIASES).map(|ns| Self(Duration::from_nanos(ns))).map_err(|unread| {
            match unread {
                Unread::Malformed => QuantityError::Period(text.to_owned()),
                Unread::TooLarge => QuantityError::PeriodTooLarge(text.to_owned()),
            }
        })
    }
}

impl FromStr for Size {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, SIZE_UNITS, SIZE_ALIASES).map(Self).map_err(|unread| match unread {
            Unread::Malformed => QuantityError::Size(text.to_owned()),
            Unread::TooLarge => QuantityError::SizeTooLarge(text.to_owned()),
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format(self.as_ns(), PERIOD_UNITS, "0s", f)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format(self.0, SIZE_UNITS, "0B", f)
    }
}

impl TryFrom<String> for Period {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Size {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^\s*\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h)$",
            "examples": ["250ms", "30s"]
        })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^\s*\d+(\.\d+)?\s*(B|KiB|MiB|kB|MB)$",
            "examples": ["256B", "1KiB"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_durations() {
        let table = [
            ("250ms", 250_000_000),
            ("1s", 1_000_000_000),
            ("1.5s", 1_500_000_000),
            ("2 m", 120_000_000_000),
        ];
        for (text, ns) in table {
            assert_eq!(text.parse::<Period>().unwrap().as_ns(), ns, "{text}");
        }
        for text in ["", "10", "s", "-1s", "1 day", "1m30s", "1e3s", "99999999999999h", "."] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn too_large_is_not_malformed() {
        let huge = format!("{}h", "9".repeat(400));
        for text in ["2501h", "2500.5h", "99999999999999h", "99999999999999999999999h", &huge] {
            assert_eq!(text.parse::<Period>(), Err(QuantityError::PeriodTooLarge(text.to_owned())));
        }
        for text in ["9000000001MB", "99999999999999999999999B", "99999999999999999999.5KiB"] {
            assert_eq!(text.parse::<Size>(), Err(QuantityError::SizeTooLarge(text.to_owned())));
        }
        for text in ["1.2.3h", "99999999999999999999999", "99999999999999999999999 days"] {
            assert_eq!(text.parse::<Period>(), Err(QuantityError::Period(text.to_owned())));
        }
        assert_eq!("2500h".parse::<Period>().unwrap().as_ns(), MOST);
        assert_eq!("9000000000MB".parse::<Size>().unwrap().bytes(), MOST);
    }

    #[test]
    fn people_write_sizes() {
        let table = [("256B", 256), ("1KiB", 1024), ("1.5 MiB", 1_572_864), ("2kB", 2000)];
        for (text, bytes) in table {
            assert_eq!(text.parse::<Size>().unwrap().bytes(), bytes, "{text}");
        }
        assert!("256".parse::<Size>().is_err());
        assert!("1GB".parse::<Size>().is_err());
    }

    #[test]
    fn quantities_are_written_in_their_largest_whole_unit() {
        let table = [
            ("250ms", "250ms"),
            ("1500ms", "1500ms"),
            ("60s", "1m"),
            ("0s", "0s"),
            ("90s", "90s"),
            ("3us", "3µs"),
        ];
        for (text, written) in table {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), written);
        }
        for (text, written) in
            [("1024B", "1KiB"), ("256B", "256B"), ("1MiB", "1MiB"), ("2kB", "2000B"), ("0B", "0B")]
        {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), written);
        }
    }
}
