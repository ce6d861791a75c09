//! `[sweep]` and `[[cases]]`: the variants of a file, each the file's own tables with some keys replaced.
//!
//! A variant is a document like any other and is read by the same code, so a key may vary exactly as it may be written.
//! Replaced keys and values keep their places in the text: a fault names the line of the sweep or of the case. What a
//! value may be is not known here.

mod cases;
mod patch;
mod select;
mod sweep;
mod together;

use std::collections::BTreeSet;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::overrides::Overrides;
use crate::plan::{Plan, Point};
use crate::scenario::Varies;
use crate::section::{FaultList, Section};

pub(super) use select::{check as check_selection, selected};
pub(super) use together::Together;

/// Most points of a file.
const MOST_POINTS: usize = 1_000;
/// The tables that make points.
const TABLES: [&str; 2] = ["sweep", "cases"];

/// A document that is to be read instead of the file's.
pub(super) struct Variant<'i> {
    pub(super) point: Point,
    /// Without the tables that made it.
    pub(super) document: DeTable<'i>,
}

/// The variants of a file.
pub(super) struct Variants<'i> {
    pub(super) varies: Varies,
    /// None where the file has none, and where they are at fault.
    pub(super) all: Vec<Variant<'i>>,
    /// First and last line of what made them: a fault there need not say which variant it is of.
    pub(super) lines: (u32, u32),
}

/// Reads what varies.
pub(super) fn read<'i>(
    document: &DeTable<'i>,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> Variants<'i> {
    let top = Section::new("", 1, Some(document));
    let mut base = document.clone();
    for table in TABLES {
        base.remove(table);
    }
    let made: Vec<&str> = TABLES.into_iter().filter(|table| top.value(table).is_some()).collect();
    let lines = lines(&top, &made, faults);
    let (varies, all) = match made[..] {
        [] => (Varies::Nothing, Vec::new()),
        ["sweep"] => sweep::read(&top, &base, overrides, faults),
        ["cases"] => (Varies::Cases, cases::read(&top, &base, faults)),
        _ => {
            top.fault("cases", faults, "a file has a [sweep] or [[cases]], not both");
            (Varies::Nothing, Vec::new())
        }
    };
    if !made.is_empty() && top.value("capacity").is_some() {
        top.fault("capacity", faults, format!("not together with [{}]", made[0]));
        faults.hint(Some("a search varies a key by itself: put it into a file of its own".to_owned()));
    }
    Variants { varies, all, lines }
}

/// First and last line of some tables.
fn lines(top: &Section, tables: &[&str], faults: &FaultList) -> (u32, u32) {
    let first = tables.iter().map(|table| top.line_of(table, faults)).min();
    let ends = tables.iter().filter_map(|table| top.value(table)).map(end);
    (first.unwrap_or(0), ends.max().map_or(0, |end| faults.line_at(end)))
}

/// The last byte of a value or of anything below it.
fn end(value: &toml::Spanned<DeValue<'_>>) -> usize {
    let below = match value.get_ref() {
        DeValue::Array(entries) => entries.iter().map(end).max(),
        DeValue::Table(table) => table.values().map(end).max(),
        _ => None,
    };
    below.unwrap_or(0).max(value.span().end.saturating_sub(1))
}

/// A value as it stands in a point's name: as written, without the quotes.
fn worded(value: &DeValue<'_>) -> String {
    let listed = |entries: Vec<String>| entries.join(", ");
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => decimal(number),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(instant) => instant.to_string(),
        DeValue::Array(entries) => {
            format!("[{}]", listed(entries.iter().map(|entry| worded(entry.get_ref())).collect()))
        }
        DeValue::Table(table) => {
            let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
                format!("{}={}", key.get_ref(), worded(value.get_ref()))
            };
            format!("{{{}}}", listed(table.iter().map(entry).collect()))
        }
    }
}

/// The number in decimal digits, so that two ways to write it are one.
fn decimal(number: &DeInteger<'_>) -> String {
    i128::from_str_radix(number.as_str(), number.radix())
        .map_or_else(|_| number.to_string(), |number| number.to_string())
}

/// Tells each plan how many labels there are of all of them.
pub(super) fn count_labels(plans: &mut [Plan]) {
    let all = plans.iter().flat_map(|plan| &plan.transports).map(|transport| transport.label.as_str());
    let labels = all.collect::<BTreeSet<_>>().len() as u32;
    for plan in plans {
        plan.labels = labels;
    }
}

/// Whether labels mean the same at all points: a label is a colour of the charts and a folder of results.
pub(super) fn check_kinds(plans: &[Plan], faults: &mut FaultList) {
    let mut known: Vec<(&str, _, &str)> = Vec::new();
    for plan in plans {
        for transport in &plan.transports {
            let kind = transport.settings.kind();
            match known.iter().find(|(label, ..)| *label == transport.label) {
                None => known.push((&transport.label, kind, &plan.point.name)),
                Some((label, of, point)) if *of != kind => faults.push(
                    None,
                    "cases",
                    format!(
                        "`{label}` is {of} in `{point}` and {kind} in `{}`: a label has one kind",
                        plan.point.name
                    ),
                ),
                Some(_) => {}
            }
        }
    }
}
