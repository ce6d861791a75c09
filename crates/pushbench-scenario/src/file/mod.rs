//! A scenario file's text to a plan, or to everything that is wrong with it.

mod answers;
pub(crate) mod capacity;
mod chat;
mod counts;
mod document;
mod drain;
mod events;
mod head;
pub(crate) mod keys;
pub(crate) mod life;
mod points;
mod processes;
mod recorded;
mod shape;
pub(crate) mod slow;
mod span;
pub(crate) mod thresholds;
mod together;
mod transports;

use std::io::{self, Read as _};
use std::path::Path;

use pushbench_transport::{Period, Settings};
use toml::de::DeTable;

pub use recorded::ReadFile;

use self::document::Beside;
use crate::fault::{Faults, LoadError};
use crate::overrides::Overrides;
use crate::plan::{Plan, Point};
use crate::scenario::Scenario;
use crate::section::{FaultList, Section};

/// Largest file that is read.
const LARGEST_FILE_BYTES: u64 = 1 << 20;
/// Most processes of a kind that a file may ask for.
pub(crate) const MOST_PROCESSES: u32 = 1000;
const LONGEST_MEASURE: Period = Period::from_secs(24 * 3600);
/// Highest rate of events and of arrivals, per second.
pub(crate) const HIGHEST_RATE: f64 = 1e6;
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
    let beside = Beside { text, path, overrides, file };
    let mut together = points::Together::new(lines);
    let mut plans = Vec::new();
    for points::Variant { point, document } in variants {
        let mut own = faults.fresh();
        let read = document::plan(&Section::new("", 1, Some(&document)), &beside, &mut own);
        together.add(&point.name, own.into_faults());
        plans.extend(read.map(|plan| Plan { point, ..plan }));
    }
    together.into(&mut faults);
    points::check_kinds(&plans, &mut faults);
    let mut points = points::selected(plans, &overrides.points);
    points.retain(|plan| !plan.transports.is_empty());
    points::count_labels(&mut points);
    if faults.is_empty() && points.is_empty() {
        faults.push(None, "--only", "none of the points that are left has such a transport");
    }
    if faults.is_empty() { Ok(Scenario { points, varies }) } else { Err(faults.finish(path)) }
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
