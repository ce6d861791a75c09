//! `[[transports]]`: what is compared. The keys of an entry belong to its transport.

use pushbench_transport::Kind;
use pushbench_transport::settings::TransportSettings as _;
use toml::de::DeValue;

use super::head::{FOLDER_NAME, names_a_folder};
use super::overlong;
use crate::plan::TransportPlan;
use crate::section::{FaultList, Section, article, nearest};

/// The folder of the charts stands beside those of the labels.
const RESERVED_LABEL: &str = "charts";

/// An entry of the list.
pub(super) struct Entry {
    pub(super) plan: TransportPlan,
    /// Whether its settings are as the file wants them, so that more may be concluded from them.
    pub(super) whole: bool,
}

/// The list as far as it could be read.
#[derive(Default)]
pub(super) struct Transports {
    /// Every entry of a known kind.
    pub(super) entries: Vec<Entry>,
    /// Labels that are taken, with the lines of their entries.
    labels: Vec<(String, u32)>,
    /// Entries without a label, because label or kind are at fault.
    unlabelled: usize,
}

impl Transports {
    /// Why no entry has this label, and the label that was probably meant; nothing while some labels are unknown.
    pub(super) fn problem(&self, label: &str) -> Option<(String, Option<String>)> {
        let known: Vec<&str> = self.labels.iter().map(|(label, _)| label.as_str()).collect();
        if known.contains(&label) || self.unlabelled > 0 || known.is_empty() {
            return None;
        }
        let problem = format!("no transport has the label `{label}`, labels are {}", known.join(", "));
        Some((problem, nearest(label, &known).map(|near| format!("did you mean `{near}`?"))))
    }

    /// Those that run where only these labels were asked for; without labels, all.
    pub(super) fn selected<'a>(&'a self, labels: &'a [String]) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(|entry| is_selected(&entry.plan, labels))
    }
}

/// Reads the list.
pub(super) fn read(top: &Section, faults: &mut FaultList) -> Transports {
    let line = top.line_of("transports", faults);
    let list = match top.value("transports").map(toml::Spanned::get_ref) {
        Some(DeValue::Array(list)) if !list.is_empty() => list,
        Some(DeValue::Array(_)) | None => {
            faults.push(Some(line), "transports", "missing: at least one [[transports]]");
            return Transports::default();
        }
        Some(DeValue::Table(_)) => {
            faults.push(Some(line), "transports", "expected a list of tables, found a table");
            faults.hint(Some("write [[transports]] with two brackets".to_owned()));
            return Transports::default();
        }
        Some(other) => {
            faults.push(
                Some(line),
                "transports",
                format!("expected [[transports]] tables, found {}", article(other)),
            );
            return Transports::default();
        }
    };
    let mut transports = Transports::default();
    for (at, value) in list.iter().enumerate() {
        let path = format!("transports[{at}]");
        let line = faults.line_at(value.span().start);
        let Some(table) = value.get_ref().as_table() else {
            faults.push(Some(line), &path, format!("expected a table, found {}", article(value.get_ref())));
            continue;
        };
        let section = Section::new(path, line, Some(table));
        let kind = kind(&section, faults);
        let label = label(&section, kind, &transports.labels, faults);
        match &label {
            Some(label) => transports.labels.push((label.clone(), line)),
            None => transports.unlabelled += 1,
        }
        if let Some(kind) = kind {
            transports.entries.push(entry(&section, kind, label.unwrap_or_default(), faults));
        }
    }
    transports
}

fn kind(section: &Section, faults: &mut FaultList) -> Option<Kind> {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let allowed = names.join(", ");
    let Some(value) = section.value("kind") else {
        section.require("kind", faults, &format!("one of {allowed}"));
        return None;
    };
    let Some(name) = value.get_ref().as_str() else {
        let found = article(value.get_ref());
        section.fault("kind", faults, format!("found {found}, expected one of {allowed}"));
        return None;
    };
    let kind = Kind::from_name(name);
    if kind.is_none() {
        section.fault("kind", faults, format!("unknown value `{name}`, allowed: {allowed}"));
        faults.hint(nearest(name, &names).map(|near| format!("did you mean \"{near}\"?")));
    }
    kind
}

/// The entry's label if it can be one.
fn label(
    section: &Section,
    kind: Option<Kind>,
    taken: &[(String, u32)],
    faults: &mut FaultList,
) -> Option<String> {
    let written = section.value("label").map(toml::Spanned::get_ref);
    let label = match (written, written.and_then(DeValue::as_str)) {
        (None, _) => kind?.name().to_owned(),
        (_, Some(label)) => label.to_owned(),
        (Some(other), None) => {
            let found = article(other);
            section.fault("label", faults, format!("found {found}, expected text such as \"polling-1s\""));
            return None;
        }
    };
    if !names_a_folder(&label) {
        section.fault("label", faults, format!("`{label}`: {FOLDER_NAME}"));
        return None;
    }
    if label == RESERVED_LABEL {
        section.fault("label", faults, "`charts` is the name of the charts' folder, any other is allowed");
        return None;
    }
    if let Some((_, line)) = taken.iter().find(|(other, _)| *other == label) {
        section.fault(
            "label",
            faults,
            format!("`{label}` is taken by the entry of line {line}, labels differ"),
        );
        let absent = section.value("label").is_none();
        faults.hint(
            absent.then(|| "the default label is the kind: add label = \"…\" to one of them".to_owned()),
        );
        return None;
    }
    Some(label)
}

fn entry(section: &Section, kind: Kind, label: String, faults: &mut FaultList) -> Entry {
    let settings = section.read(kind.default_settings(), Some("kind"), &["label"], faults);
    for fault in settings.faults() {
        section.check(fault.key, false, faults, &fault.allowed);
    }
    for key in overlong(&settings) {
        if !faults.has(&section.key_path(&key)) {
            section.check(&key, false, faults, "at most 24h");
        }
    }
    let whole = !section.keys().iter().any(|key| faults.has(&section.key_path(key)));
    Entry { plan: TransportPlan { label, settings }, whole }
}

/// The entries that `--only` leaves.
pub(super) fn only(transports: &Transports, labels: &[String], faults: &mut FaultList) -> Vec<TransportPlan> {
    for label in labels {
        if let Some((problem, hint)) = transports.problem(label) {
            faults.push(None, "--only", problem);
            faults.hint(hint);
        }
    }
    transports.selected(labels).map(|entry| entry.plan.clone()).collect()
}

fn is_selected(plan: &TransportPlan, labels: &[String]) -> bool {
    labels.is_empty() || labels.contains(&plan.label)
}
