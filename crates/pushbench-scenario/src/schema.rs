//! The JSON Schema of scenario files, for editors: which keys there are, in what form, with what defaults.
//!
//! It is derived from the types that read a file, so it cannot know less than they do. What depends on several keys
//! at once (drains, sizes, labels) only the parser checks.

mod points;

use pushbench_measure::results::Unit;
use pushbench_transport::Kind;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::file::keys::PatternKeys;
use crate::file::thresholds::{FIGURES, example};
use crate::file::{capacity, keys, life, slow};

const LABEL: &str = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$";

/// Keys without a default, by the table's type.
const REQUIRED: &[(&str, &[&str])] =
    &[("Clients", &["count"]), ("Events", &["pattern", "rate"]), ("Phases", &["measure"])];

/// Those keys that the pattern must have are there, or none of all that only it has.
fn condition_of_pattern(keys: &PatternKeys) -> Value {
    let any: Vec<Value> = keys.all().map(|key| json!({ "required": [key] })).collect();
    json!({
        "if": { "properties": { "pattern": { "const": keys.pattern.name() } } },
        "then": { "required": keys.required },
        "else": { "not": { "anyOf": any } }
    })
}

/// The schema, draft 7: the one that editors of TOML know best.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let mut root = keys::Top::json_schema(&mut generator).to_value();
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["title"] = json!("pushbench scenario");
    root["description"] = json!("What a run of pushbench does to every transport it compares.");
    root["additionalProperties"] = json!(false);
    root["required"] = json!(["name", "clients", "events", "phases", "transports"]);
    root["properties"]["clients"] = generator.subschema_for::<keys::Clients>().to_value();
    root["properties"]["events"] = generator.subschema_for::<keys::Events>().to_value();
    root["properties"]["phases"] = generator.subschema_for::<keys::Phases>().to_value();
    root["properties"]["life"] = generator.subschema_for::<life::Keys>().to_value();
    root["properties"]["capacity"] = generator.subschema_for::<capacity::Keys>().to_value();
    root["properties"]["target"] = generator.subschema_for::<keys::Target>().to_value();
    root["properties"]["workers"] = generator.subschema_for::<keys::Workers>().to_value();
    root["properties"]["slow"] = generator.subschema_for::<slow::Keys>().to_value();
    root["properties"]["transports"] = transports(&mut generator);
    root["properties"]["thresholds"] = thresholds();
    let mut definitions = generator.take_definitions(true);
    for unit in [Unit::Time, Unit::Bytes, Unit::Share, Unit::Count] {
        definitions.insert(condition_name(unit).to_owned(), condition(unit));
    }
    // Every key has a default when it is read alone, so which must be given is said here.
    for (table, required) in REQUIRED {
        definitions[*table]["required"] = json!(required);
    }
    // Of points there are none beside it.
    definitions["Capacity"]["required"] = json!(["vary"]);
    definitions["Slow"]["required"] = json!(["share"]);
    definitions["Slow"]["oneOf"] = json!([{ "required": ["read"] }, { "required": ["stop"] }]);
    let of_patterns = PatternKeys::ALL.iter().map(condition_of_pattern);
    definitions["Events"]["allOf"] = of_patterns.collect();
    root["definitions"] = Value::Object(definitions);
    drop_placeholders(&mut root);
    points::add(&mut root);
    root
}

fn transports(generator: &mut SchemaGenerator) -> Value {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let entry = |kind: &Kind| {
        let mut entry = kind.schema(generator).to_value();
        entry["title"] = json!(kind.name());
        entry["properties"]["kind"] = json!({ "const": kind.name() });
        entry["properties"]["label"] = json!({
            "description": "Name in results, unique in the file. Default: the kind.",
            "type": "string",
            "pattern": LABEL,
            "not": { "const": "charts" }
        });
        entry["required"] = json!(["kind"]);
        entry
    };
    let entries: Vec<Value> = Kind::ALL.iter().map(entry).collect();
    json!({
        "description": "What is compared, one after the other.",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["kind"],
            "properties": { "kind": { "description": "The transport.", "enum": names } },
            "oneOf": entries
        }
    })
}

fn condition_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => "ConditionOnTime",
        Unit::Bytes => "ConditionOnBytes",
        Unit::Share => "ConditionOnShare",
        Unit::Count => "ConditionOnCount",
    }
}

fn condition(unit: Unit) -> Value {
    let bound = match unit {
        Unit::Time => r"\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h)",
        Unit::Bytes => r"\d+(\.\d+)?\s*(B|KiB|MiB|kB|MB)",
        Unit::Share => r"(100(\.0+)?|\d{1,2}(\.\d+)?)\s*%",
        Unit::Count => r"\d+(\.\d+)?",
    };
    json!({
        "type": "string",
        "pattern": format!(r"^\s*(<=|>=|==|!=|<|>)\s*{bound}\s*$"),
        "examples": [example(unit)]
    })
}

fn thresholds() -> Value {
    let reference = |unit| json!({ "$ref": format!("#/definitions/{}", condition_name(unit)) });
    let figures: Map<String, Value> =
        FIGURES.iter().map(|figure| (figure.name.to_owned(), reference(figure.unit))).collect();
    json!({
        "description": "Conditions on the figures of summary.csv, for every transport.",
        "type": "object",
        "properties": figures,
        "additionalProperties": {
            "description": "Conditions for the transport of this label, instead.",
            "type": "object",
            "properties": figures,
            "additionalProperties": false
        }
    })
}

/// Takes out the defaults of keys that have none: those that must be given, and those that are absent by default.
fn drop_placeholders(schema: &mut Value) {
    let required: Vec<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (key, property) in properties {
            if let Some(property) = property.as_object_mut()
                && (required.contains(key) || property.get("default").is_some_and(Value::is_null))
            {
                property.remove("default");
            }
        }
    }
    let parts = match schema {
        Value::Object(parts) => parts.values_mut().collect::<Vec<_>>(),
        Value::Array(parts) => parts.iter_mut().collect(),
        _ => Vec::new(),
    };
    parts.into_iter().for_each(drop_placeholders);
}
