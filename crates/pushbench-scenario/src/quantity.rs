//! Rates, shares and percentages as people write them: `"500/s"`, `"1%"`, `"250%"`.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use std::str::FromStr;

/// So many per unit of time, written as a number and `/s`, `/m` or `/h`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "String")]
pub struct Rate {
    per_second: f64,
    text: String,
}

/// A part of a whole, written in percent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "String")]
pub struct Share {
    part: f64,
    text: String,
}

/// How large something is beside what is usual, in percent; more than all is allowed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "String")]
pub struct Percent {
    factor: f64,
    text: String,
}

/// Why a text is not a rate, a share or a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a rate.
    #[error("`{0}` is not a rate: a number and /s, /m or /h, such as \"5/s\"")]
    Rate(String),
    /// Not a share.
    #[error("`{0}` is not a share: 0 to 100 and a percent sign, such as \"1%\"")]
    Share(String),
    /// Not a percentage.
    #[error("`{0}` is not a percentage: a number and a percent sign, such as \"150%\"")]
    Percent(String),
}

/// A plain decimal number, without sign or exponent. One that no float holds is the largest: large, but well written.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse::<f64>().ok().filter(|_| plain).map(|value| value.min(f64::MAX))
}

impl Rate {
    /// Per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.per_second
    }
}

impl Share {
    /// As a part of one: 0 to 1.
    #[must_use]
    pub fn part(&self) -> f64 {
        self.part
    }
}

impl Percent {
    /// As a factor: 1 for `100%`.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }
}

impl FromStr for Rate {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (number, unit) = text.trim().split_once('/')?;
            let seconds = match unit.trim() {
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
            Some(decimal(number.trim())? / seconds)
        };
        let per_second = parse().ok_or_else(|| QuantityError::Rate(text.to_owned()))?;
        Ok(Self { per_second, text: text.to_owned() })
    }
}

/// The number before a percent sign.
fn percent(text: &str) -> Option<f64> {
    decimal(text.trim().strip_suffix('%')?.trim())
}

impl FromStr for Percent {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let percent = percent(text).ok_or_else(|| QuantityError::Percent(text.to_owned()))?;
        Ok(Self { factor: percent / 100.0, text: text.to_owned() })
    }
}

impl FromStr for Share {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match percent(text) {
            Some(percent) if percent <= 100.0 => Ok(Self { part: percent / 100.0, text: text.to_owned() }),
            _ => Err(QuantityError::Share(text.to_owned())),
        }
    }
}

macro_rules! text_form {
    ($type:ident, $expecting:literal, $pattern:literal, $examples:expr) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl From<$type> for String {
            fn from(quantity: $type) -> Self {
                quantity.text
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "examples": $examples })
            }
        }
    };
}

text_form!(Rate, "a rate such as \"5/s\"", r"^\s*\d+(\.\d+)?\s*/\s*(s|m|h)\s*$", ["5/s", "12/m"]);
text_form!(Share, "a share such as \"1%\"", r"^\s*(100(\.0+)?|\d{1,2}(\.\d+)?)\s*%\s*$", ["0%", "1%"]);
text_form!(Percent, "a percentage such as \"150%\"", r"^\s*\d+(\.\d+)?\s*%\s*$", ["50%", "150%"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_rates() {
        for (text, per_second) in
            [("5/s", 5.0), ("12/m", 0.2), ("1.5 / s", 1.5), ("0/s", 0.0), ("36/h", 0.01)]
        {
            assert!((text.parse::<Rate>().unwrap().per_second() - per_second).abs() < 1e-12, "{text}");
        }
        for text in ["", "5", "5/", "/s", "-1/s", "5/d", "1e3/s", "nan/s", "inf/s", ".", "./s"] {
            assert_eq!(text.parse::<Rate>(), Err(QuantityError::Rate(text.to_owned())));
        }
    }

    #[test]
    fn people_write_shares() {
        for (text, part) in [("0%", 0.0), ("1%", 0.01), ("12.5 %", 0.125), ("100%", 1.0)] {
            assert!((text.parse::<Share>().unwrap().part() - part).abs() < 1e-12, "{text}");
        }
        for text in ["", "1", "%", "-1%", "100.1%", "1e1%", "nan%"] {
            assert_eq!(text.parse::<Share>(), Err(QuantityError::Share(text.to_owned())));
        }
    }

    #[test]
    fn people_write_percentages() {
        for (text, factor) in [("0%", 0.0), ("12.5 %", 0.125), ("100%", 1.0), (" 10000%", 100.0)] {
            assert!((text.parse::<Percent>().unwrap().factor() - factor).abs() < 1e-12, "{text}");
        }
        for text in ["", "5", "%", "-1%", "1e1%", "nan%", "5x"] {
            assert_eq!(text.parse::<Percent>(), Err(QuantityError::Percent(text.to_owned())));
        }
    }
}
