//! The part of the schema for `[sweep]` and `[[cases]]`, and what a file that has one may leave out.

use serde_json::{Map, Value, json};

use super::LABEL;
use crate::file::thresholds::FIGURES;

/// Tables that a file without points must have.
const TABLES: [&str; 3] = ["clients", "events", "phases"];

/// Adds both, once all other properties and definitions are there. What a point says in the file's stead the file need not.
pub(super) fn add(root: &mut Value) {
    let strict: Map<String, Value> =
        TABLES.into_iter().map(|table| (table.to_owned(), root["properties"][table].clone())).collect();
    for table in TABLES {
        root["properties"][table] = lax(root, table);
    }
    root["required"] = json!(["name", "transports"]);
    root["if"] = json!({ "anyOf": [{ "required": ["sweep"] }, { "required": ["cases"] }] });
    root["then"] = json!({ "not": { "required": ["sweep", "cases"] } });
    root["else"] = json!({ "required": TABLES, "properties": strict });
    root["properties"]["cases"] = cases(root);
    root["properties"]["sweep"] = sweep();
}

/// A table in which nothing is required and nothing depends on another key.
fn lax(root: &Value, table: &str) -> Value {
    let mut schema = root["properties"][table].clone();
    // What stands beside a reference counts for nothing in draft 7, so that alone is resolved.
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"));
    if let Some(of) = reference.and_then(Value::as_str).and_then(|reference| root.pointer(&reference[1..])) {
        schema = of.clone();
    }
    if let Some(keys) = schema.as_object_mut() {
        for depends in ["required", "if", "then", "else", "allOf"] {
            keys.remove(depends);
        }
    }
    schema
}

fn cases(root: &Value) -> Value {
    let known = root["properties"].as_object().into_iter().flatten();
    let mut properties: Map<String, Value> = known
        .filter(|(key, _)| !["name", "title", "sweep", "cases", "capacity"].contains(&key.as_str()))
        .map(|(key, _)| (key.clone(), lax(root, key)))
        .collect();
    let name = json!({
        "description": "Name of the case in results and for --points, unique in the file.",
        "type": "string",
        "pattern": LABEL
    });
    properties.insert("name".to_owned(), name);
    json!({
        "description": "Variants: what a case says is laid upon the file's own tables; transports are replaced as a whole.",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": properties,
            "additionalProperties": false
        }
    })
}

fn sweep() -> Value {
    let columns: Vec<&str> = FIGURES.iter().map(|figure| figure.column).collect();
    json!({
        "description": "One or two keys of the file, such as \"events.rate\", each with a list of values: every value of one meets every value of the other.",
        "type": "object",
        "properties": {
            "cheapest": {
                "description": "The column of summary.csv by which transports are ranked.",
                "enum": columns,
                "default": "target_cpu_us_per_client_second"
            }
        },
        "additionalProperties": {
            "description": "The values of a key; or, for a dotted key without quotes, a table of keys.",
            "anyOf": [{ "type": "array", "minItems": 1, "uniqueItems": true }, { "type": "object" }]
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::REQUIRED;
    use super::*;

    #[test]
    fn what_is_required_of_a_table_is_left_to_points() {
        let tables: Vec<String> = REQUIRED.iter().map(|(table, _)| table.to_lowercase()).collect();
        assert_eq!(tables, TABLES);
    }
}
