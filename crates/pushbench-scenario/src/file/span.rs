//! `{ at = "10s", for = "5s" }`: a part of the measure phase, as several tables have one.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::time::Duration;

/// When something begins, and how long it goes on.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Span {
    /// Since the begin of the measure phase.
    at: Period,
    /// For how long.
    #[serde(rename = "for")]
    lasts: Period,
}

impl Span {
    /// When it begins, since the begin of the measure phase.
    pub(super) fn at(self) -> Duration {
        self.at.duration()
    }

    /// How long it goes on.
    pub(super) fn lasts(self) -> Duration {
        self.lasts.duration()
    }
}

/// The same with words for what is missing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { at = \"10s\", for = \"5s\" }")]
struct Given {
    at: Option<Period>,
    #[serde(rename = "for")]
    lasts: Option<Period>,
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Given::deserialize(deserializer)? {
            Given { at: Some(at), lasts: Some(lasts) } => Ok(Self { at, lasts }),
            _ => Err(D::Error::custom(
                "both `at` and `for` are needed, such as { at = \"10s\", for = \"5s\" }",
            )),
        }
    }
}
