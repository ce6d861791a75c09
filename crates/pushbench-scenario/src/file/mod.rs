//! A scenario file's text to a plan, or to everything that is wrong with it.

mod counts;
mod events;
pub(crate) mod keys;
mod life;
mod shape;
mod slow;
pub(crate) mod thresholds;
mod transports;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use pushbench_transport::settings::TransportSettings as _;
use pushbench_transport::{Period, Settings};
use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

use crate::choice::ClientCounts;
use crate::coalesce::Coalesce;
use crate::fault::{Faults, LoadError};
use crate::inject::{Inject, InjectFault, InjectFaults};
use crate::overrides::Overrides;
use crate::plan::{Events, Phases, Plan, Point};
use crate::section::{FaultList, Section};
use crate::slow::SlowPolicy;

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
const MOST_EVENTS: u32 = 10_000_000;
/// How much longer than the longest wait of a transport the drain must be.
const DRAIN_MARGIN: std::time::Duration = std::time::Duration::from_secs(1);

/// Reads the file at `path` and parses it.
///
/// # Errors
/// The file cannot be read, is not text, is larger than 1 MiB, or has faults.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Plan, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned(), limit_bytes: LARGEST_FILE_BYTES });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let (offset, text) = (error.utf8_error().valid_up_to(), String::from_utf8_lossy(error.as_bytes()));
        LoadError::NotText { path: path.to_owned(), line: FaultList::new(&text).line_at(offset) }
    })?;
    Ok(parse(&text, &path.display().to_string(), overrides)?)
}

/// Parses the text of a scenario file; `path` is what faults call it.
///
/// # Errors
/// Everything that is wrong with the text or the overrides, at once. A text that is not TOML has one fault.
pub fn parse(text: &str, path: &str, overrides: &Overrides) -> Result<Plan, Faults> {
    let mut faults = FaultList::new(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let line = faults.line_at(error.span().map_or(0, |span| span.start));
            faults.push(Some(line), "", format!("not TOML: {}", error.message()));
            return Err(faults.finish(path));
        }
    };
    let plan = plan(&Section::new("", 1, Some(document.get_ref())), text, path, overrides, &mut faults);
    match plan {
        Some(plan) if faults.is_empty() => Ok(plan),
        _ => Err(faults.finish(path)),
    }
}

/// `None` only if there are faults.
fn plan(
    top: &Section,
    text: &str,
    path: &str,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> Option<Plan> {
    let head = top.read(keys::Top::default(), None, &TABLES, faults);
    top.require("name", faults, "lowercase letters, digits and hyphens");
    if let Some(name) = &head.name
        && !names_a_folder(name)
    {
        top.fault("name", faults, format!("`{name}`: {FOLDER_NAME}"));
    }
    if head.name.as_deref() == Some(RESERVED_NAME) {
        top.fault("name", faults, "`compare` is the name of the comparisons' folder, any other is allowed");
    }
    if head.title.as_deref().is_some_and(|title| title.contains(char::is_control)) {
        top.fault("title", faults, NO_CONTROL);
    }

    let clients = top.child("clients", faults);
    counts::check(&clients, "count", faults);
    let arrivals = clients.read(keys::Clients::default(), None, &[], faults);
    let steps = steps(&clients, arrivals.count, overrides, faults);
    let connect_rate = arrivals.connect_rate.per_second();
    let sensible = connect_rate > 0.0 && connect_rate <= events::HIGHEST_RATE;
    clients.check("connect_rate", sensible, faults, "more than 0/s, at most 1000000/s");

    let event_section = top.child("events", faults);
    let events = events::read(&event_section, &steps, faults)
        .map(|events| Events { rate: rate(events.rate, overrides, faults), ..events });
    let phase_section = top.child("phases", faults);
    let phases = phases(&phase_section, overrides, faults);
    let presence = shape::read(&clients, shape::Of::Clients, &phases, faults);
    // Also where events have faults: its own are told with theirs.
    let rate_shape = shape::read(&event_section, shape::Of::Rate, &phases, faults);
    let events = events.map(|events| Events { shape: rate_shape, ..events });
    shape::check_peak(&event_section, events.as_ref(), faults);
    check_number_of_events(&phase_section, events.as_ref(), &phases, faults);
    let life = life::read(&top.child("life", faults), faults);
    let slow = slow::read(&top.child("slow", faults), faults);
    let transports = transports::read(top, faults);
    let thresholds = thresholds::read(&top.child("thresholds", faults), &transports, faults);

    let target = top.child("target", faults);
    let target_keys = target.read(keys::Target::default(), None, &[], faults);
    target.check("ring", (1..=1_000_000).contains(&target_keys.ring), faults, "1 to 1000000 events");
    let inject = inject(&target, target_keys.inject.as_deref(), overrides, faults);
    let held_back = HeldBack { inject, coalesce: target_keys.coalesce };
    check_drain(&phase_section, &phases, transports.selected(&overrides.only), held_back, faults);
    let workers = top.child("workers", faults);
    let worker_keys = workers.read(keys::Workers::default(), None, &[], faults);
    for (section, processes) in [(&target, target_keys.processes), (&workers, worker_keys.processes)] {
        let sensible = processes.is_none_or(|count| (1..=MOST_PROCESSES).contains(&count));
        section.check("processes", sensible, faults, "1 to 1000 processes");
    }

    let rounds = overrides.repeat.unwrap_or(1);
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        faults.push(None, "--repeat", format!("{rounds} is out of range: 1 to {MOST_ROUNDS} rounds"));
    }
    let transports = transports::only(transports, &overrides.only, faults);
    let name = head.name?;
    Some(Plan {
        title: head.title.unwrap_or_else(|| name.clone()),
        name,
        path: path.to_owned(),
        text: text.to_owned(),
        sha256: sha256_hex(text),
        overrides: overrides.lines(),
        seed: overrides.seed.unwrap_or(head.seed),
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
        thresholds: thresholds::of_labels(&thresholds, &transports),
        transports,
        target_processes: target_keys.processes,
        ring_events: target_keys.ring,
        coalesce: target_keys.coalesce,
        slow_policy: SlowPolicy::default(),
        inject,
        worker_processes: worker_keys.processes,
        point: Point::default(),
    })
}

/// Free text goes to terminals as it is.
pub(crate) const NO_CONTROL: &str = "no control characters are allowed, such as escapes and line breaks";

const FOLDER_NAME: &str =
    "it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last";

/// The folder of comparisons stands beside those of the scenarios.
const RESERVED_NAME: &str = "compare";

/// Whether a name can be a folder's on every system, and an argument of the command line.
fn names_a_folder(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
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
    phases: &Phases,
    faults: &mut FaultList,
) {
    let Some(events) = events.filter(|_| !faults.has("events.rate")) else { return };
    let number = events.number_until(phases.warmup + phases.measure);
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

/// What of the target's keys holds events back by design.
#[derive(Debug, Clone, Copy)]
struct HeldBack {
    inject: Option<Inject>,
    coalesce: Coalesce,
}

impl HeldBack {
    fn longest(self) -> std::time::Duration {
        self.inject.map_or(std::time::Duration::ZERO, |inject| inject.longest_hold())
            + self.coalesce.longest_hold()
    }

    /// Behind the transport's own wait: how long, and by what.
    fn in_words(self) -> String {
        let injected = self.inject.map(|inject| (inject.longest_hold(), "injected faults"));
        let coalesced =
            Some((self.coalesce.longest_hold(), "target.coalesce")).filter(|(hold, _)| !hold.is_zero());
        let said = |(hold, by)| format!(" and {} by {by}", Period::from_duration(hold));
        injected.into_iter().chain(coalesced).map(said).collect()
    }
}

/// An event that a transport may still hold back by design when the drain ends would be counted as lost.
fn check_drain<'a>(
    section: &Section,
    phases: &Phases,
    transports: impl Iterator<Item = &'a transports::Entry>,
    held_back: HeldBack,
    faults: &mut FaultList,
) {
    if faults.has("phases.drain") {
        return;
    }
    let wait = |entry: &transports::Entry| entry.plan.settings.longest_wait();
    let Some(longest) = transports.filter(|entry| entry.whole).max_by_key(|entry| wait(entry)) else {
        return;
    };
    let needed = wait(longest) + held_back.longest() + DRAIN_MARGIN;
    if phases.drain >= needed {
        return;
    }
    let [drain, wait, needed] = [phases.drain, wait(longest), needed].map(Period::from_duration);
    let (label, more) = (&longest.plan.label, held_back.in_words());
    section.fault(
        "drain",
        faults,
        format!(
            "{drain} is too short: an event may wait {wait} in `{label}`{more}, so at least {needed} is needed"
        ),
    );
    faults.hint(Some(match held_back.inject {
        Some(_) => format!("write drain = \"{needed}\", or inject less"),
        None => format!("write drain = \"{needed}\", or have `{label}` wait less"),
    }));
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
