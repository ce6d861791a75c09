//! `[life]`: what happens to connections, checked against the phases and the transports.

use pushbench_transport::Period;
use pushbench_transport::settings::TransportSettings as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::drain::DRAIN_MARGIN;
use super::span::Span;
use super::transports;
use crate::law::Law;
use crate::law_choice::LawChoice;
use crate::life::{DROP_WINDOW, Life, Restart, Storm};
use crate::plan::Phases;
use crate::quantity::Share;
use crate::section::{FaultList, Section};

/// Shortest life that may be asked for, as mean, median or least: below it is mostly connecting.
const SHORTEST_LIFE: Period = Period::from_duration(Duration::from_millis(100));
/// Shortest time that a client stays away: its last connection has to be gone.
const SHORTEST_PAUSE: Period = Period::from_duration(crate::lives::SHORTEST);
/// Longest of both.
const LONGEST: Period = Period::from_secs(24 * 3600);
const SHORTEST_RESTART: Duration = Duration::from_millis(100);
/// The most stays of all clients of a step together: the books keep each.
const MOST_STAYS: f64 = 10_000_000.0;

/// What happens to connections.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Keys {
    /// How long a client stays before it leaves. Default: to the end.
    #[schemars(with = "LawChoice")]
    lifetime: Option<LawChoice>,
    /// How long it stays away then.
    pause: LawChoice,
    /// Whether a client that comes back asks for what it missed.
    resume: bool,
    /// The target drops a share of its connections at that time of the measure phase. Default: none.
    #[schemars(with = "StormKeys")]
    storm: Option<StormKeys>,
    /// The target is away for so long from that time of the measure phase on. Default: not at all.
    #[schemars(with = "Span")]
    restart: Option<Span>,
}

impl Default for Keys {
    fn default() -> Self {
        let pause = LawChoice::Constant(Period::from_secs(1));
        Self { lifetime: None, pause, resume: true, storm: None, restart: None }
    }
}

// That both keys are needed is said where they are read.
/// When connections are dropped, and how many.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as { at = \"10s\", share = \"50%\" }")]
#[schemars(rename = "Storm")]
struct StormKeys {
    /// When, since the measure phase began.
    #[schemars(required)]
    at: Option<Period>,
    /// Which part of the connections.
    #[schemars(required)]
    share: Option<Share>,
}

impl StormKeys {
    fn storm(self, section: &Section, faults: &mut FaultList) -> Option<Storm> {
        let (Some(at), Some(share)) = (self.at, self.share) else {
            let problem = "both `at` and `share` are needed, such as { at = \"10s\", share = \"50%\" }";
            section.fault("storm", faults, problem);
            return None;
        };
        Some(Storm { at: at.duration(), share: share.part() })
    }
}

/// What the rest of the file says.
pub(super) struct Around<'a> {
    pub(super) phases: &'a Phases,
    /// Largest number of clients.
    pub(super) clients: u32,
}

/// What the section says.
pub(super) fn read<'a>(
    section: &Section,
    around: &Around<'_>,
    transports: impl Iterator<Item = &'a transports::Entry>,
    faults: &mut FaultList,
) -> Life {
    let keys = section.read(Keys::default(), None, &[], faults);
    let lifetime = keys.lifetime.map(|lifetime| law(section, "lifetime", lifetime, SHORTEST_LIFE, faults));
    let pause = law(section, "pause", keys.pause, SHORTEST_PAUSE, faults);
    if lifetime.is_none() && section.value("pause").is_some() && !faults.has(&section.key_path("lifetime")) {
        section.fault("pause", faults, "not allowed without lifetime: nobody leaves");
        faults.hint(Some("write lifetime = { mean = \"30s\" }, or leave it out".to_owned()));
    }
    let life = Life {
        lifetime,
        pause,
        resume: keys.resume,
        storm: keys.storm.and_then(|keys| keys.storm(section, faults)),
        restart: keys.restart.map(|span| Restart { at: span.at(), down: span.lasts() }),
    };
    check_stays(section, &life, around, faults);
    // Of phases at fault nothing follows.
    if !faults.has("phases.measure") && !faults.has("phases.drain") {
        let transports: Vec<&transports::Entry> = transports.filter(|entry| entry.whole).collect();
        check_storm(section, &life, around.phases, &transports, faults);
        check_restart(section, &life, around.phases, &transports, faults);
    }
    life
}

fn law(section: &Section, key: &str, choice: LawChoice, shortest: Period, faults: &mut FaultList) -> Law {
    let law = choice.law(section, key, LONGEST, faults);
    let short = match law {
        Law::Constant(time_ns) => time_ns < shortest.as_ns(),
        Law::Uniform { min_ns, .. } => min_ns < shortest.as_ns(),
        Law::Exponential { mean_ns } => mean_ns < shortest.as_ns(),
        Law::LogNormal { p50_ns, .. } => p50_ns < shortest.as_ns(),
        Law::Replay(_) => false,
    };
    if short && !faults.has(&section.key_path(key)) {
        section.fault(key, faults, format!("out of range: {shortest} to {LONGEST}"));
    }
    law
}

fn check_stays(section: &Section, life: &Life, around: &Around<'_>, faults: &mut FaultList) {
    let Some(lifetime) = &life.lifetime else { return };
    let phases = around.phases;
    let time_ns = (phases.warmup + phases.measure).as_nanos() as f64;
    let each = time_ns / (lifetime.mean_ns() + life.pause.mean_ns()).max(1.0) + 1.0;
    let all = each * f64::from(around.clients);
    let allowed = format!("at most {MOST_STAYS:.0} stays of clients in all, {all:.0} are to be expected");
    section.check("lifetime", all <= MOST_STAYS || faults.has("life.lifetime"), faults, &allowed);
}

fn check_storm(
    section: &Section,
    life: &Life,
    phases: &Phases,
    transports: &[&transports::Entry],
    faults: &mut FaultList,
) {
    let Some(storm) = life.storm else { return };
    if storm.share <= 0.0 {
        section.fault("storm", faults, "share is out of range: more than 0%, at most 100%");
    }
    if storm.at >= phases.measure {
        return outside(section, ("storm", ""), storm.at, phases, faults);
    }
    let pause = |entry: &transports::Entry| entry.plan.settings.reconnect().first;
    check_return(section, "storm", storm.at, phases, (transports, pause), faults);
    let Some(restart) = life.restart else { return };
    let (first_ends, second) = if storm.at <= restart.at {
        (storm.at + DROP_WINDOW, restart.at)
    } else {
        (restart.at + restart.down + DROP_WINDOW, storm.at)
    };
    if second < first_ends {
        let window = Period::from_duration(DROP_WINDOW);
        let problem = format!("it overlaps with restart: {window} must lie between the two");
        section.fault("storm", faults, problem);
    }
}

fn check_restart(
    section: &Section,
    life: &Life,
    phases: &Phases,
    transports: &[&transports::Entry],
    faults: &mut FaultList,
) {
    let Some(restart) = life.restart else { return };
    if restart.down < SHORTEST_RESTART {
        section.fault("restart", faults, "for is out of range: at least 100ms");
    }
    let back = restart.at.saturating_add(restart.down);
    if back >= phases.measure {
        return outside(section, ("restart", "its end at "), back, phases, faults);
    }
    let pause = |entry: &transports::Entry| entry.plan.settings.reconnect().longest;
    check_return(section, "restart", back, phases, (transports, pause), faults);
}

fn outside(
    section: &Section,
    (key, what): (&str, &str),
    at: Duration,
    phases: &Phases,
    faults: &mut FaultList,
) {
    let [at, measure] = [at, phases.measure].map(Period::from_duration);
    section.fault(key, faults, format!("{what}{at} is not within the measure phase, which lasts {measure}"));
}

/// Clients must be able to be back, and to have what they missed, before the step ends.
fn check_return(
    section: &Section,
    key: &str,
    from: Duration,
    phases: &Phases,
    (transports, pause): (&[&transports::Entry], impl Fn(&transports::Entry) -> Duration),
    faults: &mut FaultList,
) {
    let Some(longest) = transports.iter().max_by_key(|entry| pause(entry)) else { return };
    let needed = from + pause(longest) + DRAIN_MARGIN;
    let left = phases.measure + phases.drain;
    if needed <= left {
        return;
    }
    let [pause, needed, left] = [pause(longest), needed, left].map(Period::from_duration);
    let label = &longest.plan.label;
    let problem = format!(
        "no time to come back: a client of `{label}` may wait {pause} before it connects again, so measure and drain \
         together must last {needed} at least, not {left}"
    );
    section.fault(key, faults, problem);
    faults.hint(Some(format!("have it earlier, or have `{label}` retry sooner")));
}
