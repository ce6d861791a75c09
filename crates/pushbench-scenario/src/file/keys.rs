//! The keys of each table with their defaults, as the file has them. The JSON Schema is derived from these types.
//!
//! A key without a default is an `Option` here; that it must be there is checked where it is used.

use pushbench_transport::{Period, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answers::PartsChoice;
use super::shape::Stages;
use crate::choice::{ClientCounts, SizeChoice, TopicCount};
use crate::coalesce::Coalesce;
use crate::inject::Inject;
use crate::law_choice::ReplayChoice;
use crate::plan::{Arrival, BACKLOG_BYTES, Network};
use crate::quantity::{Rate, Share};
use crate::slow::SlowPolicy;

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
    /// Clients ask, each for one answer at a time; an answer comes in parts.
    Stream,
    /// Clients are dealt out to rooms; what one of them sends reaches everyone in its room, the sender too.
    Chat,
}

impl Pattern {
    /// As files have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Topics => "topics",
            Self::Stream => "stream",
            Self::Chat => "chat",
        }
    }
}

/// The keys of `[events]` that one pattern has and no other.
pub(crate) struct PatternKeys {
    pub(crate) pattern: Pattern,
    pub(crate) required: &'static [&'static str],
    allowed: &'static [&'static str],
}

impl PatternKeys {
    pub(crate) const ALL: [Self; 3] = [
        Self { pattern: Pattern::Topics, required: &["topics"], allowed: &[] },
        Self { pattern: Pattern::Stream, required: &["parts", "gap"], allowed: &["first", "stall"] },
        Self { pattern: Pattern::Chat, required: &["members"], allowed: &[] },
    ];

    pub(crate) fn all(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.allowed).copied()
    }
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
    /// With pattern chat: clients of a room. Who is left when all rooms are full is dealt out to them.
    #[schemars(with = "u32", range(min = 2, max = 10_000_000))]
    pub(crate) members: Option<u32>,
    /// Published events over all topics, with pattern stream asks over all clients, with pattern chat the messages of each
    /// client; "0/s" for none.
    #[schemars(required)]
    pub(crate) rate: Option<Rate>,
    /// When events are due: evenly, or at random (seeded).
    pub(crate) arrival: Arrival,
    /// Size of an event: always the same, uniform between two sizes, or log-normal.
    pub(crate) size: SizeChoice,
    /// How the rate changes in the course of the measure phase, one stage after the other.
    pub(crate) shape: Stages,
    /// With pattern stream: parts of an answer, always as many or uniform between two numbers.
    #[schemars(with = "PartsChoice")]
    pub(crate) parts: Option<PartsChoice>,
    /// With pattern stream: from an ask to the first part. Default: 0s.
    #[schemars(with = "ReplayChoice")]
    pub(crate) first: Option<ReplayChoice>,
    /// With pattern stream: from one part to the next.
    #[schemars(with = "ReplayChoice")]
    pub(crate) gap: Option<ReplayChoice>,
    /// With pattern stream: a longer time between the receptions of two parts is a stall. Default: 1s.
    #[schemars(with = "Period")]
    pub(crate) stall: Option<Period>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            pattern: None,
            topics: None,
            members: None,
            rate: None,
            arrival: Arrival::Constant,
            size: SizeChoice::Fixed(Size::from_bytes(256)),
            shape: Stages::default(),
            parts: None,
            first: None,
            gap: None,
            stall: None,
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
    /// What becomes of a subscriber that does not keep up: it is cut off, or skips what the ring no longer holds.
    pub(crate) slow: SlowPolicy,
    /// Payload that a subscriber may be behind, from 1KiB to 1024MiB; then `slow` says what becomes of it.
    pub(crate) backlog: Size,
    /// Send buffer that the target's sockets ask for, from 4KiB to 4MiB. Default: the kernel's own, which grows.
    #[schemars(with = "Size")]
    pub(crate) send_buffer: Option<Size>,
    /// Connections that the target takes at once, all its processes together; further ones are refused with 503. Default: as
    /// many as the limit of open files allows.
    #[schemars(with = "u64", range(min = 1))]
    pub(crate) connections: Option<u64>,
    // As text, so that each fault in it is told apart.
    /// Faults that the target makes, for a rehearsal. Default: none.
    #[schemars(with = "Inject")]
    pub(crate) inject: Option<String>,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            processes: None,
            ring: 1024,
            coalesce: Coalesce::Off,
            slow: SlowPolicy::Disconnect,
            backlog: Size::from_bytes(BACKLOG_BYTES),
            send_buffer: None,
            connections: None,
            inject: None,
        }
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
