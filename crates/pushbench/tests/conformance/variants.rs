//! The transports under test: every kind of the table, and every alternative within a kind.

use pushbench_transport::{Kind, Settings};
use serde_json::Value;

/// Keys with alternatives that change what travels or who waits. A kind that has the key is tested with both.
const ALTERNATIVES: [(&str, &str); 3] =
    [("connection", "close"), ("wakeup", "check"), ("encoding", "binary")];

/// A transport with settings.
#[derive(Clone)]
pub(crate) struct Variant {
    pub(crate) label: String,
    pub(crate) settings: Settings,
}

/// Every kind and alternative. Of the `keys` each takes those it has; all others keep their defaults.
pub(crate) fn variants(keys: &[(&str, &str)]) -> Vec<Variant> {
    let mut variants = Vec::new();
    for kind in Kind::ALL {
        let settings = keys.iter().fold(kind.default_settings(), |settings, (key, value)| {
            with(&settings, key, value).unwrap_or(settings)
        });
        for (key, value) in ALTERNATIVES {
            if let Some(settings) = with(&settings, key, value) {
                variants.push(Variant { label: format!("{kind}, {key} = {value}"), settings });
            }
        }
        variants.push(Variant { label: kind.to_string(), settings });
    }
    variants
}

/// The settings with one key changed; `None` when they have no such key.
fn with(settings: &Settings, key: &str, value: &str) -> Option<Settings> {
    let mut json = serde_json::to_value(settings).unwrap();
    *json.get_mut(key)? = Value::from(value);
    Some(serde_json::from_value(json).unwrap_or_else(|error| panic!("{key} = {value}: {error}")))
}

#[test]
fn every_kind_and_every_alternative_is_there() {
    let variants = variants(&[("retry", "20ms")]);
    for kind in Kind::ALL {
        assert!(variants.iter().any(|variant| variant.settings.kind() == *kind), "{kind}");
    }
    for (key, value) in ALTERNATIVES {
        let known = variants.iter().any(|variant| variant.label.ends_with(&format!("{key} = {value}")));
        assert!(known, "no transport has the key {key} any more");
    }
    for variant in variants {
        let json = serde_json::to_value(&variant.settings).unwrap();
        assert!(json.get("retry").is_none_or(|retry| retry == "20ms"), "{}", variant.label);
    }
}
