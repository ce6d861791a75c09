//! `[events]` of a plan: what is published, by whom, for whom.
//!
//! When each event is due follows from it in `schedule`, and what an answer is made of in `answers`; both are not known here.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::answers::Answers;
use crate::shape::Shape;

/// `[events]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Events {
    /// Who gets what.
    pub topics: Topics,
    /// Who makes them.
    pub source: Source,
    /// Per second: of [`Source::Publisher`] events over all topics, of [`Source::Answers`] asks over all clients, of
    /// [`Source::Members`] messages of each client; 0 for none.
    pub rate: f64,
    /// Factor of the rate over time.
    pub shape: Shape,
    /// When they are due.
    pub arrival: Arrival,
    /// Size of the payload.
    pub size: EventSize,
}

/// Who makes events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The target's publisher, on its schedule.
    Publisher,
    /// `pattern = "stream"`: clients ask, and the target answers in parts. Every client has a topic of its own.
    Answers(Answers),
    /// `pattern = "chat"`: clients send messages to their room.
    Members,
}

impl Events {
    /// Events per second at a step of that many clients, all of them together.
    #[must_use]
    pub fn rate_of(&self, clients: u32) -> f64 {
        if self.source == Source::Members { self.rate * f64::from(clients) } else { self.rate }
    }

    /// The same with the rate of that many clients together.
    #[must_use]
    pub fn of_clients(&self, clients: u32) -> Self {
        Self { rate: self.rate_of(clients), ..self.clone() }
    }

    /// The value of `pattern` in a scenario file.
    #[must_use]
    pub fn pattern(&self) -> &'static str {
        match (&self.source, self.topics) {
            (Source::Publisher, Topics::Broadcast) => "broadcast",
            (Source::Publisher, _) => "topics",
            (Source::Answers(_), _) => "stream",
            (Source::Members, _) => "chat",
        }
    }

    /// How many are due from the begin of the warm-up until so long after it; of answers their parts, in the mean.
    #[must_use]
    pub fn number_until(&self, offset: Duration) -> f64 {
        self.per_second() * self.shape.area_until(Period::from_duration(offset).as_ns()) / 1e9
    }

    /// Published events per second where the shape is 1, all told: of answers their parts, in the mean.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.rate * self.answers().map_or(1.0, |answers| answers.parts.mean())
    }

    /// What is asked for, where clients ask.
    #[must_use]
    pub fn answers(&self) -> Option<&Answers> {
        match &self.source {
            Source::Answers(answers) => Some(answers),
            Source::Publisher | Source::Members => None,
        }
    }
}

/// Who gets an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topics {
    /// `pattern = "broadcast"`: one topic, every client.
    Broadcast,
    /// `pattern = "topics"` with a number: clients are dealt out to the topics in turn.
    Count(u32),
    /// `pattern = "topics"` with `topics = "clients"`, and `pattern = "stream"`: one client each.
    PerClient,
    /// `pattern = "chat"`: as many rooms as are full with so many clients each; who is left is dealt out to them in turn.
    Rooms {
        /// Clients of a room, at least.
        members: u32,
    },
}

impl Topics {
    /// How many there are with that many clients.
    #[must_use]
    pub fn number(self, clients: u32) -> u32 {
        match self {
            Self::Broadcast => 1,
            Self::Count(count) => count,
            Self::PerClient => clients,
            Self::Rooms { members } => rooms(clients, members),
        }
    }
}

/// When events are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// Event k at k/rate.
    Constant,
    /// A Poisson process of that rate.
    Poisson,
}

/// Size of an event's payload in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventSize {
    /// Always the same.
    Fixed(u32),
    /// Uniform over both ends.
    Uniform {
        /// Smallest.
        min: u32,
        /// Largest.
        max: u32,
    },
    /// Log-normal, cut off at the smallest envelope and at [`EventSize::LARGEST`].
    LogNormal {
        /// Median.
        p50: u32,
        /// 99th percentile.
        p99: u32,
    },
}

impl EventSize {
    /// Largest payload of an event, in bytes: what a target accepts by default.
    pub const LARGEST: u32 = 1 << 20;
}

impl std::fmt::Display for EventSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(bytes) => write!(f, "{bytes} B"),
            Self::Uniform { min, max } => write!(f, "{min} to {max} B"),
            Self::LogNormal { p50, p99 } => write!(f, "{p50} B, 1 % above {p99} B"),
        }
    }
}

/// How many rooms so many clients fill with at least so many members each.
#[must_use]
pub fn rooms(clients: u32, members: u32) -> u32 {
    (clients / members.max(1)).max(1)
}

/// The name of topic `index`.
#[must_use]
pub fn topic_name(topics: Topics, index: u32) -> String {
    match topics {
        Topics::Broadcast => "all".to_owned(),
        Topics::Count(_) | Topics::PerClient | Topics::Rooms { .. } => format!("t{index}"),
    }
}

/// Length in bytes of [`topic_name`], which is not made for it.
#[must_use]
pub fn topic_name_bytes(topics: Topics, index: u32) -> u64 {
    match topics {
        Topics::Broadcast => "all".len() as u64,
        Topics::Count(_) | Topics::PerClient | Topics::Rooms { .. } => {
            2 + u64::from(index.checked_ilog10().unwrap_or_default())
        }
    }
}

/// The index of the topic of that name, if it is one of the `count` topics of a step.
#[must_use]
pub fn topic_index(topics: Topics, count: u32, name: &str) -> Option<u32> {
    let index = match topics {
        Topics::Broadcast => (name == "all").then_some(0),
        Topics::Count(_) | Topics::PerClient | Topics::Rooms { .. } => {
            name.strip_prefix('t').and_then(|digits| digits.parse().ok())
        }
    }?;
    // A number may be written in several ways, a topic's name in one.
    (index < count.max(1) && topic_name(topics, index) == name).then_some(index)
}

/// The topic of client `client`, both from 0.
#[must_use]
pub fn topic_of_client(client: u32, topics: u32) -> u32 {
    client % topics.max(1)
}
