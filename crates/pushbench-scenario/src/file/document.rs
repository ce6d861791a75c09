//! One document to one plan: table by table, then what follows from several of them together.
//!
//! What a table's values may be is said in its own module. A scenario of several points is a document for each of them.

use std::fmt::Write as _;

use pushbench_transport::Period;
use sha2::{Digest as _, Sha256};

use super::drain::HeldBack;
use super::recorded::ReadFile;
use super::together::Parts;
use super::{
    HIGHEST_RATE, LONGEST_MEASURE, MOST_EVENTS, answers, capacity, chat, counts, drain, events, head, keys,
    life, processes, shape, slow, thresholds, transports,
};
use crate::capacity::Capacity;
use crate::choice::ClientCounts;
use crate::inject::Inject;
use crate::life::Life;
use crate::overrides::Overrides;
use crate::plan::{Events, Phases, Plan, Point, Threshold, TransportPlan};
use crate::section::{FaultList, Section};
use crate::shape::Shape;
use crate::slow::Slow;

/// The tables of a file; the top may also have these.
const TABLES: [&str; 12] = [
    "clients",
    "events",
    "phases",
    "life",
    "slow",
    "transports",
    "thresholds",
    "target",
    "workers",
    "capacity",
    "sweep",
    "cases",
];
/// Most rounds of a run.
const MOST_ROUNDS: u32 = 100;
/// Longer than the longest poll interval, which the drain must outlast.
const LONGEST_EDGE: Period = Period::from_secs(25 * 3600);

/// What a document is read with.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    /// The text of the whole file.
    pub(super) text: &'a str,
    /// What faults call it.
    pub(super) path: &'a str,
    pub(super) overrides: &'a Overrides,
    /// Reads the files that it names.
    pub(super) file: ReadFile<'a>,
}

/// The plan of a document; `None` only if there are faults.
pub(super) fn plan(top: &Section, beside: &Beside<'_>, faults: &mut FaultList) -> Option<Plan> {
    tables(top, beside, faults).assembled(beside)
}

/// What the tables say, checked against each other. What is missing is a fault.
struct Tables {
    head: keys::Top,
    seed: u64,
    rounds: u32,
    crowd: Crowd,
    events: Option<Events>,
    presence: Shape,
    phases: Phases,
    life: Life,
    slow: Option<Slow>,
    transports: Vec<TransportPlan>,
    thresholds: Vec<Threshold>,
    capacity: Option<Capacity>,
    target: keys::Target,
    inject: Option<Inject>,
    worker_processes: Option<u32>,
}

fn tables(top: &Section, beside: &Beside<'_>, faults: &mut FaultList) -> Tables {
    let overrides = beside.overrides;
    let head = top.read(keys::Top::default(), None, &TABLES, faults);
    head::check(top, &head, faults);
    let seed = overrides.seed.unwrap_or(head.seed);
    let clients = top.child("clients", faults);
    let (crowd, search) = crowd(top, &clients, overrides, faults);
    let [event_section, phase_section] = ["events", "phases"].map(|table| top.child(table, faults));
    let Course { events, phases, presence } =
        course([&clients, &event_section, &phase_section], &crowd.steps, beside, faults);
    let slow = slow::read(&top.child("slow", faults), top.value("slow").is_some(), &phases, faults);
    let all = transports::read(top, faults);
    let around = life::Around { phases: &phases, clients: crowd.most() };
    let life = life::read(&top.child("life", faults), &around, all.selected(&overrides.only), faults);
    let parts = Parts { events: events.as_ref(), presence: &presence, life: &life, slow: slow.as_ref() };
    parts.check(top, &clients, faults);
    let rules = thresholds::read(&top.child("thresholds", faults), &all, faults);

    let target_section = top.child("target", faults);
    let (target, inject) = processes::target(&target_section, overrides, faults);
    let worker_processes = processes::workers(&top.child("workers", faults), faults);
    chat::check_targets(&target_section, target.processes, events.as_ref(), &crowd.steps, faults);

    let rounds = rounds(overrides, faults);
    let transports = transports::only(&all, &overrides.only, faults);
    let thresholds = thresholds::of_labels(&rules, &transports);
    let around = capacity::Around {
        events: events.as_ref(),
        phases: &phases,
        steps: &crowd.steps,
        transports: &transports,
        thresholds: &thresholds,
    };
    let capacity = search.and_then(|search| search.resolve(top, &around, overrides, faults));
    let search = capacity.as_ref().map(|capacity| (capacity, &thresholds[..]));
    let held_back = HeldBack {
        inject,
        coalesce: target.coalesce,
        answers: drain::longest_answer(events.as_ref(), seed, &phases, search, faults),
    };
    drain::check(&phase_section, &phases, all.selected(&overrides.only), held_back, faults);
    Tables {
        head,
        seed,
        rounds,
        crowd,
        events,
        presence,
        phases,
        life,
        slow,
        transports,
        thresholds,
        capacity,
        target,
        inject,
        worker_processes,
    }
}

impl Tables {
    /// `None` only if there are faults.
    fn assembled(self, beside: &Beside<'_>) -> Option<Plan> {
        let Self { crowd, target, .. } = self;
        let name = self.head.name?;
        let send_buffer = target.send_buffer.map(|size| u32::try_from(size.bytes()).unwrap_or(u32::MAX));
        Some(Plan {
            title: self.head.title.unwrap_or_else(|| name.clone()),
            name,
            path: beside.path.to_owned(),
            text: beside.text.to_owned(),
            sha256: sha256_hex(beside.text),
            overrides: beside.overrides.lines(),
            seed: self.seed,
            network: self.head.network,
            rounds: self.rounds,
            steps: crowd.steps,
            connect_rate: crowd.connect_rate,
            may_fail: crowd.may_fail,
            presence: self.presence,
            events: self.events?,
            life: self.life,
            slow: self.slow,
            phases: self.phases,
            thresholds: self.thresholds,
            labels: self.transports.len() as u32,
            transports: self.transports,
            target_processes: target.processes,
            ring_events: target.ring,
            coalesce: target.coalesce,
            slow_policy: target.slow,
            backlog_bytes: target.backlog.bytes(),
            send_buffer_bytes: send_buffer,
            inject: self.inject,
            worker_processes: self.worker_processes,
            point: Point::default(),
            capacity: self.capacity,
            target_connections: target.connections,
        })
    }
}

/// Who comes.
struct Crowd {
    steps: Vec<u32>,
    connect_rate: f64,
    may_fail: f64,
}

impl Crowd {
    /// Clients of the largest step.
    fn most(&self) -> u32 {
        self.steps.iter().copied().max().unwrap_or_default()
    }
}

/// `[clients]`, and the search whose ends its numbers may be.
fn crowd(
    top: &Section,
    clients: &Section,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> (Crowd, Option<capacity::Wanted>) {
    counts::check(clients, "count", faults);
    let keys = clients.read(keys::Clients::default(), None, &[], faults);
    let mut search = capacity::read(top, overrides, faults);
    let steps = steps(clients, keys.count, overrides, faults);
    let steps = match &mut search {
        Some(search) => search.steps(clients, steps, overrides, faults),
        None => steps,
    };
    let connect_rate = keys.connect_rate.per_second();
    let sensible = connect_rate > 0.0 && connect_rate <= HIGHEST_RATE;
    clients.check("connect_rate", sensible, faults, "more than 0/s, at most 1000000/s");
    (Crowd { steps, connect_rate, may_fail: keys.may_fail.part() }, search)
}

fn steps(
    section: &Section,
    counts: Option<ClientCounts>,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> Vec<u32> {
    if let Some(problem) = counts.as_ref().and_then(|counts| ClientCounts::problem(&counts.0))
        && !faults.has("clients.count")
        && !faults.has_entry("clients.count")
    {
        section.fault("count", faults, problem);
    }
    if let Some(steps) = &overrides.clients {
        if let Some(problem) = ClientCounts::problem(steps) {
            faults.push(None, "--clients", problem);
        }
        return steps.clone();
    }
    section.require("count", faults, ClientCounts::ALLOWED);
    counts.map(|counts| counts.0).unwrap_or_default()
}

/// What happens in the course of a step.
struct Course {
    events: Option<Events>,
    phases: Phases,
    presence: Shape,
}

/// `[events]` and `[phases]`, and the shapes that follow from both.
fn course(
    [clients, event_section, phase_section]: [&Section<'_, '_>; 3],
    steps: &[u32],
    beside: &Beside<'_>,
    faults: &mut FaultList,
) -> Course {
    let overrides = beside.overrides;
    let events = events::read(event_section, steps, beside.file, faults)
        .map(|events| Events { rate: rate(events.rate, overrides, faults), ..events });
    let phases = phases(phase_section, overrides, faults);
    let presence = shape::read(clients, shape::Of::Clients, &phases, faults);
    // Also where events have faults: its own are told with theirs.
    let rate_shape = shape::read(event_section, shape::Of::Rate, &phases, faults);
    let events = events.map(|events| Events { shape: rate_shape, ..events });
    shape::check_peak(event_section, events.as_ref(), faults);
    answers::check_clients(event_section, events.as_ref(), steps, faults);
    check_number_of_events(phase_section, events.as_ref(), steps, &phases, faults);
    Course { events, phases, presence }
}

/// Published events per second.
fn rate(of_file: f64, overrides: &Overrides, faults: &mut FaultList) -> f64 {
    let Some(rate) = &overrides.rate else { return of_file };
    if rate.per_second() > HIGHEST_RATE {
        faults.push(None, "--rate", format!("{rate} is out of range: 0/s to 1000000/s"));
        return of_file;
    }
    rate.per_second()
}

fn phases(section: &Section, overrides: &Overrides, faults: &mut FaultList) -> Phases {
    let keys = section.read(keys::Phases::default(), None, &[], faults);
    section.check("warmup", keys.warmup <= LONGEST_EDGE, faults, "0s to 25h");
    section.check("drain", keys.drain <= LONGEST_EDGE, faults, "0s to 25h");
    let sensible = |measure: Period| (Period::from_secs(1)..=LONGEST_MEASURE).contains(&measure);
    section.check("measure", sensible(keys.measure), faults, "1s to 24h");
    match overrides.duration {
        Some(measure) if !sensible(measure) => {
            faults.push(None, "--duration", format!("{measure} is out of range: 1s to 24h"));
        }
        Some(_) => {}
        None => section.require("measure", faults, "a duration such as \"30s\""),
    }
    Phases {
        warmup: keys.warmup.duration(),
        measure: overrides.duration.unwrap_or(keys.measure).duration(),
        drain: keys.drain.duration(),
    }
}

/// Every process computes the whole schedule, and the ledgers need the due time of each event that is measured.
fn check_number_of_events(
    section: &Section,
    events: Option<&Events>,
    steps: &[u32],
    phases: &Phases,
    faults: &mut FaultList,
) {
    let Some(events) = events.filter(|_| !faults.has("events.rate")) else { return };
    let clients = steps.iter().copied().max().unwrap_or_default();
    let number = events.of_clients(clients).number_until(phases.warmup + phases.measure);
    let allowed = format!("at most {MOST_EVENTS} events in all, {number:.0} would be due: lower events.rate");
    section.check("measure", number <= f64::from(MOST_EVENTS), faults, &allowed);
}

fn rounds(overrides: &Overrides, faults: &mut FaultList) -> u32 {
    let rounds = overrides.repeat.unwrap_or(1);
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        faults.push(None, "--repeat", format!("{rounds} is out of range: 1 to {MOST_ROUNDS} rounds"));
    }
    rounds
}

fn sha256_hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
