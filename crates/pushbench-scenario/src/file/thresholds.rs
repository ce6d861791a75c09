//! `[thresholds]`: conditions on figures of the summary, for every transport or for one label.

use std::sync::LazyLock;

use pushbench_measure::results::{Summary, Unit};
use pushbench_transport::quantity::QuantityError;
use pushbench_transport::{Kind, Period, Size};
use toml::de::DeValue;

use super::transports::Transports;
use crate::plan::{Comparison, Threshold, TransportPlan};
use crate::quantity::{Share, decimal};
use crate::section::{FaultList, Section, article, nearest};

/// A figure that a scenario may set bounds to.
pub(crate) struct Figure {
    /// Its name in scenarios: the column without the unit at its end.
    pub(crate) name: &'static str,
    /// The column of the summary.
    pub(crate) column: &'static str,
    /// What bounds are written in.
    pub(crate) unit: Unit,
}

/// A condition in that unit, for messages and the schema.
pub(crate) fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => "< 250ms",
        Unit::Bytes => "< 2KiB",
        Unit::Share => "> 90%",
        Unit::Count => "== 0",
    }
}

/// The bound in the unit of the column, or what is wrong with it.
fn bound_in(unit: Unit, text: &str) -> Result<f64, String> {
    let (bound, allowed) = match unit {
        Unit::Time => match text.parse::<Period>() {
            Err(error @ QuantityError::PeriodTooLarge(_)) => return Err(error.to_string()),
            period => (period.ok().map(|period| period.as_ns() as f64 / 1e3), "a duration"),
        },
        Unit::Bytes => match text.parse::<Size>() {
            Err(error @ QuantityError::SizeTooLarge(_)) => return Err(error.to_string()),
            size => (size.ok().map(|size| size.bytes() as f64), "a size"),
        },
        Unit::Share => (text.parse::<Share>().ok().map(|share| share.part()), "a share"),
        Unit::Count => (decimal(text), "a bare number"),
    };
    let example = example(unit);
    bound.ok_or_else(|| {
        format!("`{text}` is no bound of this figure: {allowed} is allowed, such as \"{example}\"")
    })
}

/// Every figure, in the order of the summary.
pub(crate) static FIGURES: LazyLock<Vec<Figure>> = LazyLock::new(|| {
    let figure = |column: &&'static str| Figure {
        name: Summary::name_of(column),
        column,
        unit: Summary::unit(column),
    };
    Summary::FIGURES.iter().map(figure).collect()
});

/// Longer operators first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::Differs),
    ("<", Comparison::Less),
    (">", Comparison::More),
];

/// A condition and the label it is for; `None`: for all.
pub(super) type Rule = (Option<String>, Threshold);

/// The conditions in the order of the file.
pub(super) fn read(section: &Section, transports: &Transports, faults: &mut FaultList) -> Vec<Rule> {
    let mut rules = Vec::new();
    for key in section.keys() {
        if section.value(key).is_some_and(|value| value.get_ref().is_table()) {
            if let Some((problem, hint)) = transports.problem(key) {
                section.fault(key, faults, problem);
                faults.hint(hint);
            }
            let table = section.child(key, faults);
            for figure in table.keys() {
                rules.extend(threshold(&table, figure, faults).map(|rule| (Some(key.to_owned()), rule)));
            }
        } else {
            rules.extend(threshold(section, key, faults).map(|rule| (None, rule)));
        }
    }
    rules
}

const LABEL_HINT: &str = "conditions for one label have a table of their own: [thresholds.LABEL]";

/// Whether whoever wrote this key took `[thresholds]` for an entry of `[[transports]]`.
fn is_key_of_a_transport(name: &str) -> bool {
    let of_settings = |kind: &Kind| {
        let settings = serde_json::to_value(kind.default_settings()).unwrap_or_default();
        settings.get(name).is_some()
    };
    name == "label" || Kind::ALL.iter().any(of_settings)
}

fn threshold(section: &Section, name: &str, faults: &mut FaultList) -> Option<Threshold> {
    let Some(figure) = FIGURES.iter().find(|figure| figure.name == name) else {
        let names: Vec<&str> = FIGURES.iter().map(|figure| figure.name).collect();
        let column = FIGURES.iter().find(|figure| figure.column == name).map(|figure| figure.name);
        section.fault(
            name,
            faults,
            "unknown figure, allowed: the columns of summary.csv without `_us` at their end",
        );
        let near = || column.or_else(|| nearest(name, &names)).map(|near| format!("did you mean `{near}`?"));
        faults.hint(if is_key_of_a_transport(name) { Some(LABEL_HINT.to_owned()) } else { near() });
        return None;
    };
    let example = example(figure.unit);
    let text = match section.value(name)?.get_ref() {
        DeValue::String(text) => text.trim(),
        other => {
            let found = article(other);
            section.fault(
                name,
                faults,
                format!("found {found}, expected a comparison such as \"{example}\""),
            );
            return None;
        }
    };
    if text.contains(char::is_control) {
        section.fault(name, faults, super::head::NO_CONTROL);
        return None;
    }
    let split =
        OPERATORS.iter().find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?.trim())));
    let Some((comparison, bound)) = split else {
        let problem = format!("`{text}` does not begin with <, <=, ==, !=, >= or >, such as \"{example}\"");
        section.fault(name, faults, problem);
        return None;
    };
    let value = bound_in(figure.unit, bound).map_err(|problem| section.fault(name, faults, problem)).ok()?;
    Some(Threshold {
        label: String::new(),
        figure: name.to_owned(),
        column: figure.column.to_owned(),
        comparison,
        bound: value,
        condition: text.to_owned(),
    })
}

/// The conditions of every label: its own, and the general ones of figures for which it has none.
pub(super) fn of_labels(rules: &[Rule], transports: &[TransportPlan]) -> Vec<Threshold> {
    let mut thresholds = Vec::new();
    for TransportPlan { label, .. } in transports {
        let own = |rule: &&Rule| rule.0.as_ref() == Some(label);
        let replaced = |figure: &str| rules.iter().filter(own).any(|(_, rule)| rule.figure == figure);
        let holds = |rule: &&Rule| own(rule) || (rule.0.is_none() && !replaced(&rule.1.figure));
        let labelled = |(_, rule): &Rule| Threshold { label: label.clone(), ..rule.clone() };
        thresholds.extend(rules.iter().filter(holds).map(labelled));
    }
    thresholds
}
