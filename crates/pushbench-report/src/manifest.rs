//! `run.json` as it may be shown: labels that can only name a folder, texts that cannot steer a terminal. Opens no file.

use pushbench_measure::results::{FORMAT, Run, format_of};
use serde_json::Value;
use std::path::Path;

use crate::ReportError;

/// The manifest of a run from its text; `path` is for messages.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Run, ReportError> {
    let manifest = |source| ReportError::Manifest { path: path.to_owned(), source };
    let format = format_of(text).map_err(manifest)?;
    if format != FORMAT {
        return Err(ReportError::Format { path: path.to_owned(), found: format });
    }
    // Read from the text itself, faults have a line and a column.
    let run: Run = serde_json::from_str(text).map_err(manifest)?;
    let mut value: Value = serde_json::from_str(text).map_err(manifest)?;
    let run = if escape(&mut value, "") { serde_json::from_value(value).map_err(manifest)? } else { run };
    let astray = labels(&run).find(|label| !names_a_folder(label)).map(str::to_owned);
    astray.map_or(Ok(run), |label| Err(ReportError::Label { path: path.to_owned(), label }))
}

fn labels(run: &Run) -> impl Iterator<Item = &str> {
    let of_results = run.results.iter().map(|result| result.summary.label.as_str());
    run.transports.iter().map(|transport| transport.label.as_str()).chain(of_results)
}

/// A label is joined to the run's folder: nothing in it may lead out of it.
fn names_a_folder(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty() && label.bytes().all(allowed)
}

/// Makes control characters of all texts visible; whether there were any. The scenario's text has lines.
fn escape(value: &mut Value, key: &str) -> bool {
    match value {
        Value::String(text) => {
            let harmless = |c: char| !c.is_control() || (key == "text" && matches!(c, '\n' | '\t'));
            if text.chars().all(harmless) {
                return false;
            }
            *text = escaped_unless(text, harmless);
            true
        }
        // No `any`: every one must be looked at.
        Value::Array(values) => values.iter_mut().fold(false, |found, value| escape(value, key) | found),
        Value::Object(object) => {
            object.iter_mut().fold(false, |found, (key, value)| escape(value, key) | found)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A text that cannot steer a terminal.
pub(crate) fn escaped(text: &str) -> String {
    escaped_unless(text, |c| !c.is_control())
}

fn escaped_unless(text: &str, harmless: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_text_steers_a_terminal() {
        let mut value = json!({
            "text": "a\n\tb\u{1b}[2J",
            "list": ["plain", { "reason": "x\u{1b}]0;y\u{7}\u{9b}\u{7f}\n" }],
            "number": 1,
        });
        assert!(escape(&mut value, ""));
        assert_eq!(value["text"], "a\n\tb\\u{1b}[2J");
        assert_eq!(value["list"][1]["reason"], "x\\u{1b}]0;y\\u{7}\\u{9b}\\u{7f}\\n");
        assert!(!escape(&mut value, ""), "{value}");
    }

    #[test]
    fn a_label_names_a_folder_below_and_nothing_else() {
        for label in ["sse", "short-polling-5s"] {
            assert!(names_a_folder(label), "{label}");
        }
        for label in ["", "..", "../../../etc", "/etc", "a/b", "Sse", "a b", "a\u{1b}", "sse.", "ä"] {
            assert!(!names_a_folder(label), "{label}");
        }
    }
}
