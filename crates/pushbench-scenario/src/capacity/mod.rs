//! `[capacity]`: how much of something a transport with its target bears, found by trying.
//!
//! What is tried when, how long each try must last for its thresholds, and how many tries there may be. Nothing is
//! measured or judged here.

mod search;

use pushbench_measure::results::Vary;
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub use self::search::{Answer, Next, Outcome, Search, Taken};
use crate::plan::{Plan, Point, Threshold};

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
        let needed = of_label.filter_map(publishes).fold(0.0, f64::max) / plan.events_of(clients).rate;
        // Whole seconds, as rows of results are; without events nothing is long enough.
        let needed = Duration::try_from_secs_f64(needed.ceil()).unwrap_or(Duration::MAX);
        let longest = self.longest.max(plan.phases.measure);
        plan.phases.measure = plan.phases.measure.max(needed).min(longest);
        Probe { plan, clients, capped: needed > longest }
    }
}

/// Publishes that must stand behind the percentile a threshold is about: 10/(1−p). Deliveries are never fewer. `None` for
/// figures that are no percentile, and for those that there is one of per client, however long it lasts.
fn publishes(threshold: &Threshold) -> Option<f64> {
    const PER_CLIENT: [&str; 2] = ["connect_", "back_"];
    if PER_CLIENT.iter().any(|prefix| threshold.column.starts_with(prefix)) {
        return None;
    }
    let digits = threshold.column.split('_').find_map(|part| part.strip_prefix('p'))?;
    let beyond = match digits {
        "50" => 0.5,
        "90" => 0.1,
        "95" => 0.05,
        "99" => 0.01,
        "999" => 0.001,
        _ => return None,
    };
    Some(10.0 / beyond)
}

/// Columns that follow from the scenario, whatever the load does to a transport.
const FIXED: [&str; 7] = [
    "clients",
    "expected",
    "expected_of_all",
    "publishes",
    "slow_clients",
    "answers",
    "payload_bytes_per_event",
];

/// Whether load can break it: a search with no other threshold would never end.
pub(crate) fn can_break(threshold: &Threshold) -> bool {
    !FIXED.contains(&threshold.column.as_str())
}
