//! Laws of times as they are written: `"50ms"`, or a table with a mean, two ends or two percentiles; for some keys also
//! the name of a file with recorded times.
//!
//! Deserialized by hand, because a derived untagged enum can only say that nothing matched. No file is read here.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::time::Duration;

use crate::law::Law;
use crate::section::{FaultList, Section};

/// A law of times that a file spells out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum LawChoice {
    Constant(Period),
    Exponential { mean: Period },
    Uniform { min: Period, max: Period },
    LogNormal { p50: Period, p99: Period },
}

/// A law of times, or a file of recorded ones, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum ReplayChoice {
    Law(LawChoice),
    Recorded { file: String },
}

impl LawChoice {
    const ALLOWED: &'static str = "a duration such as \"50ms\", { mean = \"…\" }, { min = \"…\", max = \"…\" } or \
                                   { p50 = \"…\", p99 = \"…\" }";

    /// The shortest mean or median of a law that knows no shortest time; of none at all it is no law.
    const SHORTEST: Period = Period::from_duration(Duration::from_micros(1));

    /// The law; what cannot be one, or is longer than `longest`, is a fault of `section`'s key.
    pub(crate) fn law(self, section: &Section, key: &str, longest: Period, faults: &mut FaultList) -> Law {
        let (low, high, least) = match self {
            Self::Constant(time) => (time, time, Period::from_secs(0)),
            Self::Uniform { min, max } => (min, max, Period::from_secs(0)),
            Self::Exponential { mean } => (mean, mean, Self::SHORTEST),
            Self::LogNormal { p50, p99 } => (p50, p99, Self::SHORTEST),
        };
        if low > high {
            section.fault(key, faults, format!("{low} is more than {high}: min <= max and p50 <= p99"));
        }
        section.check(key, low >= least && high <= longest, faults, &format!("{least} to {longest}"));
        match self {
            Self::Constant(time) => Law::Constant(time.as_ns()),
            Self::Exponential { mean } => Law::Exponential { mean_ns: mean.as_ns() },
            // The ends in their order, so that whoever draws from a law at fault does not fall over it.
            Self::Uniform { min, max } => {
                Law::Uniform { min_ns: min.min(max).as_ns(), max_ns: max.max(min).as_ns() }
            }
            Self::LogNormal { p50, p99 } => Law::LogNormal { p50_ns: p50.as_ns(), p99_ns: p99.as_ns() },
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LawKeys {
    mean: Option<Period>,
    min: Option<Period>,
    max: Option<Period>,
    p50: Option<Period>,
    p99: Option<Period>,
    file: Option<String>,
}

impl LawKeys {
    /// The one form that these keys make, or `None`.
    fn choice(self) -> Option<ReplayChoice> {
        let law = match self {
            Self { mean: Some(mean), min: None, max: None, p50: None, p99: None, file: None } => {
                LawChoice::Exponential { mean }
            }
            Self { mean: None, min: Some(min), max: Some(max), p50: None, p99: None, file: None } => {
                LawChoice::Uniform { min, max }
            }
            Self { mean: None, min: None, max: None, p50: Some(p50), p99: Some(p99), file: None } => {
                LawChoice::LogNormal { p50, p99 }
            }
            Self { mean: None, min: None, max: None, p50: None, p99: None, file: Some(file) } => {
                return Some(ReplayChoice::Recorded { file });
            }
            _ => return None,
        };
        Some(ReplayChoice::Law(law))
    }
}

/// Reads every form; which are allowed is said in `allowed`.
struct Forms {
    allowed: &'static str,
}

impl<'de> Visitor<'de> for Forms {
    type Value = ReplayChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.allowed)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ReplayChoice, E> {
        text.parse().map(|time| ReplayChoice::Law(LawChoice::Constant(time))).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ReplayChoice, A::Error> {
        let keys = LawKeys::deserialize(MapAccessDeserializer::new(map))?;
        let none = || A::Error::custom(format!("found keys that make no law, expected {}", self.allowed));
        keys.choice().ok_or_else(none)
    }
}

impl<'de> Deserialize<'de> for LawChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Forms { allowed: Self::ALLOWED })? {
            ReplayChoice::Law(law) => Ok(law),
            ReplayChoice::Recorded { .. } => {
                Err(D::Error::custom(format!("found the name of a file, expected {}", Self::ALLOWED)))
            }
        }
    }
}

impl ReplayChoice {
    const ALLOWED: &'static str = "a duration such as \"50ms\", { mean = \"…\" }, { min = \"…\", max = \"…\" }, \
                                   { p50 = \"…\", p99 = \"…\" } or { file = \"….csv\" }";
}

impl<'de> Deserialize<'de> for ReplayChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms { allowed: Self::ALLOWED })
    }
}

/// A table of exactly these keys.
fn table(keys: &[&str], value: &schemars::Schema) -> serde_json::Value {
    let properties: serde_json::Map<String, serde_json::Value> =
        keys.iter().map(|key| ((*key).to_owned(), value.clone().to_value())).collect();
    serde_json::json!({
        "type": "object",
        "properties": properties,
        "required": keys,
        "additionalProperties": false
    })
}

impl JsonSchema for LawChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Times".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let time = generator.subschema_for::<Period>();
        let tables = [&["mean"][..], &["min", "max"], &["p50", "p99"]].map(|keys| table(keys, &time));
        let [exponential, uniform, log_normal] = tables;
        schemars::json_schema!({ "anyOf": [time, exponential, uniform, log_normal] })
    }
}

impl JsonSchema for ReplayChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimesOrFile".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let law = generator.subschema_for::<LawChoice>();
        let file = table(&["file"], &schemars::json_schema!({ "type": "string", "pattern": r"\S" }));
        schemars::json_schema!({ "anyOf": [law, file] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
        let value = toml::de::ValueDeserializer::parse(text).unwrap();
        T::deserialize(value).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn every_form_is_read_and_written_alike() {
        let ms = Period::from_millis;
        let table = [
            (r#""50ms""#, LawChoice::Constant(ms(50)), r#""50ms""#),
            (r#"{ mean = "0.2s" }"#, LawChoice::Exponential { mean: ms(200) }, r#"{"mean":"200ms"}"#),
            (
                r#"{ min = "1ms", max = "2ms" }"#,
                LawChoice::Uniform { min: ms(1), max: ms(2) },
                r#"{"min":"1ms","max":"2ms"}"#,
            ),
            (
                r#"{ p50 = "1ms", p99 = "2ms" }"#,
                LawChoice::LogNormal { p50: ms(1), p99: ms(2) },
                r#"{"p50":"1ms","p99":"2ms"}"#,
            ),
        ];
        for (text, law, json) in table {
            assert_eq!(read::<LawChoice>(text), Ok(law), "{text}");
            assert_eq!(read::<ReplayChoice>(text), Ok(ReplayChoice::Law(law)), "{text}");
            assert_eq!(serde_json::to_string(&law).unwrap(), json);
        }
        let file = ReplayChoice::Recorded { file: "gaps.csv".to_owned() };
        assert_eq!(serde_json::to_string(&file).unwrap(), r#"{"file":"gaps.csv"}"#);
        assert_eq!(read(r#"{ file = "gaps.csv" }"#), Ok(file));
    }

    #[test]
    fn what_makes_no_law_is_said_with_what_does() {
        let wrong = [
            r#"{ mean = "1ms", min = "1ms" }"#,
            r#"{ min = "1ms" }"#,
            "{}",
            r#"{ file = "a.csv", mean = "1ms" }"#,
            r#"{ file = "a.csv" }"#,
            "5",
        ];
        for text in wrong {
            let problem = read::<LawChoice>(text).unwrap_err();
            assert!(problem.ends_with(LawChoice::ALLOWED), "{text}: {problem}");
        }
        assert!(read::<LawChoice>(r#"{ median = "1ms" }"#).unwrap_err().contains("unknown field `median`"));
        assert!(read::<LawChoice>(r#""50""#).is_err());
    }
}
