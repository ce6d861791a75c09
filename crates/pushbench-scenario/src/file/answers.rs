//! `[events]` of a stream: what an answer is made of, and whether clients and phases have room for the answers.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::time::Duration;

use super::keys;
use super::recorded::{self, ReadFile};
use crate::answers::{Answers, Parts, answer};
use crate::law::Law;
use crate::law_choice::{LawChoice, ReplayChoice};
use crate::plan::{Events, Phases};
use crate::schedule::asks;
use crate::section::{FaultList, Section};

/// Longest pause, and longest `stall`.
const LONGEST: Period = Period::from_secs(3600);
/// The keys of `[events]` that only a stream has.
const KEYS: [&str; 4] = ["parts", "first", "gap", "stall"];

/// `events.parts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum PartsChoice {
    Fixed(u32),
    Uniform { min: u32, max: u32 },
}

impl PartsChoice {
    const ALLOWED: &'static str = "a whole number from 1 to 100000, or { min = …, max = … }";

    /// What does not fit is out of range in any case.
    fn number(parts: i64) -> u32 {
        u32::try_from(parts).unwrap_or(0)
    }

    /// `None` where it is out of range.
    fn parts(self) -> Option<Parts> {
        let sensible = |parts: u32| (1..=Parts::MOST).contains(&parts);
        match self {
            Self::Fixed(parts) => sensible(parts).then_some(Parts::Fixed(parts)),
            Self::Uniform { min, max } => {
                (sensible(min) && sensible(max) && min <= max).then_some(Parts::Uniform { min, max })
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    min: i64,
    max: i64,
}

impl<'de> Deserialize<'de> for PartsChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = PartsChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(PartsChoice::ALLOWED)
            }

            fn visit_i64<E: Error>(self, parts: i64) -> Result<PartsChoice, E> {
                Ok(PartsChoice::Fixed(PartsChoice::number(parts)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PartsChoice, A::Error> {
                let length_ns = |k| answer(answers, events.size, seed, k).due_offsets_ns().last().unwrap_or_default();
    let ends = (0..).zip(dues).map(|(k, due_ns)| due_ns.saturating_add(length_ns(k)));
    Duration::from_nanos(ends.max().unwrap_or(0).saturating_sub(drain_ns))
}
