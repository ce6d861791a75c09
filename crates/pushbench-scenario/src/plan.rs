//! The plan: a scenario that cannot be wrong any more.
//!
//! A `Plan` is made by parsing only; whoever holds one need not check it again. It travels to the processes of a
//! run as JSON.

use pushbench_measure::results::{Summary, ThresholdResult};
use pushbench_transport::{Period, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::answers::Answers;
use crate::coalesce::Coalesce;
use crate::inject::Inject;
use crate::life::Life;
use crate::shape::Shape;
use crate::slow::{Slow, SlowPolicy};

/// A validated scenario with the overrides of the command line applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Lowercase words with hyphens: also the folder of the results.
    pub name: String,
    /// A line for people.
    pub title: String,
    /// The file it came from, as typed.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// SHA-256 of the text, hex.
    pub sha256: String,
    /// Options of the command line that changed it, such as `--clients 100`.
    pub overrides: Vec<String>,
    /// Seed of every random choice.
    pub seed: u64,
    /// What clients and targets are connected by.
    pub network: Network,
    /// How often everything is measured, each time by fresh processes and from the same seed.
    pub rounds: u32,
    /// Numbers of clients: one step each, in rising order of the file.
    pub steps: Vec<u32>,
    /// Arrivals of clients per second.
    pub connect_rate: f64,
    /// Share of clients that may fail to connect without making the run invalid, 0 to 1.
    pub may_fail: f64,
    /// Which part of the clients is to be there, over time.
    pub presence: Shape,
    /// What is published.
    pub events: Events,
    /// What happens to connections.
    pub life: Life,
    /// Clients that read slowly.
    pub slow: Option<Slow>,
    /// Lengths of the phases.
    pub phases: Phases,
    /// What is compared, in the order of the file.
    pub transports: Vec<TransportPlan>,
    /// Conditions on the results.
    pub thresholds: Vec<Threshold>,
    /// Target processes; `None`: as many as the limit of open files demands.
    pub target_processes: Option<u32>,
    /// Events that the target keeps per topic.
    pub ring_events: u32,
    /// Whether the target gathers events before it writes them.
    pub coalesce: Coalesce,
    /// What the target does with a subscriber that does not keep up.
    pub slow_policy: SlowPolicy,
    /// Faults that the target makes.
    pub inject: Option<Inject>,
    /// Worker processes; `None`: as many as the limit of open files demands.
    pub worker_processes: Option<u32>,
    /// Which variant of the scenario it is.
    pub point: Point,
}

/// One variant of a scenario that varies keys. A scenario that varies none has one point without a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Its name in results: unique in the run, empty where nothing varies.
    pub name: String,
    /// Keys that vary, such as `events.rate`, with their values as the file words them.
    pub values: Vec<(String, String)>,
}

/// What clients and targets are connected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The loopback device. Its segments are unlike a network's: up to 64 KiB.
    Loopback,
    /// A virtual Ethernet cable between two network namespaces, made and removed by the run. Only root can have it.
    Veth,
}

impl Network {
    /// The value of `network` in a scenario file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Veth => "veth",
        }
    }

    /// Largest IP packet, in bytes: of loopback the kernel's default, of veth what the run sets, that of Ethernet.
    #[must_use]
    pub fn mtu(self) -> u32 {
        match self {
            Self::Loopback => 65_536,
            Self::Veth => 1500,
        }
    }
}

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

    /// How many are due from the begin of the warm-up until so long after it.
    #[must_use]
    pub fn number_until(&self, offset: Duration) -> f64 {
        self.rate * self.shape.area_until(Period::from_duration(offset).as_ns()) / 1e9
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

/// Payload that a target keeps per topic for clients that come back, in bytes at most, however many events that is.
pub const RING_BYTES: u64 = 16 << 20;

impl std::fmt::Display for EventSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(bytes) => write!(f, "{bytes} B"),
            Self::Uniform { min, max } => write!(f, "{min} to {max} B"),
            Self::LogNormal { p50, p99 } => write!(f, "{p50} B, 1 % above {p99} B"),
        }
    }
}

/// `[phases]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Events flow, nothing is counted.
    pub warmup: Duration,
    /// What is counted.
    pub measure: Duration,
    /// Time for what is under way.
    pub drain: Duration,
}

impl Phases {
    /// All three together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.warmup + self.measure + self.drain
    }
}

/// One `[[transports]]` entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransportPlan {
    /// Unique in the plan; a folder's name.
    pub label: String,
    /// The transport and its keys.
    pub settings: Settings,
}

/// A condition on a figure of the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// The label it is about.
    pub label: String,
    /// The name of the figure as the file has it, such as `latency_p99`.
    pub figure: String,
    /// The column of the summary, such as `latency_p99_us`.
    pub column: String,
    /// How to compare.
    pub comparison: Comparison,
    /// What to compare with, in the unit of the column.
    pub bound: f64,
    /// The condition as the file has it, such as `< 250ms`.
    pub condition: String,
}

/// How a figure is compared with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `==`
    #[serde(rename = "==")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    Differs,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
    /// `>`
    #[serde(rename = ">")]
    More,
}

impl Comparison {
    /// Whether `value` stands in this relation to `bound`.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "equality is asked for by the scenario, of counts")]
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::Equal => value == bound,
            Self::Differs => value != bound,
            Self::AtLeast => value >= bound,
            Self::More => value > bound,
        }
    }
}

impl Threshold {
    /// Compares the measured figure; one that was not measured is missed.
    #[must_use]
    pub fn judge(&self, summary: &Summary) -> ThresholdResult {
        let measured = summary.figure(&self.column);
        ThresholdResult {
            figure: self.figure.clone(),
            condition: self.condition.clone(),
            measured,
            met: measured.is_some_and(|value| self.comparison.holds(value, self.bound)),
        }
    }
}

impl Plan {
    /// How many of so many clients may fail to connect without making the run invalid.
    #[must_use]
    pub fn may_fail_clients(&self, clients: u32) -> u64 {
        // The tolerance keeps 29 % of 100 at 29 in spite of binary fractions.
        (self.may_fail * f64::from(clients) + 1e-6) as u64
    }

    /// Number of topics at a step of that many clients.
    #[must_use]
    pub fn topics(&self, clients: u32) -> u32 {
        match self.events.topics {
            Topics::Broadcast => 1,
            Topics::Count(count) => count,
            Topics::PerClient => clients,
            Topics::Rooms { members } => (clients / members.max(1)).max(1),
        }
    }

    /// How many clients of so many are there when the ramp is over: those of the lowest numbers.
    #[must_use]
    pub fn clients_at_begin(&self, clients: u32) -> u32 {
        self.presence.present_at(0, clients)
    }

    /// What happens at a step of that many clients: the same, with the rate of all of them together.
    #[must_use]
    pub fn events_of(&self, clients: u32) -> Events {
        let factor = if self.events.source == Source::Members { f64::from(clients) } else { 1.0 };
        Events { rate: self.events.rate * factor, ..self.events.clone() }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_judged_by_the_column_and_an_unknown_figure_misses_it() {
        let threshold = Threshold {
            label: "sse".to_owned(),
            figure: "latency_p99".to_owned(),
            column: "latency_p99_us".to_owned(),
            comparison: Comparison::Less,
            bound: 5_000.0,
            condition: "< 5ms".to_owned(),
        };
        for (measured, met) in [(Some(4_999), true), (Some(5_000), false), (None, false)] {
            let result = threshold.judge(&Summary { latency_p99_us: measured, ..Summary::default() });
            assert_eq!((result.met, result.measured), (met, measured.map(|us| us as f64)));
        }
    }
}
