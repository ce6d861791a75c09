//! `[capacity]`: a search instead of steps.

use pushbench_measure::results::Vary as Varied;
use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HIGHEST_RATE, LONGEST_MEASURE};
use crate::capacity::{Capacity, HighestRate, can_break, why_unknown};
use crate::choice::{Amount, ClientCounts};
use crate::overrides::Overrides;
use crate::plan::{Events, Phases, Threshold, TransportPlan};
use crate::quantity::{Rate, Share};
use crate::section::{FaultList, Section};

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Vary {
    /// The number of clients; clients.count is not searched for, but tried first.
    Clients,
    /// The rate of events; events.rate is tried first.
    Rate,
}

/// Searches how many clients, or events, each transport bears within its thresholds.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Capacity", deny_unknown_fields)]
pub(crate) struct Keys {
    /// What is varied: the number of clients, or the rate of events.
    #[schemars(required)]
    vary: Option<Vary>,
    /// What is tried first: clients, or a rate. Default: clients.count, or events.rate.
    #[schemars(with = "Amount")]
    from: Option<Amount>,
    /// The most that is tried. Default: as many clients as the machine has room for, or as high a rate as can be had.
    #[schemars(with = "Amount")]
    to: Option<Amount>,
    /// How far apart what passes and what fails may be in the end, as a share of the former.
    precision: Share,
    /// Most probes of each transport.
    #[schemars(range(min = 1, max = 100))]
    probes: u32,
    /// The longest measure phase of a probe whose thresholds ask for more events than phases.measure brings.
    longest: Period,
}

impl Default for Keys {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a literal of this file, and every test reads it")]
        let precision = "5%".parse().expect("a default is well formed");
        let longest = Period::from_secs(60);
        Self { vary: None, from: None, to: None, precision, probes: 24, longest }
    }
}

const CLIENTS: &str = "a whole number of clients from 1 to 10000000";
const RATE: &str = "a rate such as \"100/s\", more than 0/s, at most 1000000/s";

/// A search as the file and the command line have it, its first and last value checked each by itself.
pub(super) struct Wanted {
    vary: Varied,
    from: Option<f64>,
    to: Option<f64>,
    keys: Keys,
}

/// `None` without the section, or if it has faults without which nothing more can be said.
pub(super) fn read(top: &Section, overrides: &Overrides, faults: &mut FaultList) -> Option<Wanted> {
    top.value("capacity")?;
    let section = top.child("capacity", faults);
    let keys = section.read(Keys::default(), None, &[], faults);
    section.require("vary", faults, "\"clients\" or \"rate\"");
    if overrides.repeat.is_some_and(|rounds| rounds > 1) {
        faults.push(None, "--repeat", "not allowed with [capacity], which repeats what it found by itself");
    }
    let precision = (0.01..=0.5).contains(&keys.precision.part());
    section.check("precision", precision, faults, "1% to 50%");
    section.check("probes", (1..=100).contains(&keys.probes), faults, "1 to 100 probes");
    let longest = (Period::from_secs(1)..=LONGEST_MEASURE).contains(&keys.longest);
    section.check("longest", longest, faults, "1s to 24h");
    let vary = match keys.vary? {
        Vary::Clients => Varied::Clients,
        Vary::Rate => Varied::Rate,
    };
    let mut value = |key, amount: Option<&Amount>| {
        let amount = amount?;
        let value = value_of(vary, amount);
        if value.is_none() {
            let allowed = if vary == Varied::Clients { CLIENTS } else { RATE };
            section.fault(key, faults, format!("with vary = \"{}\": {allowed}", word(vary)));
        }
        value
    };
    let (from, to) = (value("from", keys.from.as_ref()), value("to", keys.to.as_ref()));
    Some(Wanted { vary, from, to, keys })
}

fn word(vary: Varied) -> &'static str {
    match vary {
        Varied::Clients => "clients",
        Varied::Rate => "rate",
    }
}

/// A value of what is varied; `None` for the other's, and for one that is out of range.
fn value_of(vary: Varied, amount: &Amount) -> Option<f64> {
    match (vary, amount) {
        (Varied::Clients, Amount::Number(count)) => {
            (1..=ClientCounts::MOST).contains(count).then_some(f64::from(*count))
        }
        (Varied::Rate, Amount::Rate(rate)) => sensible(rate),
        _ => None,
    }
}

fn sensible(rate: &Rate) -> Option<f64> {
    Some(rate.per_second()).filter(|rate| *rate > 0.0 && *rate <= HIGHEST_RATE)
}

impl Wanted {
    /// The numbers of clients that the scenario is checked with: of a search for them its first and its last, where that is
    /// known. `counts` are those of the file or of the command line, which mean both ends there.
    pub(super) fn steps(
        &mut self,
        clients: &Section,
        counts: Vec<u32>,
        overrides: &Overrides,
        faults: &mut FaultList,
    ) -> Vec<u32> {
        let typed = overrides.clients.is_some();
        let most = if typed && self.vary == Varied::Clients { 2 } else { 1 };
        if counts.len() > most {
            let allowed = match (typed, self.vary) {
                (true, Varied::Clients) => "one number, the first probe, or two, the first and the last",
                _ => "one number of clients: a search has no steps",
            };
            if typed {
                faults.push(None, "--clients", allowed);
            } else {
                clients.fault("count", faults, allowed);
            }
        }
        if self.vary == Varied::Rate {
            return counts;
        }
        if typed || self.from.is_none() {
            self.from = counts.first().copied().map(f64::from);
        }
        if typed && counts.len() == 2 {
            self.to = counts.last().copied().map(f64::from);
        }
        let ends = self.from.into_iter().chain(self.to.filter(|to| Some(*to) > self.from));
        ends.map(|count| count as u32).collect()
    }

    /// The search. What can only be said of all sections together is checked here.
    pub(super) fn resolve(
        self,
        top: &Section,
        around: &Around<'_>,
        overrides: &Overrides,
        faults: &mut FaultList,
    ) -> Option<Capacity> {
        let section = top.child("capacity", faults);
        around.check_limits(top, faults);
        around.check_figures(top, faults);
        let (from, to) = match self.vary {
            Varied::Clients => (self.from?, self.to),
            Varied::Rate => self.rates(&section, around, overrides, faults)?,
        };
        if to.is_some_and(|to| to <= from) && !faults.has(&section.key_path("from")) {
            section.fault("to", faults, "out of range: more than what is tried first");
        }
        let longest = overrides.duration.unwrap_or(self.keys.longest).duration();
        let (precision, probes) = (self.keys.precision.part(), self.keys.probes);
        Some(Capacity { vary: self.vary, from, to, precision, probes, longest })
    }

    /// The first and the last rate.
    fn rates(
        &self,
        section: &Section,
        around: &Around<'_>,
        overrides: &Overrides,
        faults: &mut FaultList,
    ) -> Option<(f64, Option<f64>)> {
        let events = around.events?;
        let own_from = self.from.filter(|_| overrides.rate.is_none());
        let from = own_from.unwrap_or(events.rate);
        if from <= 0.0 {
            section.fault("from", faults, format!("events.rate is 0/s, and the first probe: {RATE}"));
        }
        let fewest = around.steps.iter().copied().min().unwrap_or(1);
        let highest = HighestRate::of(events, fewest, around.phases);
        for (key, rate) in [("from", own_from), ("to", self.to)] {
            section.check(key, rate.is_none_or(|rate| rate <= highest.rate), faults, &highest.to_string());
        }
        Some((from, Some(self.to.unwrap_or(highest.rate))))
    }
}

/// What the rest of the file says.
pub(super) struct Around<'a> {
    pub(super) events: Option<&'a Events>,
    pub(super) phases: &'a Phases,
    pub(super) steps: &'a [u32],
    pub(super) transports: &'a [TransportPlan],
    pub(super) thresholds: &'a [Threshold],
}

impl Around<'_> {
    /// A search that nothing ends would go on for ever.
    fn check_limits(&self, top: &Section, faults: &mut FaultList) {
        let is_limited = |transport: &&TransportPlan| {
            let mut of_label = self.thresholds.iter().filter(|threshold| threshold.label == transport.label);
            of_label.any(can_break)
        };
        let unlimited = self.transports.iter().filter(|transport| !is_limited(transport));
        let unlimited: Vec<String> = unlimited.map(|transport| format!("`{}`", transport.label)).collect();
        if !unlimited.is_empty() {
            let labels = unlimited.join(", ");
            let problem = format!("a search needs a threshold that load can break: none for {labels}");
            top.fault("capacity", faults, problem);
            faults.hint(Some("such as latency_p99 = \"< 250ms\" under [thresholds]".to_owned()));
        }
    }

    /// A probe without the figure of a threshold says nothing, and the first would be the last.
    fn check_figures(&self, top: &Section, faults: &mut FaultList) {
        let Some((events, clients)) = self.events.zip(self.steps.first()) else { return };
        let mut said = Vec::new();
        for threshold in self.thresholds {
            let figure = &threshold.figure;
            let unknown = why_unknown(threshold, events, *clients).filter(|_| !said.contains(&figure));
            if let Some(why) = unknown {
                said.push(figure);
                top.fault("capacity", faults, format!("a threshold on `{figure}`, which is {why}"));
            }
        }
    }
}
