//! The keys of each table with their defaults, as the file has them. The JSON Schema is derived from these types.
//!
//! A key without a default is an `Option` here; that it must be there is checked where it is used.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shape::Stages;
use crate::choice::{ClientCounts, SizeChoice, TopicCount};
use crate::coalesce::Coalesce;
use crate::inject::Inject;
use crate::plan::{Arrival, Network};
use crate::quantity::{Rate, Share};

/// The keys before the first table.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Top {
    /// Lowercase letters, digits and hyphens, not `compare`: names the folder of the results.
    #[schemars(
        required,
        regex(pattern = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"),
        extend("not" = { "const": "compare" })
    )]
    pub(crate) name: Option<String>,
    /// A line for people, without control characters. Default: the name.
    #[schemars(with = "String", regex(pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub(crate) title: Option<String>,
    /// Seed of every random choice of the run.
    pub(crate) seed: u64,
    /// What clients and targets are connected by.
    pub(crate) network: Network,
}

impl Default for Top {
    fn default() -> Self {
        Self { name: None, title: None, seed: 1, network: Network::Loopback }
    }
}

/// Who connects, and how fast.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Clients {
    /// Number of clients, or a rising list of numbers: one step each.
    #[schemars(required)]
    pub(crate) count: Option<ClientCounts>,
    /// Arrivals of clients; they do not wait for each other.
    pub(crate) connect_rate: Rate,
    /// Share of the clients that may fail to connect without making the run invalid.
    pub(crate) may_fail: Share,
    /// How many of them are there in the course of the measure phase, one stage after the other.
    pub(crate) shape: Stages,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            count: None,
            connect_rate: literal("500/s"),
            may_fail: literal("0%"),
            shape: Stages::default(),
        }
    }
}

/// Who gets an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pattern {
    /// Every client gets every event.
    Broadcast,
    /// Clients are dealt out to topics; an event reaches the clients of one topic.
    Topics,
}

/// What is published.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Events {
    /// Who gets an event.
    #[schemars(required)]
    pub(crate) pattern: Option<Pattern>,
    /// With pattern topics: how many, or "clients" for one topic each.
    #[schemars(with = "TopicCount")]
    pub(crate) topics: Option<TopicCount>,
    /// Published events over all topics; "0/s" for none.
    #[schemars(required)]
    pub(crate) rate: Option<Rate>,
    /// When events are due: evenly, or at random (seeded).
    pub(crate) arrival: Arrival,
    /// Size of an event: always the same, uniform between two sizes, or log-normal.
    pub(crate) size: SizeChoice,
    /// How the rate changes in the course of the measure phase, one stage after the other.
    pub(crate) shape: Stages,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            pattern: None,
            topics: None,
            rate: None,
            arrival: Arrival::Constant,
            size: SizeChoice::Fixed(pushbench_transport::Size::from_bytes(256)),
            shape: Stages::default(),
        }
    }
}

/// Lengths of the phases of each step.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Phases {
    /// Events flow, nothing is counted.
    pub(crate) warmup: Period,
    // Must be given: the default below is an example only.
    /// What is counted.
    #[schemars(required)]
    pub(crate) measure: Period,
    /// Time for what is under way.
    pub(crate) drain: Period,
}

impl Default for Phases {
    fn default() -> Self {
        Self { warmup: Period::from_secs(5), measure: Period::from_secs(30), drain: Period::from_secs(5) }
    }
}

/// The built-in target.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Target {
    /// Number of target processes. Default: as many as the limit of open files demands.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub(crate) processes: Option<u32>,
    /// Events kept per topic, for clients that come back.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) ring: u32,
    /// Whether events that follow each other closely are written together: never, what one turn of the event loop has, or
    /// what comes within a time from 1ms to 1s.
    pub(crate) coalesce: Coalesce,
    // As text, so that each fault in it is told apart.
    /// Faults that the target makes, for a rehearsal. Default: none.
    #[schemars(with = "Inject")]
    pub(crate) inject: Option<String>,
}

impl Default for Target {
    fn default() -> Self {
        Self { processes: None, ring: 1024, coalesce: Coalesce::Off, inject: None }
    }
}

/// The load generator.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Workers {
    /// Number of worker processes. Default: as many as the limits of open files and ports demand.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub(crate) processes: Option<u32>,
}

/// A default that is written as in a file.
pub(super) fn literal<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    #[expect(clippy::expect_used, reason = "a literal of this file, and every test reads it")]
    text.parse().expect("a default is well formed")
}
