//! `clients.count` as it is written: every wrong entry of a list is a fault of its own.

use toml::de::{DeInteger, DeValue};

use crate::choice::ClientCounts;
use crate::section::{FaultList, Section, article};

/// Faults of the number at `key`, or of the entries of the list there, each at its own line. What is neither has none
/// here.
pub(super) fn check(section: &Section, key: &str, faults: &mut FaultList) {
    let entries = match section.value(key).map(toml::Spanned::get_ref) {
        Some(DeValue::Array(entries)) => entries,
        Some(DeValue::Integer(number)) => {
            section.check(key, count(number).is_some(), faults, ClientCounts::ALLOWED);
            return;
        }
        _ => return,
    };
    let mut before = None;
    for (at, entry) in entries.iter().enumerate() {
        let problem = match entry.get_ref() {
            DeValue::Integer(number) => match (count(number), before) {
                (None, _) => Some(format!("out of range: {}", ClientCounts::ALLOWED_EACH)),
                (Some(count), Some(before)) if count <= before => {
                    Some(format!("{count} after {before}: each is more than the one before"))
                }
                (Some(count), _) => {
                    before = Some(count);
                    None
                }
            },
            other => Some(format!("found {}, expected {}", article(other), ClientCounts::ALLOWED_EACH)),
        };
        if let Some(problem) = problem {
            let line = faults.line_at(entry.span().start);
            faults.push(Some(line), &format!("{}[{at}]", section.key_path(key)), problem);
        }
    }
}

/// A number of clients that is allowed.
fn count(number: &DeInteger<'_>) -> Option<u32> {
    let count = u32::from_str_radix(number.as_str(), number.radix()).ok()?;
    (1..=ClientCounts::MOST).contains(&count).then_some(count)
}
