//! Tables of a scenario file, read key by key into the types that own the keys.
//!
//! A section's known keys are those of its type's serialized default, so a type that gains a field gains a key. Each
//! present key is deserialized by itself: every wrong value becomes a fault of its own line, and the others are kept.
//! What values are sensible is not known here.

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::{Fault, Faults};

/// Collects faults and knows the lines of the text.
pub(crate) struct FaultList {
    line_starts: Vec<usize>,
    faults: Vec<Fault>,
}

impl FaultList {
    pub(crate) fn new(text: &str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            line_starts: std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect(),
            faults: Vec::new(),
        }
    }

    /// The line, from 1, of a byte of the text.
    pub(crate) fn line_at(&self, offset: usize) -> u32 {
        self.line_starts.partition_point(|start| *start <= offset) as u32
    }

    /// None yet, of the same text.
    pub(crate) fn fresh(&self) -> Self {
        Self { line_starts: self.line_starts.clone(), faults: Vec::new() }
    }

    /// All faults, as they were found.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Adds a fault that was found elsewhere.
    pub(crate) fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(crate) fn push(&mut self, line: Option<u32>, key: &str, problem: impl Into<String>) {
        self.faults.push(Fault { line, key: key.to_owned(), problem: problem.into(), hint: None });
    }

    /// Adds a remedy to the newest fault.
    pub(crate) fn hint(&mut self, hint: Option<String>) {
        if let (Some(fault), Some(_)) = (self.faults.last_mut(), &hint) {
            fault.hint = hint;
        }
    }

    /// Whether this very key is at fault already, so that what follows from it need not be said.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.key == key)
    }

    /// Whether a key of this table is at fault already.
    pub(crate) fn has_below(&self, table: &str) -> bool {
        let below = |fault: &Fault| fault.key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
        self.faults.iter().any(below)
    }

    /// Whether an entry of the list at this key is at fault already.
    pub(crate) fn has_entry(&self, key: &str) -> bool {
        let of_list = |fault: &Fault| fault.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('['));
        self.faults.iter().any(of_list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// All faults, those of the command line first, then in the order of the file.
    pub(crate) fn finish(mut self, path: &str) -> Faults {
        self.faults.sort_by_key(|fault| fault.line);
        Faults { path: path.to_owned(), faults: self.faults }
    }
}

/// A table of the file; one that the file does not have is empty.
pub(crate) struct Section<'d, 'i> {
    /// Path of the table, empty for the top of the file.
    pub(crate) path: String,
    /// Line of the table's header; 1 for a table that does not exist.
    pub(crate) line: u32,
    table: Option<&'d DeTable<'i>>,
}

impl<'d, 'i> Section<'d, 'i> {
    pub(crate) fn new(path: impl Into<String>, line: u32, table: Option<&'d DeTable<'i>>) -> Self {
        Self { path: path.into(), line, table }
    }

    /// The table at `key`; empty when there is none, a fault when something else is there.
    pub(crate) fn child(&self, key: &str, faults: &mut FaultList) -> Section<'d, 'i> {
        let path = self.key_path(key);
        let Some(value) = self.value(key) else {
            return Section::new(path, 1, None);
        };
        let line = self.line_of(key, faults);
        let table = value.get_ref().as_table();
        if table.is_none() {
            faults.push(Some(line), &path, format!("expected a table, found {}", article(value.get_ref())));
            faults.hint(Some(format!("write [{path}] on a line of its own and the keys below it")));
        }
        Section::new(path, line, table)
    }

    pub(crate) fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(crate) fn value(&self, key: &str) -> Option<&'d Spanned<DeValue<'i>>> {
        self.table?.get(key)
    }

    /// Line of a key; of the table's header when the key is absent.
    pub(crate) fn line_of(&self, key: &str, faults: &FaultList) -> u32 {
        let found = self.table.and_then(|table| table.get_key_value(key));
        found.map_or(self.line, |(key, _)| faults.line_at(key.span().start))
    }

    /// Keys in the order of the file.
    pub(crate) fn keys(&self) -> Vec<&'d str> {
        let mut keys: Vec<_> = self.table.into_iter().flat_map(DeTable::keys).collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter().map(|key| key.get_ref().as_ref()).collect()
    }

    /// A fault of one of the keys, present or not.
    pub(crate) fn fault(&self, key: &str, faults: &mut FaultList, problem: impl Into<String>) {
        faults.push(Some(self.line_of(key, faults)), &self.key_path(key), problem);
    }

    /// A fault unless the key is there (in whatever form: a wrong one is a fault of its own).
    pub(crate) fn require(&self, key: &str, faults: &mut FaultList, allowed: &str) {
        // Of a section that is no table it is said already.
        if self.value(key).is_none() && !faults.has(&self.path) {
            self.fault(key, faults, format!("missing: {allowed}"));
        }
    }

    /// A fault unless the key's value, which the caller has looked at, is `sensible`.
    pub(crate) fn check(&self, key: &str, sensible: bool, faults: &mut FaultList, allowed: &str) {
        if !sensible {
            self.fault(key, faults, format!("out of range: {allowed}"));
        }
    }

    /// Reads the table's keys into a `T`, starting from `default`.
    ///
    /// `tag` names a key without which no other can be read, and `others` those that are read elsewhere.
    pub(crate) fn read<T>(&self, default: T, tag: Option<&str>, others: &[&str], faults: &mut FaultList) -> T
    where
        T: Serialize + DeserializeOwned,
    {
        let defaults = serde_json::to_value(&default).unwrap_or_default();
        let known: Vec<&str> =
            defaults.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let mut good: Vec<&str> = tag.into_iter().collect();
        for key in self.keys() {
            if !known.contains(&key) {
                if !others.contains(&key) {
                    self.unknown(key, &[&known, others].concat(), faults);
                }
                continue;
            }
            if good.contains(&key) {
                continue;
            }
            let keys: Vec<&str> = tag.into_iter().chain([key]).collect();
            match self.deserialize::<T>(&keys) {
                Ok(_) => good.push(key),
                // Of it or of its entries it is said already.
                Err(_) if faults.has(&self.key_path(key)) || faults.has_entry(&self.key_path(key)) => {}
                Err(error) => {
                    let (problem, hint) = reword(error.message(), &defaults[key]);
                    self.fault(key, faults, problem);
                    faults.hint(hint);
                }
            }
        }
        self.deserialize(&good).unwrap_or(default)
    }

    fn deserialize<T: DeserializeOwned>(&self, keys: &[&str]) -> Result<T, toml::de::Error> {
        let wanted = |key: &str| keys.contains(&key);
        let entries = self.table.into_iter().flatten().filter(|(key, _)| wanted(key.get_ref()));
        let table: DeTable<'_> = entries.map(|(key, value)| (key.clone(), value.clone())).collect();
        let value = Spanned::new(0..0, DeValue::Table(table));
        T::deserialize(toml::de::ValueDeserializer::from(value))
    }

    fn unknown(&self, key: &str, known: &[&str], faults: &mut FaultList) {
        self.fault(key, faults, format!("unknown key, allowed: {}", known.join(", ")));
        faults.hint(nearest(key, known).map(|near| format!("did you mean `{near}`?")));
    }
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), known);
    let (best, score) = known
        .iter()
        .map(|known| (*known, likeness(known)))
        .max_by(|(_, left), (_, right)| left.total_cmp(right))?;
    (score >= 0.5).then_some(best)
}

/// What a value is, with its article.
pub(crate) fn article(value: &DeValue<'_>) -> String {
    match value.type_str() {
        kind @ ("integer" | "array") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}

/// The deserializer's message in the words of a scenario, and a remedy if one is near.
fn reword(message: &str, default: &serde_json::Value) -> (String, Option<String>) {
    let unknown = [("unknown variant ", "value"), ("unknown field ", "key")];
    for (prefix, what) in unknown {
        let Some((found, expected)) = message.strip_prefix(prefix).and_then(|rest| rest.split_once(", "))
        else {
            continue;
        };
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let near = nearest(found.trim_matches('`'), &known);
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        return (format!("unknown {what} {found}, allowed: {}", known.join(", ")), hint);
    }
    // What no visitor of a whole number takes.
    if message == "integer number overflowed" {
        return ("out of range: the number has too many digits".to_owned(), None);
    }
    let found = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let Some((found, expected)) = found.and_then(|rest| rest.split_once(", expected ")) else {
        return (message.to_owned(), None);
    };
    let expected = match (expected, default) {
        ("a string", serde_json::Value::String(example)) => format!("text such as \"{example}\""),
        ("a string", _) => "text in quotes".to_owned(),
        ("u32", _) if is_large_integer(found) => format!("a whole number from 0 to {}", u32::MAX),
        ("u64", _) if is_large_integer(found) => format!("a whole number from 0 to {}", u64::MAX),
        ("u32" | "u64", _) => "a whole number, 0 or more".to_owned(),
        (other, _) => other.to_owned(),
    };
    if is_large_integer(found) {
        return (format!("out of range: {expected}"), None);
    }
    (format!("found {found}, expected {expected}"), None)
}

/// Whether an integer was found that is too large for what was expected, or for TOML itself.
fn is_large_integer(found: &str) -> bool {
    let digits = found.strip_prefix("integer `").and_then(|rest| rest.split('`').next());
    digits.is_some_and(|digits| {
        found.ends_with("128") || digits.parse::<u64>().is_ok_and(|n| n > u32::MAX.into())
    })
}
