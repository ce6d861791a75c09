//! `[[cases]]`: named variants; whatever keys a case has are laid upon the file's.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{MOST_POINTS, Variant, patch, worded};
use crate::file::head::{FOLDER_NAME, names_a_folder};
use crate::plan::Point;
use crate::section::{FaultList, Section, article};

/// Keys of the file that are not a case's to change.
const FIXED: [&str; 4] = ["title", "sweep", "cases", "capacity"];

/// The cases in the order of the file.
pub(super) fn read<'i>(
    top: &Section<'_, 'i>,
    base: &DeTable<'i>,
    faults: &mut FaultList,
) -> Vec<Variant<'i>> {
    let line = top.line_of("cases", faults);
    let Some(DeValue::Array(list)) = top.value("cases").map(Spanned::get_ref) else {
        faults.push(Some(line), "cases", "expected a list of tables");
        faults.hint(Some("write [[cases]] with two brackets".to_owned()));
        return Vec::new();
    };
    if list.is_empty() || list.len() > MOST_POINTS {
        faults.push(Some(line), "cases", format!("{} cases: 1 to {MOST_POINTS}", list.len()));
        return Vec::new();
    }
    let mut taken: Vec<(String, u32)> = Vec::new();
    let mut cases = Vec::new();
    for (at, value) in list.iter().enumerate() {
        let path = format!("cases[{at}]");
        let line = faults.line_at(value.span().start);
        let DeValue::Table(table) = value.get_ref() else {
            faults.push(Some(line), &path, format!("expected a table, found {}", article(value.get_ref())));
            continue;
        };
        let section = Section::new(path, line, Some(table));
        for key in FIXED.into_iter().filter(|key| section.value(key).is_some()) {
            section.fault(key, faults, "a case cannot change this");
        }
        if let Some(name) = name(&section, &taken, faults) {
            taken.push((name.clone(), line));
            cases.push(case(name, table, base));
        }
    }
    cases
}

fn name(section: &Section, taken: &[(String, u32)], faults: &mut FaultList) -> Option<String> {
    let Some(value) = section.value("name") else {
        section.require("name", faults, "every case is named, such as name = \"idle\"");
        return None;
    };
    let Some(name) = value.get_ref().as_str() else {
        let found = article(value.get_ref());
        section.fault("name", faults, format!("found {found}, expected text such as \"idle\""));
        return None;
    };
    if !names_a_folder(name) {
        section.fault("name", faults, format!("`{name}`: {FOLDER_NAME}"));
        return None;
    }
    if let Some((_, line)) = taken.iter().find(|(other, _)| other == name) {
        section.fault("name", faults, format!("`{name}` is taken by the case of line {line}, names differ"));
        return None;
    }
    Some(name.to_owned())
}

fn case<'i>(name: String, table: &DeTable<'i>, base: &DeTable<'i>) -> Variant<'i> {
    let mut over = table.clone();
    over.remove("name");
    let mut values = Vec::new();
    leaves("", &over, &mut values);
    let mut document = base.clone();
    patch::merge(&mut document, &over);
    Variant { point: Point { name, values }, document }
}

/// What a case changes, key by key in the order of the file.
fn leaves(prefix: &str, table: &DeTable<'_>, values: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let path = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(below) => leaves(&format!("{path}."), below, values),
            DeValue::Array(list) if path == "transports" => {
                values.push((path, format!("{} of its own", list.len())));
            }
            other => values.push((path, worded(other))),
        }
    }
}
