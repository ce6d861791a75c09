//! `[sweep]`: one or two keys with lists of values; every value of one meets every value of the other.

use pushbench_measure::results::{SweepRecord, SweptKey};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{MOST_POINTS, Variant, patch, worded};
use crate::file::thresholds::FIGURES;
use crate::overrides::Overrides;
use crate::plan::Point;
use crate::scenario::Varies;
use crate::section::{FaultList, Section, article, nearest};

/// Most keys of a sweep: what a map has axes for.
const MOST_KEYS: usize = 2;
/// The key of the sweep that is no key of a plan.
const CHEAPEST: &str = "cheapest";
/// What transports are ranked by unless the file says.
const CHEAPEST_DEFAULT: &str = "target_cpu_us_per_client_second";
/// Keys and tables that change nothing of what is measured, or everything.
const FIXED: [&str; 5] = ["name", "title", "thresholds", "capacity", "cases"];
/// Options of the command line, with the key that each replaces.
type Replaces = (&'static str, &'static str, fn(&Overrides) -> bool);
const OPTIONS: [Replaces; 5] = [
    ("--clients", "clients.count", |overrides| overrides.clients.is_some()),
    ("--rate", "events.rate", |overrides| overrides.rate.is_some()),
    ("--duration", "phases.measure", |overrides| overrides.duration.is_some()),
    ("--seed", "seed", |overrides| overrides.seed.is_some()),
    ("--inject", "target.inject", |overrides| overrides.inject.is_some()),
];

/// A key with its values, where they stand in the text.
struct Key<'d, 'i> {
    path: String,
    line: u32,
    values: Vec<&'d Spanned<DeValue<'i>>>,
}

/// The cells, row by row of the first key.
pub(super) fn read<'i>(
    top: &Section<'_, 'i>,
    base: &DeTable<'i>,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> (Varies, Vec<Variant<'i>>) {
    let section = top.child("sweep", faults);
    let cheapest = cheapest(&section, faults);
    let mut keys = Vec::new();
    keys_of(&section, "", faults, &mut keys);
    keys.sort_by_key(|key| key.line);
    check(&section, &keys, faults);
    for (option, path, given) in OPTIONS {
        if given(overrides) && keys.iter().any(|key| key.path == path) {
            faults.push(None, option, format!("the file sweeps over {path}, which this would replace"));
            faults.hint(Some("take some of its cells with --points, such as --points 1".to_owned()));
        }
    }
    let steps = top.child("clients", faults).value("count").map(Spanned::get_ref);
    let swept = keys.iter().any(|key| key.path == "clients.count");
    if matches!(steps, Some(DeValue::Array(_))) && !swept {
        top.child("clients", faults).fault("count", faults, "a cell of a sweep has one number of clients");
        faults.hint(Some("write \"clients.count\" = […] below [sweep]".to_owned()));
    }
    let worded_of = |key: &Key<'_, '_>| key.values.iter().map(|value| worded(value.get_ref())).collect();
    let record = SweepRecord {
        keys: keys.iter().map(|key| SweptKey { key: key.path.clone(), values: worded_of(key) }).collect(),
        cheapest,
    };
    if !faults.is_empty() {
        // Of what is left, so that what else is wrong with the file is told as well.
        keys.retain(|key| !faults.has(&format!("sweep.{}", key.path)));
        keys.truncate(MOST_KEYS);
        if faults.has("sweep") {
            for key in &mut keys {
                key.values.truncate(1);
            }
        }
    }
    let all = cells(&keys, base, faults);
    (Varies::Sweep(record), all)
}

/// Lists of values by their path. A dotted key without quotes is a table to TOML, and means the same here.
fn keys_of<'d, 'i>(
    section: &Section<'d, 'i>,
    prefix: &str,
    faults: &mut FaultList,
    keys: &mut Vec<Key<'d, 'i>>,
) {
    for name in section.keys() {
        let path = format!("{prefix}{name}");
        let line = section.line_of(name, faults);
        match section.value(name).map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => {
                let below = section.child(name, faults);
                keys_of(&below, &format!("{path}."), faults, keys);
            }
            _ if path == CHEAPEST => {}
            Some(DeValue::Array(values)) => {
                if values.is_empty() {
                    section.fault(name, faults, "an empty list: at least one value");
                }
                keys.push(Key { path, line, values: values.iter().collect() });
            }
            Some(other) => {
                section.fault(name, faults, format!("found {}, expected a list of values", article(other)));
                faults.hint(Some(format!("write \"{path}\" = […] with the values to try")));
            }
            None => {}
        }
    }
}

fn check(section: &Section, keys: &[Key<'_, '_>], faults: &mut FaultList) {
    if keys.is_empty() && !faults.has("sweep") && !faults.has_below("sweep") {
        faults.push(
            Some(section.line),
            "sweep",
            "no key to vary: one or two, such as \"events.rate\" = [\"1/s\", \"10/s\"]",
        );
    }
    if let Some(key) = keys.get(MOST_KEYS) {
        let problem = format!("a third key: a sweep has at most {MOST_KEYS}");
        faults.push(Some(key.line), &format!("sweep.{}", key.path), problem);
    }
    for (at, key) in keys.iter().enumerate() {
        check_key(key, keys[..at].iter().any(|before| before.path == key.path), faults);
    }
    let cells = keys.iter().fold(1, |cells: usize, key| cells.saturating_mul(key.values.len()));
    if cells > MOST_POINTS {
        faults.push(Some(section.line), "sweep", format!("{cells} cells: at most {MOST_POINTS}"));
    }
}

fn check_key(key: &Key<'_, '_>, taken: bool, faults: &mut FaultList) {
    let path = format!("sweep.{}", key.path);
    let first = key.path.split('.').next().unwrap_or_default();
    if taken {
        faults.push(Some(key.line), &path, "is there twice");
    }
    if FIXED.contains(&first) || key.path == "transports" {
        faults.push(Some(key.line), &path, "cannot be varied by a sweep");
        faults.hint(Some("[[cases]] may differ in whole tables and transports".to_owned()));
    }
    for (at, value) in key.values.iter().enumerate() {
        let line = faults.line_at(value.span().start);
        let place = format!("{path}[{at}]");
        let words = worded(value.get_ref());
        if key.values[..at].iter().any(|before| worded(before.get_ref()) == words) {
            faults.push(Some(line), &place, format!("`{words}` is there twice"));
        }
        if key.path == "clients.count" && value.get_ref().is_array() {
            faults.push(Some(line), &place, "a cell of a sweep has one number of clients");
        }
    }
}

/// The column by which transports are ranked; both its name and that of its figure are taken.
fn cheapest(section: &Section, faults: &mut FaultList) -> String {
    let default = CHEAPEST_DEFAULT.to_owned();
    let Some(value) = section.value(CHEAPEST) else { return default };
    let Some(name) = value.get_ref().as_str() else {
        let found = article(value.get_ref());
        section.fault(
            CHEAPEST,
            faults,
            format!("found {found}, expected text such as \"{CHEAPEST_DEFAULT}\""),
        );
        return default;
    };
    if let Some(figure) = FIGURES.iter().find(|figure| figure.column == name || figure.name == name) {
        return figure.column.to_owned();
    }
    section.fault(CHEAPEST, faults, format!("`{name}` is no column of summary.csv that holds numbers"));
    let columns: Vec<&str> = FIGURES.iter().map(|figure| figure.column).collect();
    faults.hint(nearest(name, &columns).map(|near| format!("did you mean \"{near}\"?")));
    default
}

fn cells<'i>(keys: &[Key<'_, 'i>], base: &DeTable<'i>, faults: &mut FaultList) -> Vec<Variant<'i>> {
    let mut cells = vec![Variant { point: Point::default(), document: base.clone() }];
    for key in keys {
        let path: Vec<&str> = key.path.split('.').collect();
        let mut further = Vec::new();
        for cell in &cells {
            for value in &key.values {
                let mut document = cell.document.clone();
                if let Err((problem, hint)) = patch::set(&mut document, &path, value) {
                    faults.push(Some(key.line), &format!("sweep.{}", key.path), problem);
                    faults.hint(hint);
                    return Vec::new();
                }
                let mut values = cell.point.values.clone();
                values.push((key.path.clone(), worded(value.get_ref())));
                further.push(Variant { point: Point { name: name_of(&values), values }, document });
            }
        }
        cells = further;
    }
    cells
}

/// `events.rate=5/s clients.count=100`.
fn name_of(values: &[(String, String)]) -> String {
    let words: Vec<String> = values.iter().map(|(key, value)| format!("{key}={value}")).collect();
    words.join(" ")
}
