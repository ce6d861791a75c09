//! Whether a target may gather events that follow each other closely before it writes them to a client.
//!
//! It is a named mode because it trades one figure for another: fewer writes per event, for a delay of at most the time
//! given. What is gathered how is the target's work.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// `target.coalesce`: `"off"`, `"tick"` or a duration such as `"2ms"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Coalesce {
    /// Every event is written by itself.
    #[default]
    Off,
    /// What one turn of the target's event loop has for a client is written at once; nothing waits for more.
    Tick,
    /// An event may wait this long for others to the same client. From 1 ms to 1 s.
    Within(Duration),
}

/// Why a text is no such mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoalesceError {
    /// Neither a name nor a duration.
    #[error("`{0}` is not allowed: {ALLOWED}")]
    Unknown(String),
    /// A duration that is too short or too long.
    #[error("{0} is out of range: {ALLOWED}")]
    OutOfRange(Period),
}

const ALLOWED: &str = "\"off\", \"tick\", or a duration of 1ms to 1s, such as \"2ms\"";
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(1);

impl Coalesce {
    /// The longest that an event is held back by design.
    #[must_use]
    pub fn longest_hold(self) -> Duration {
        match self {
            Self::Off | Self::Tick => Duration::ZERO,
            Self::Within(duration) => duration,
        }
    }
}

impl FromStr for Coalesce {
    type Err = CoalesceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "tick" => Ok(Self::Tick),
            _ => {
                let period: Period = text.parse().map_err(|_| CoalesceError::Unknown(text.to_owned()))?;
                let sensible = (SHORTEST..=LONGEST).contains(&period.duration());
                sensible.then(|| Self::Within(period.duration())).ok_or(CoalesceError::OutOfRange(period))
            }
        }
    }
}

impl fmt::Display for Coalesce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Tick => f.write_str("tick"),
            Self::Within(duration) => Period::from_duration(*duration).fmt(f),
        }
    }
}

impl From<Coalesce> for String {
    fn from(coalesce: Coalesce) -> Self {
        coalesce.to_string()
    }
}

impl<'de> Deserialize<'de> for Coalesce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Coalesce;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(ALLOWED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Coalesce, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Coalesce {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Coalesce".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^(off|tick|\s*\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h))$",
            "examples": ["off", "tick", "2ms"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_and_written_as_people_do() {
        let within = |millis| Coalesce::Within(Duration::from_millis(millis));
        let table = [
            ("off", Coalesce::Off, 0),
            ("tick", Coalesce::Tick, 0),
            ("2ms", within(2), 2),
            ("1ms", within(1), 1),
            ("1s", within(1000), 1000),
        ];
        for (text, mode, hold_ms) in table {
            assert_eq!(text.parse(), Ok(mode));
            assert_eq!(mode.to_string(), text);
            assert_eq!(mode.longest_hold(), Duration::from_millis(hold_ms));
            let travelled: Coalesce = serde_json::from_str(&serde_json::to_string(&mode).unwrap()).unwrap();
            assert_eq!(travelled, mode);
        }
        for text in ["", "on", "Off", "0s", "999us", "1001ms", "2", "-1ms"] {
            assert!(text.parse::<Coalesce>().is_err(), "{text}");
        }
    }
}
