//! The plan: a scenario that cannot be wrong any more.
//!
//! A `Plan` is made by parsing only; whoever holds one need not check it again. It travels to the processes of a
//! run as JSON.

use pushbench_measure::results::{Summary, ThresholdResult};
use pushbench_transport::Settings;
use pushbench_transport::settings::TransportSettings as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::capacity::Capacity;
use crate::coalesce::Coalesce;
pub use crate::events::{
    Arrival, EventSize, Events, Source, Topics, rooms, topic_index, topic_name, topic_name_bytes,
    topic_of_client,
};
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
    /// Number of labels of all points of the scenario: the files of each are open for as long as a run lasts.
    pub labels: u32,
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
    /// Payload that a subscriber may be behind, bytes.
    pub backlog_bytes: u64,
    /// Send buffer that the target's sockets ask for, bytes; `None` leaves it to the kernel.
    pub send_buffer_bytes: Option<u32>,
    /// Faults that the target makes.
    pub inject: Option<Inject>,
    /// Worker processes; `None`: as many as the limit of open files demands.
    pub worker_processes: Option<u32>,
    /// Which variant of the scenario it is.
    pub point: Point,
    /// What is searched for instead of measured once.
    pub capacity: Option<Capacity>,
    /// Connections that the targets take at once, all together; `None`: as many as their open files allow.
    pub target_connections: Option<u64>,
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

/// Payload that a target keeps per topic for clients that come back, in bytes at most, however many events that is.
pub const RING_BYTES: u64 = 16 << 20;

/// Payload that a subscriber may be behind unless a scenario says otherwise, in bytes.
pub const BACKLOG_BYTES: u64 = 1 << 20;

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

    /// Connections that a client of the transport holds: a second one where it sends messages by requests beside the
    /// connection that it receives on.
    #[must_use]
    pub fn connections_per_client(&self, transport: &TransportPlan) -> u32 {
        let posts = self.events.source == Source::Members && !transport.settings.carries_messages();
        1 + u32::from(posts)
    }

    /// From the first client of a step to its end.
    #[must_use]
    pub fn whole_step(&self, clients: u32) -> Duration {
        let ramp =
            Duration::try_from_secs_f64(f64::from(clients) / self.connect_rate).unwrap_or(Duration::MAX);
        ramp.saturating_add(self.phases.total())
    }

    /// Number of topics at a step of that many clients.
    #[must_use]
    pub fn topics(&self, clients: u32) -> u32 {
        self.events.topics.number(clients)
    }

    /// How many clients of so many are there when the ramp is over: those of the lowest numbers.
    #[must_use]
    pub fn clients_at_begin(&self, clients: u32) -> u32 {
        self.presence.present_at(0, clients)
    }

    /// What happens at a step of that many clients: the same, with the rate of all of them together.
    #[must_use]
    pub fn events_of(&self, clients: u32) -> Events {
        self.events.of_clients(clients)
    }
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
