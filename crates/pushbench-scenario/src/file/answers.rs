//! `[events]` of a stream: what an answer is made of, and whether clients and phases have room for the answers.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::time::Duration;

use super::keys;
use super::recorded::{self, ReadFile};
use crate::answers::{Answers, Parts, answer, longest_of};
use crate::capacity::Capacity;
use crate::law::Law;
use crate::law_choice::{LawChoice, ReplayChoice};
use crate::plan::{Events, Phases, Threshold};
use crate::schedule::asks;
use crate::section::{FaultList, Section};

/// Longest pause, and longest `stall`.
const LONGEST: Period = Period::from_secs(3600);
/// The keys that the length of an answer follows from.
const LENGTH: [&str; 3] = ["parts", "first", "gap"];

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
                let ends = Ends::deserialize(MapAccessDeserializer::new(map))?;
                let [min, max] = [ends.min, ends.max].map(PartsChoice::number);
                Ok(PartsChoice::Uniform { min, max })
            }
        }
        deserializer.deserialize_any(Numbers)
    }
}

impl JsonSchema for PartsChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Parts".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let number = serde_json::json!({ "type": "integer", "minimum": 1, "maximum": Parts::MOST });
        schemars::json_schema!({ "anyOf": [number, {
            "type": "object",
            "properties": { "min": number, "max": number },
            "required": ["min", "max"],
            "additionalProperties": false
        }] })
    }
}

/// What is asked for; `None` only if there are faults.
pub(super) fn read(
    section: &Section,
    keys: &keys::Events,
    file: ReadFile<'_>,
    faults: &mut FaultList,
) -> Option<Answers> {
    section.require("parts", faults, PartsChoice::ALLOWED);
    section.require("gap", faults, "a duration such as \"50ms\", a law of times or a file of recorded ones");
    let parts = keys.parts.and_then(|choice| {
        section.check("parts", choice.parts().is_some(), faults, PartsChoice::ALLOWED);
        choice.parts()
    });
    let none = ReplayChoice::Law(LawChoice::Constant(Period::from_secs(0)));
    let first = law(section, "first", keys.first.as_ref().unwrap_or(&none), file, faults);
    let gap = keys.gap.as_ref().and_then(|choice| law(section, "gap", choice, file, faults));
    let stall = keys.stall.unwrap_or(Period::from_secs(1));
    section.check("stall", !stall.is_zero() && stall <= LONGEST, faults, "more than 0s, at most 1h");
    Some(Answers { parts: parts?, first: first?, gap: gap?, stall_ns: stall.as_ns() })
}

fn law(
    section: &Section,
    key: &str,
    choice: &ReplayChoice,
    file: ReadFile<'_>,
    faults: &mut FaultList,
) -> Option<Law> {
    match choice {
        ReplayChoice::Law(law) => Some(law.law(section, key, LONGEST, faults)),
        ReplayChoice::Recorded { file: name } => match recorded::read(name, LONGEST, file) {
            Ok(times) => Some(Law::Replay(times)),
            Err(problems) => {
                for problem in problems {
                    section.fault(key, faults, problem);
                }
                None
            }
        },
    }
}

/// Whether so many clients can have as many answers at once as follow from the rate and the length of an answer (Little's
/// law): a client asks for one at a time, and the rest would only wait.
pub(super) fn check_clients(
    section: &Section,
    events: Option<&Events>,
    steps: &[u32],
    faults: &mut FaultList,
) {
    let at_fault = LENGTH.iter().any(|key| faults.has(&section.key_path(key)));
    let (Some(events), Some(fewest), false) = (events, steps.iter().min(), at_fault) else { return };
    let Some(answers) = events.answers() else { return };
    let length_s = answers.mean_length_ns() / 1e9;
    let rate = events.rate * events.shape.peak();
    let at_once = (rate * length_s).ceil();
    if at_once > f64::from(*fewest) {
        let rate = (rate * 1e3).round() / 1e3;
        let peak = if events.shape.is_flat() { "" } else { " at the peak" };
        let problem = format!(
            "{rate} asks a second{peak} for answers of {length_s:.2} s are {at_once:.0} at once, and each of {fewest} \
             clients asks for one at a time"
        );
        section.fault("rate", faults, problem);
        faults.hint(Some(format!("at least {at_once:.0} clients, or a lower rate")));
    }
}

/// How long the answer goes on that ends last, after the measure phase in which it was asked for: none is asked for later.
/// From the schedule itself, so that it is as long as it will be where every client is free when it is to ask.
pub(super) fn longest_after_measure(events: &Events, seed: u64, phases: &Phases) -> Duration {
    let Some(answers) = events.answers() else { return Duration::ZERO };
    let drain_ns = (phases.warmup + phases.measure).as_nanos() as u64;
    let dues = asks(events.clone(), seed).take_while(|due_ns| *due_ns < drain_ns);
    let length_ns = |k| answer(answers, events.size, seed, k).length_ns();
    let ends = (0..).zip(dues).map(|(k, due_ns)| due_ns.saturating_add(length_ns(k)));
    Duration::from_nanos(ends.max().unwrap_or(0).saturating_sub(drain_ns))
}

/// The same of a search: no probe has another answer than these, and the longest may be asked for last.
pub(super) fn longest_of_probes(
    events: &Events,
    seed: u64,
    phases: &Phases,
    (capacity, thresholds): (&Capacity, &[Threshold]),
) -> Duration {
    let asks = capacity.most_asks(events, phases, thresholds);
    events.answers().map_or(Duration::ZERO, |answers| longest_of(answers, events.size, seed, asks))
}
