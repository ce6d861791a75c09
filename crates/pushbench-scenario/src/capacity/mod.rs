//! `[capacity]`: how much of something a transport with its target bears, found by trying.
//!
//! What is tried when, how long each try must last for its thresholds, and how many tries there may be. Nothing is
//! measured or judged here.

mod samples;
mod search;

use pushbench_measure::results::Vary;
use pushbench_measure::rollup::MEMORY_CLIENTS;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use self::samples::Load;
pub use self::search::{Answer, Next, Outcome, Search, Taken};
use crate::file::{HIGHEST_RATE, MOST_EVENTS};
use crate::plan::{Comparison, Events, Phases, Plan, Point, Source, Threshold};

/// Steps of one client, or of so much of an event per second.
const UNITS_PER_EVENT: f64 = 1_000.0;

/// A search that a scenario asks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// What is varied.
    pub vary: Vary,
    /// The first probe: clients, or events per second as [`Events::rate`](crate::Events::rate) counts them.
    pub from: f64,
    /// The highest value that may be tried; `None`: as many clients as the machine has room for.
    pub to: Option<f64>,
    /// How far apart the highest value that passes and the lowest that fails may be, as a share of the former.
    pub precision: f64,
    /// Most probes of one transport, those that are made again included.
    pub probes: u32,
    /// The longest measure phase of a probe, unless the scenario's is longer.
    pub longest: Duration,
}

/// One probe: a plan of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The scenario with the value tried, and a measure phase as long as the thresholds need.
    pub plan: Plan,
    /// Its number of clients, of which the plan's steps are the first and the last of a search for them.
    pub clients: u32,
    /// Whether they need a longer one than a probe may have.
    pub capped: bool,
}

impl Capacity {
    /// The search, not begun.
    #[must_use]
    pub fn search(&self) -> Search {
        let [from, to] = [self.from, self.to.unwrap_or(self.from)].map(|value| self.units(value));
        Search::new(from, to, self.precision, self.probes)
    }

    /// The first probe, as the search counts.
    pub(crate) fn search_from(&self) -> u64 {
        self.units(self.from)
    }

    /// A value that the search counts in whole units.
    #[must_use]
    pub fn value(&self, units: u64) -> f64 {
        match self.vary {
            Vary::Clients => units as f64,
            Vary::Rate => units as f64 / UNITS_PER_EVENT,
        }
    }

    fn units(&self, value: f64) -> u64 {
        match self.vary {
            Vary::Clients => value as u64,
            Vary::Rate => (value * UNITS_PER_EVENT).round() as u64,
        }
    }

    /// A value as people write it: `800 clients`, `12.5/s`.
    #[must_use]
    pub fn in_words(&self, value: f64) -> String {
        match self.vary {
            Vary::Clients => format!("{value:.0} clients"),
            Vary::Rate => format!("{value}/s"),
        }
    }

    /// The plan of a probe of the transport with that label.
    #[must_use]
    pub fn probe(&self, plan: &Plan, label: &str, units: u64) -> Probe {
        let mut plan = plan.clone();
        let clients = match self.vary {
            Vary::Clients => u32::try_from(units).unwrap_or(u32::MAX),
            Vary::Rate => {
                plan.events.rate = self.value(units);
                let name = self.in_words(self.value(units));
                plan.point = Point { values: vec![("events.rate".to_owned(), name.clone())], name };
                plan.steps.first().copied().unwrap_or(1)
            }
        };
        let of_label = plan.thresholds.iter().filter(|threshold| threshold.label == label);
        let events = plan.events_of(clients);
        let slow = plan.slow.map_or(0, |slow| slow.count(clients));
        let load = Load { events: &events, phases: &plan.phases, clients, slow };
        let (measure, capped) = load.measure(of_label, self.longest);
        plan.phases.measure = measure;
        Probe { plan, clients, capped }
    }

    /// More asks than are due in any probe: those of the highest rate in the longest measure phase.
    pub(crate) fn most_asks(&self, events: &Events, phases: &Phases, thresholds: &[Threshold]) -> u64 {
        let (first, last) = match self.vary {
            Vary::Clients => (events.rate, events.rate),
            Vary::Rate => (self.from, self.to.unwrap_or(self.from)),
        };
        // A lower rate is measured for longer.
        let load = Load { events: &Events { rate: first, ..events.clone() }, phases, clients: 1, slow: 0 };
        let (measure, _) = load.measure(thresholds.iter(), self.longest);
        let time_ns = (phases.warmup + measure).as_nanos() as u64;
        let mean = last * events.shape.area_until(time_ns) / 1e9;
        let parts = events.answers().map_or(1.0, |answers| answers.parts.mean());
        // There are hardly ever six standard deviations more than that at random, and no step may have more events than these.
        (mean + 6.0 * mean.sqrt()).min(f64::from(MOST_EVENTS) / parts).ceil() as u64
    }
}

/// The highest rate that a search for a rate may try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HighestRate {
    /// Per second, as [`Events::rate`] counts it.
    pub(crate) rate: f64,
    /// What forbids a higher one.
    pub(crate) bound: Bound,
}

/// What forbids a higher rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// A schedule has no more events.
    Events,
    /// No rate is higher at its peak.
    Peak,
    /// So many clients ask for an answer each, and for the next when they have it.
    Clients(u32),
}

impl HighestRate {
    /// That of so many clients.
    pub(crate) fn of(events: &Events, clients: u32, phases: &Phases) -> Self {
        let of_one = Events { rate: 1.0, ..events.clone() }.of_clients(clients);
        let number = of_one.number_until(phases.warmup + phases.measure);
        let peak = events.shape.peak();
        let by_clients = events.answers().map(|answers| {
            let at_once = answers.mean_length_ns() / 1e9 * peak;
            (f64::from(clients) / at_once, Bound::Clients(clients))
        });
        let bounds = [(f64::from(MOST_EVENTS) / number, Bound::Events), (HIGHEST_RATE / peak, Bound::Peak)];
        let highest = (HIGHEST_RATE, Bound::Peak);
        let (rate, bound) = bounds
            .into_iter()
            .chain(by_clients)
            .fold(highest, |least, other| if other.0 < least.0 { other } else { least });
        // Digits that a person would write, and no more than a search counts.
        let unit = if rate < 1_000.0 { UNITS_PER_EVENT } else { 1.0 };
        Self { rate: (rate * unit).floor() / unit, bound }
    }
}

impl fmt::Display for HighestRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {}/s, {}", self.rate, self.bound)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events => write!(f, "with which {MOST_EVENTS} events are due in all"),
            Self::Peak => write!(f, "which is {HIGHEST_RATE}/s at its peak"),
            Self::Clients(clients) => write!(f, "with which {clients} clients are answered all the time"),
        }
    }
}

/// Columns that follow from the scenario, whatever the load does to a transport.
const FIXED: [&str; 8] = [
    "clients",
    "expected",
    "expected_of_all",
    "publishes",
    "slow_clients",
    "answers",
    "left",
    "payload_bytes_per_event",
];

/// Columns that get less with more load than a transport bears; all others get more.
const SHRINKING: [&str; 7] = [
    "connected",
    "delivered",
    "opened_per_second",
    "empty_reply_share",
    "slow_bytes_per_second",
    "back",
    "caught_up",
];

/// Whether load can break it: a search with no other threshold would never end.
pub(crate) fn can_break(threshold: &Threshold) -> bool {
    let column = threshold.column.as_str();
    let shrinks = SHRINKING.contains(&column);
    let by_load = match threshold.comparison {
        Comparison::Less | Comparison::AtMost => !shrinks,
        Comparison::More | Comparison::AtLeast => shrinks && threshold.bound > 0.0,
        Comparison::Equal => true,
        Comparison::Differs => false,
    };
    by_load && !FIXED.contains(&column)
}

/// Figures that only asks have.
const OF_STREAM: [&str; 7] =
    ["answers", "answer_", "asks_late", "stalls", "first_part_", "part_gap_", "per_part_"];
/// Figures that only clients have who send.
const OF_CHAT: [&str; 2] = ["echo_", "messages_late"];
/// Figures of what clients hold, which does not age where nothing newer is to come.
const OF_AGE: [&str; 1] = ["age_"];
/// Figures of the memory that a client takes.
const OF_MEMORY: [&str; 3] =
    ["target_bytes_per_client", "worker_bytes_per_client", "kernel_bytes_per_client"];

/// Why no probe with so many clients can have the figure of a threshold, as far as the events tell; `None` where it can.
pub(crate) fn why_unknown(threshold: &Threshold, events: &Events, clients: u32) -> Option<String> {
    let is_of = |prefixes: &[&str]| prefixes.iter().any(|prefix| threshold.column.starts_with(prefix));
    let (asks, sends) = (events.answers().is_some(), events.source == Source::Members);
    if (is_of(&OF_STREAM) && !asks) || (is_of(&OF_CHAT) && !sends) || (is_of(&OF_AGE) && asks) {
        return Some(format!("not measured with pattern = \"{}\"", events.pattern()));
    }
    (is_of(&OF_MEMORY) && clients < MEMORY_CLIENTS)
        .then(|| format!("measured from {MEMORY_CLIENTS} clients on, and the first probe has {clients}"))
}
