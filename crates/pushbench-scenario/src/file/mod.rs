//! A scenario file's text to a plan, or to everything that is wrong with it.

mod answers;
pub(crate) mod capacity;
mod chat;
mod counts;
mod drain;
mod events;
mod head;
pub(crate) mod keys;
pub(crate) mod life;
mod points;
mod recorded;
mod shape;
pub(crate) mod slow;
pub(crate) mod thresholds;
mod together;
mod transports;

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::Path;

use pushbench_transport::{Period, Settings};
use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

pub use recorded::ReadFile;

use self::drain::HeldBack;
use self::together::Parts;
use crate::choice::ClientCounts;
use crate::fault::{Faults, LoadError};
use crate::inject::{Inject, InjectFault, InjectFaults};
use crate::overrides::Overrides;
use crate::plan::{Events, Phases, Plan, Point};
use crate::scenario::Scenario;
use crate::section::{FaultList, Section};

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
/// Largest file that is read.
const LARGEST_FILE_BYTES: u64 = 1 << 20;
/// Most processes of a kind that a file may ask for.
pub(crate) const MOST_PROCESSES: u32 = 1000;
/// Most rounds of a run.
const MOST_ROUNDS: u32 = 100;
const LONGEST_MEASURE: Period = Period::from_secs(24 * 3600);
/// Longer than the longest poll interval, which the drain must outlast.
const LONGEST_EDGE: Period = Period::from_secs(25 * 3600);
/// The most events that one step may publish.
pub(crate) const MOST_EVENTS: u32 = 10_000_000;

/// Reads the file at `path` and parses it.
///
/// # Errors
/// The file cannot be read, is not text, is larger than 1 MiB, or has faults.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Scenario, LoadError> {
    let bytes = read_up_to(path, LARGEST_FILE_BYTES + 1)
        .map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned(), limit_bytes: LARGEST_FILE_BYTES });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let (offset, text) = (error.utf8_error().valid_up_to(), String::from_utf8_lossy(error.as_bytes()));
        LoadError::NotText { path: path.to_owned(), line: FaultList::new(&text).line_at(offset) }
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = |name: &Path, most_bytes: u64| read_up_to(&folder.join(name), most_bytes);
    Ok(Scenario::parse_beside(&text, &path.display().to_string(), overrides, &beside)?)
}

fn read_up_to(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(most_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The plan of a scenario file's text that names no other file; of a text with several points the first.
///
/// # Errors
/// As [`Scenario::parse`].
pub fn parse(text: &str, path: &str, overrides: &Overrides) -> Result<Plan, Faults> {
    Scenario::parse(text, path, overrides).map(|mut scenario| scenario.points.swap_remove(0))
}

/// The same of a text that may name other files; see [`Scenario::parse_beside`].
///
/// # Errors
/// As [`Scenario::parse_beside`].
pub fn parse_beside(
    text: &str,
    path: &str,
    overrides: &Overrides,
    file: ReadFile<'_>,
) -> Result<Plan, Faults> {
    Scenario::parse_beside(text, path, overrides, file).map(|mut scenario| scenario.points.swap_remove(0))
}

impl Scenario {
    /// Parses the text of a scenario file that names no other file; `path` is what faults call it.
    ///
    /// # Errors
    /// Everything that is wrong with the text or the overrides, at once. A text that is not TOML has one fault.
    pub fn parse(text: &str, path: &str, overrides: &Overrides) -> Result<Self, Faults> {
        let nothing = |_: &Path, _| Err(io::Error::other("no file stands beside a text"));
        scenario(text, path, overrides, &nothing)
    }

    /// Parses the text of a scenario file; files that it names are read by `file`, relative to its folder.
    ///
    /// # Errors
    /// Everything that is wrong with the text, the files it names or the overrides, at once. A text that is not TOML has
    /// one fault.
    pub fn parse_beside(
        text: &str,
        path: &str,
        overrides: &Overrides,
        file: ReadFile<'_>,
    ) -> Result<Self, Faults> {
        scenario(text, path, overrides, file)
    }
}

fn scenario(text: &str, path: &str, overrides: &Overrides, file: ReadFile<'_>) -> Result<Scenario, Faults> {
    let mut faults = FaultList::new(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let line = faults.line_at(error.span().map_or(0, |span| span.start));
            faults.push(Some(line), "", format!("not TOML: {}", error.message()));
            return Err(faults.finish(path));
        }
    };
    let points::Variants { varies, all, lines } = points::read(document.get_ref(), overrides, &mut faults);
    if faults.is_empty() {
        let named: Vec<&Point> = all.iter().map(|variant| &variant.point).collect();
        points::check_selection(&named, &overrides.points, &mut faults);
    }
    let base = points::Variant { point: Point::default(), document: document.get_ref().clone() };
    // Without variants, and where they are at fault, it is the file itself that is read.
    let variants = if all.is_empty() { vec![base] } else { all };
    let mut together = points::Together::new(lines);
    let mut plans = Vec::new();
    for points::Variant { point, document } in variants {
        let mut own = faults.fresh();
        let read = plan(&Section::new("", 1, Some(&document)), text, path, overrides, file, &mut own);
        together.add(&point.name, own.into_faults());
        plans.extend(read.map(|plan| Plan { point, ..plan }));
    }
    together.into(&mut faults);
    points::check_kinds(&plans, &mut faults);
    let mut points = points::selected(plans, &overrides.points);
    points.retain(|plan| !plan.transports.is_empty());
    if faults.is_empty() && points.is_empty() {
        faults.push(None, "--only", "none of the points that are left has such a transport");
    }
    if faults.is_empty() { Ok(Scenario { points, varies }) } else { Err(faults.finish(path)) }
}

/// `None` only if there are faults.
fn plan(
    top: &Section,
    text: &str,
    path: &str,
    overrides: &Overrides,
    file: ReadFile<'_>,
    faults: &mut FaultList,
) -> Option<Plan> {
    let head = top.read(keys::Top::default(), None, &TABLES, faults);
    head::check(top, &head, faults);
    let clients = top.child("clients", faults);
    counts::check(&clients, "count", faults);
    let arrivals = clients.read(keys::Clients::default(), None, &[], faults);
    let mut search = capacity::read(top, overrides, faults);
    let steps = steps(&clients, arrivals.count, overrides, faults);
    let steps = match &mut search {
        Some(search) => search.steps(&clients, steps, overrides, faults),
        None => steps,
    };
    let connect_rate = arrivals.connect_rate.per_second();
    let sensible = connect_rate > 0.0 && connect_rate <= events::HIGHEST_RATE;
    clients.check("connect_rate", sensible, faults, "more than 0/s, at most 1000000/s");

    let event_section = top.child("events", faults);
    let events = events::read(&event_section, &steps, file, faults)
        .map(|events| Events { rate: rate(events.rate, overrides, faults), ..events });
    let phase_section = top.child("phases", faults);
    let phases = phases(&phase_section, overrides, faults);
    let presence = shape::read(&clients, shape::Of::Clients, &phases, faults);
    // Also where events have faults: its own are told with theirs.
    let rate_shape = shape::read(&event_section, shape::Of::Rate, &phases, faults);
    let events = events.map(|events| Events { shape: rate_shape, ..events });
    let most_clients = steps.iter().copied().max().unwrap_or_default();
    shape::check_peak(&event_section, events.as_ref(), faults);
    answers::check_clients(&event_section, events.as_ref(), &steps, faults);
    check_number_of_events(&phase_section, events.as_ref(), most_clients, &phases, faults);
    let slow = slow::read(&top.child("slow", faults), top.value("slow").is_some(), &phases, faults);
    let transports = transports::read(top, faults);
    let around = life::Around { phases: &phases, clients: most_clients };
    let life = life::read(&top.child("life", faults), &around, transports.selected(&overrides.only), faults);
    let parts = Parts { events: events.as_ref(), presence: &presence, life: &life, slow: slow.as_ref() };
    parts.check(top, &clients, faults);
    let thresholds = thresholds::read(&top.child("thresholds", faults), &transports, faults);

    let target = top.child("target", faults);
    let target_keys = target.read(keys::Target::default(), None, &[], faults);
    target.check("ring", (1..=1_000_000).contains(&target_keys.ring), faults, "1 to 1000000 events");
    slow::check_target(&target, &target_keys, faults);
    let connections = target_keys.connections.is_none_or(|connections| connections > 0);
    target.check("connections", connections, faults, "at least 1 connection");
    let inject = inject(&target, target_keys.inject.as_deref(), overrides, faults);
    let seed = overrides.seed.unwrap_or(head.seed);
    let held_back = HeldBack {
        inject,
        coalesce: target_keys.coalesce,
        answers: drain::longest_answer(events.as_ref(), seed, &phases, faults),
    };
    drain::check(&phase_section, &phases, transports.selected(&overrides.only), held_back, faults);
    let workers = top.child("workers", faults);
    let worker_keys = workers.read(keys::Workers::default(), None, &[], faults);
    for (section, processes) in [(&target, target_keys.processes), (&workers, worker_keys.processes)] {
        check_processes(section, processes, faults);
    }
    chat::check_targets(&target, target_keys.processes, events.as_ref(), &steps, faults);

    let rounds = overrides.repeat.unwrap_or(1);
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        faults.push(None, "--repeat", format!("{rounds} is out of range: 1 to {MOST_ROUNDS} rounds"));
    }
    let transports = transports::only(transports, &overrides.only, faults);
    let thresholds = thresholds::of_labels(&thresholds, &transports);
    let capacity = search.and_then(|search| {
        search.resolve(top, (events.as_ref(), &phases), (&transports, &thresholds), overrides, faults)
    });
    let name = head.name?;
    Some(Plan {
        title: head.title.unwrap_or_else(|| name.clone()),
        name,
        path: path.to_owned(),
        text: text.to_owned(),
        sha256: sha256_hex(text),
        overrides: overrides.lines(),
        seed,
        network: head.network,
        rounds,
        steps,
        connect_rate,
        may_fail: arrivals.may_fail.part(),
        presence,
        events: events?,
        life,
        slow,
        phases,
        thresholds,
        transports,
        target_processes: target_keys.processes,
        ring_events: target_keys.ring,
        coalesce: target_keys.coalesce,
        slow_policy: target_keys.slow,
        backlog_bytes: target_keys.backlog.bytes(),
        send_buffer_bytes: target_keys
            .send_buffer
            .map(|size| u32::try_from(size.bytes()).unwrap_or(u32::MAX)),
        inject,
        worker_processes: worker_keys.processes,
        point: Point::default(),
        capacity,
        target_connections: target_keys.connections,
    })
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

fn check_processes(section: &Section, processes: Option<u32>, faults: &mut FaultList) {
    let sensible = processes.is_none_or(|count| (1..=MOST_PROCESSES).contains(&count));
    section.check("processes", sensible, faults, "1 to 1000 processes");
}

/// Published events per second.
fn rate(of_file: f64, overrides: &Overrides, faults: &mut FaultList) -> f64 {
    let Some(rate) = &overrides.rate else { return of_file };
    if rate.per_second() > events::HIGHEST_RATE {
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
    clients: u32,
    phases: &Phases,
    faults: &mut FaultList,
) {
    let Some(events) = events.filter(|_| !faults.has("events.rate")) else { return };
    let number = events.of_clients(clients).number_until(phases.warmup + phases.measure);
    let allowed = format!("at most {MOST_EVENTS} events in all, {number:.0} would be due: lower events.rate");
    section.check("measure", number <= f64::from(MOST_EVENTS), faults, &allowed);
}

/// Every fault of the text is one of the key's line. The command line's own were said when it was read.
fn inject(
    section: &Section,
    text: Option<&str>,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> Option<Inject> {
    let of_file = text.and_then(|text| {
        let said = text.parse::<Inject>().map_err(|InjectFaults(said)| said);
        said.map_err(|said| {
            for InjectFault { problem, hint } in said {
                section.fault("inject", faults, problem);
                faults.hint(hint);
            }
        })
        .ok()
    });
    overrides.inject.or(of_file)
}

fn sha256_hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The settings' keys whose durations are longer than any run: sums of instants with them would overflow.
fn overlong(settings: &Settings) -> Vec<String> {
    let serde_json::Value::Object(keys) = serde_json::to_value(settings).unwrap_or_default() else {
        return Vec::new();
    };
    let long = |value: &serde_json::Value| {
        value
            .as_str()
            .and_then(|text| text.parse::<Period>().ok())
            .is_some_and(|value| value > LONGEST_MEASURE)
    };
    keys.into_iter().filter(|(_, value)| long(value)).map(|(key, _)| key).collect()
}
