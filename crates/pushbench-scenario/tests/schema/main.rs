//! The published JSON Schema: generated, committed, and true of the shipped scenarios.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod validator;

use serde_json::Value;
use std::path::{Path, PathBuf};
use validator::Validator;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn shipped() -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ext| ext == "toml"));
    files.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

fn faults(text: &str) -> Vec<String> {
    let document: Value = toml::from_str(text).unwrap();
    Validator::new(&pushbench_scenario::schema()).faults(&document)
}

/// `PUSHBENCH_BLESS=1` writes the file instead.
#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = folder().join("scenario.schema.json");
    let generated = serde_json::to_string_pretty(&pushbench_scenario::schema()).unwrap() + "\n";
    if std::env::var_os("PUSHBENCH_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == generated, "run the tests with PUSHBENCH_BLESS=1 and commit {}", path.display());
}

#[test]
fn every_shipped_scenario_is_valid() {
    let files = shipped();
    assert!(files.len() >= 6);
    for (path, text) in files {
        assert_eq!(faults(&text), Vec::<String>::new(), "{path}");
    }
}

/// Keys with their defaults as TOML writes them, of all tables below a schema.
fn keys(schema: &Value, found: &mut Vec<(String, Option<String>)>) {
    let parts: Vec<&Value> = match schema {
        Value::Object(parts) => {
            parts.iter().filter(|(key, _)| *key != "thresholds").map(|(_, part)| part).collect()
        }
        Value::Array(parts) => parts.iter().collect(),
        _ => Vec::new(),
    };
    for part in parts {
        keys(part, found);
    }
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    found.extend(properties.map(|(key, property)| {
        let default = property.get("default").filter(|default| !default.is_null());
        (key.clone(), default.map(Value::to_string))
    }));
}

#[test]
fn the_document_has_every_key_with_its_default() {
    let document = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let mut found = Vec::new();
    keys(&pushbench_scenario::schema(), &mut found);
    assert!(found.len() > 30, "{found:?}");
    for (key, default) in found {
        let named = [format!("`{key}`"), format!(".{key}`"), format!("{key} = "), format!("[{key}]")];
        let written = default.map_or_else(String::new, |default| format!("| `{default}` |"));
        let said = |line: &str| named.iter().any(|name| line.contains(name)) && line.contains(&written);
        assert!(document.lines().any(said), "{key} {written}");
    }
}

/// One change to a shipped file that breaks it, and where the schema must see it.
#[test]
fn broken_scenarios_are_not_valid() {
    let text = std::fs::read_to_string(folder().join("quickstart.toml")).unwrap();
    let table = [
        ("name  = \"quickstart\"", "", ""),
        ("name  = \"quickstart\"", "name = \"Quick Start\"", "/name"),
        ("name  = \"quickstart\"", "name = \"quickstart\"\nnmae = 1", "/nmae"),
        ("\"Four transports", "\"\\u001b[31m", "/title"),
        ("count        = 600", "count = 0", "/clients/count"),
        ("count        = 600", "count = []", "/clients/count"),
        ("\"1000/s\"", "\"1000\"", "/clients/connect_rate"),
        ("\"1000/s\"", "\"1000/s\"\nshape = [{ ramp = \"5s\" }]", "/clients/shape/0"),
        ("\"256B\"", "\"256B\"\nshape = [{ spike = \"500%\", for = 2 }]", "/events/shape/0"),
        ("\"broadcast\"", "\"stream\"", "/events/pattern"),
        ("\"broadcast\"", "\"topics\"", "/events"),
        ("\"broadcast\"", "\"broadcast\"\ntopics = 5", "/events"),
        ("\"256B\"", "256", "/events/size"),
        ("\"256B\"", "{ min = \"1KiB\", p99 = \"2KiB\" }", "/events/size"),
        ("measure = \"8s\"", "", "/phases"),
        ("measure = \"8s\"", "measure = \"8\"", "/phases/measure"),
        ("interval = \"1s\"", "intervall = \"1s\"", "/transports/0"),
        ("interval = \"1s\"", "connection = \"closed\"", "/transports/0"),
        ("name  = \"quickstart\"", "name = \"compare\"", "/name"),
        ("kind = \"sse\"", "", "/transports/2"),
        ("kind = \"sse\"", "kind = \"see\"", "/transports/2/kind"),
        ("kind = \"sse\"", "kind = \"sse\"\nlabel = \"charts\"", "/transports/2"),
        ("[thresholds]", "[target]\ninject = \"drp=5\"\n[thresholds]", "/target/inject"),
        ("[thresholds]", "[target]\ninject = \"stall=5s\"\n[thresholds]", "/target/inject"),
        ("lost = \"== 0\"", "lost = \"0\"", "/thresholds/lost"),
        ("lost = \"== 0\"", "latency_p99 = \"< 250\"", "/thresholds/latency_p99"),
        ("lost = \"== 0\"", "sse = { lots = \"== 0\" }", "/thresholds/sse/lots"),
    ];
    for (line, instead, place) in table {
        assert!(text.contains(line), "{line}");
        let found = faults(&text.replacen(line, instead, 1));
        assert!(found.iter().any(|fault| fault.starts_with(&format!("{place}: "))), "{instead:?}: {found:?}");
    }
}

/// What the schema takes for faults to inject is what the parser takes, bounds aside.
#[test]
fn the_schema_knows_the_form_of_faults_to_inject() {
    let text = std::fs::read_to_string(folder().join("quickstart.toml")).unwrap();
    let good = [
        "delay=50ms",
        "delay = 1.5 ms / 4 , drop=10",
        "drop=2,duplicate=1,reorder=2,stall=500ms/5s",
        "reorder=7,delay=1us",
    ];
    for inject in good {
        assert!(inject.parse::<pushbench_scenario::Inject>().is_ok(), "{inject}");
        assert_eq!(faults(&format!("{text}[target]\ninject = \"{inject}\"\n")), [""; 0], "{inject}");
    }
    for inject in ["", "drop", "drop=1/2", "stall=5s", "drop=5,", "drop=5;reorder=5", "late=5"] {
        assert!(inject.parse::<pushbench_scenario::Inject>().is_err(), "{inject}");
        assert_eq!(faults(&format!("{text}[target]\ninject = \"{inject}\"\n")).len(), 1, "{inject}");
    }
}
