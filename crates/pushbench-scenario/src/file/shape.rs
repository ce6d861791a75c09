//! `shape` of `[clients]` and `[events]`: a list of stages, each read by itself, so that each fault is one of its entry.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;
use toml::de::DeValue;

use super::HIGHEST_RATE;
use super::keys::literal;
use crate::plan::{Events, Phases};
use crate::quantity::Percent;
use crate::section::{FaultList, Section, article};
use crate::shape::{Shape, Stage};

/// Most stages of a shape.
const MOST_STAGES: usize = 100;
const SHORTEST: Period = Period::from_millis(1);
const VERBS: [&str; 4] = ["step", "ramp", "hold", "spike"];

/// What a shape is a factor of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Clients: there are no more than all.
    Clients,
    /// A rate.
    Rate,
}

impl Of {
    /// The largest factor.
    fn largest(self) -> f64 {
        match self {
            Self::Clients => 1.0,
            Self::Rate => 100.0,
        }
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Clients => "0% to 100%",
            Self::Rate => "0% to 10000%",
        }
    }
}

/// The value of `shape` as a type of the file's keys. Its entries are read by [`read`].
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Stages([(); 0]);

impl<'de> Deserialize<'de> for Stages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

impl JsonSchema for Stages {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Shape".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let percent = generator.subschema_for::<Percent>();
        let period = generator.subschema_for::<Period>();
        let stage = |keys: &[(&str, &schemars::Schema)]| {
            let names: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
            let keys: serde_json::Map<_, _> =
                keys.iter().map(|(name, schema)| ((*name).to_owned(), schema.as_value().clone())).collect();
            serde_json::json!({
                "type": "object",
                "properties": keys,
                "required": names,
                "additionalProperties": false
            })
        };
        schemars::json_schema!({
            "type": "array",
            "maxItems": MOST_STAGES,
            "items": { "oneOf": [
                stage(&[("step", &percent)]),
                stage(&[("ramp", &period), ("to", &percent)]),
                stage(&[("hold", &period)]),
                stage(&[("spike", &percent), ("for", &period)]),
            ] }
        })
    }
}

/// The keys of one stage. All must be given or absent by the stage: the defaults are examples only.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
struct StageKeys {
    step: Percent,
    ramp: Period,
    to: Percent,
    hold: Period,
    spike: Percent,
    #[serde(rename = "for")]
    lasts: Period,
}

impl Default for StageKeys {
    fn default() -> Self {
        Self {
            step: literal("50%"),
            ramp: literal("10s"),
            to: literal("100%"),
            hold: literal("5s"),
            spike: literal("500%"),
            lasts: literal("2s"),
        }
    }
}

/// The section's shape, from the measure phase on; flat if it has none, or one with faults.
pub(super) fn read(section: &Section, of: Of, phases: &Phases, faults: &mut FaultList) -> Shape {
    let Some(value) = section.value("shape") else { return Shape::FLAT };
    let DeValue::Array(entries) = value.get_ref() else {
        let found = article(value.get_ref());
        section.fault("shape", faults, format!("found {found}, expected a list of stages"));
        faults.hint(Some("write shape = [{ ramp = \"10s\", to = \"50%\" }, { hold = \"5s\" }]".to_owned()));
        return Shape::FLAT;
    };
    let count = entries.len();
    if count > MOST_STAGES {
        section.fault("shape", faults, format!("{count} stages, at most {MOST_STAGES} are allowed"));
        return Shape::FLAT;
    }
    let stage = |(at, entry): (usize, &Spanned<DeValue<'_>>)| {
        let path = format!("{}[{at}]", section.key_path("shape"));
        let line = faults.line_at(entry.span().start);
        let Some(table) = entry.get_ref().as_table() else {
            faults.push(Some(line), &path, format!("found {}, expected a stage", article(entry.get_ref())));
            faults.hint(Some("write { hold = \"5s\" }".to_owned()));
            return None;
        };
        one(&Section::new(path, line, Some(table)), of, faults)
    };
    let stages: Option<Vec<Stage>> =
        entries.iter().enumerate().map(stage).collect::<Vec<_>>().into_iter().collect();
    let Some(stages) = stages else { return Shape::FLAT };
    let takes = stages.iter().fold(0_u64, |sum, stage| sum.saturating_add(stage.length_ns()));
    let measure = Period::from_duration(phases.measure);
    let takes = Period::from_duration(std::time::Duration::from_nanos(takes));
    if takes > measure && !faults.has("phases.measure") && !faults.has("--duration") {
        section.fault("shape", faults, format!("takes {takes}, longer than the measure phase of {measure}"));
    }
    Shape::of_stages(&stages, Period::from_duration(phases.warmup).as_ns())
}

/// A peak has the same limit as a rate without one.
pub(super) fn check_peak(section: &Section, events: Option<&Events>, faults: &mut FaultList) {
    let Some(events) = events.filter(|events| events.rate <= HIGHEST_RATE) else { return };
    let highest = events.rate * events.shape.peak();
    let allowed = format!("{highest:.0}/s at its peak, at most 1000000/s");
    section.check("shape", highest <= HIGHEST_RATE, faults, &allowed);
}

/// One stage; `None` if nobody knows which.
fn one(entry: &Section, of: Of, faults: &mut FaultList) -> Option<Stage> {
    let keys = entry.read(StageKeys::default(), None, &[], faults);
    let verbs: Vec<&str> = VERBS.into_iter().filter(|verb| entry.value(verb).is_some()).collect();
    let [verb] = verbs[..] else {
        let found = if verbs.is_empty() { "none".to_owned() } else { verbs.join(" and ") };
        let problem = format!("one of {} is expected, found {found}", VERBS.join(", "));
        faults.push(Some(entry.line), &entry.path, problem);
        return None;
    };
    for (key, owner, example) in
        [("to", "ramp", "a share such as \"50%\""), ("for", "spike", "a duration such as \"2s\"")]
    {
        if verb == owner {
            entry.require(key, faults, example);
        } else if entry.value(key).is_some() {
            entry.fault(key, faults, format!("only allowed with {owner}"));
        }
    }
    for (key, percent) in [("step", &keys.step), ("to", &keys.to), ("spike", &keys.spike)] {
        let sensible = entry.value(key).is_none() || percent.factor() <= of.largest();
        entry.check(key, sensible, faults, of.allowed());
    }
    for (key, period) in [("ramp", keys.ramp), ("hold", keys.hold), ("for", keys.lasts)] {
        entry.check(key, period >= SHORTEST, faults, "at least 1ms");
    }
    Some(match verb {
        "step" => Stage::Step { to: keys.step.factor() },
        "ramp" => Stage::Ramp { length_ns: keys.ramp.as_ns(), to: keys.to.factor() },
        "hold" => Stage::Hold { length_ns: keys.hold.as_ns() },
        _ => Stage::Spike { to: keys.spike.factor(), length_ns: keys.lasts.as_ns() },
    })
}
