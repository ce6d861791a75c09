//! A validator of as much of JSON Schema as the scenario schema uses.
//!
//! A full validator is some fifty crates to build; this one panics at a keyword it does not know, so the schema
//! cannot grow beyond what is checked.

use regex_lite::Regex;
use serde_json::{Map, Value};

pub(crate) struct Validator<'s> {
    root: &'s Value,
}

/// Keywords that say nothing about an instance.
const ANNOTATIONS: [&str; 7] =
    ["$schema", "title", "description", "default", "examples", "definitions", "format"];

impl<'s> Validator<'s> {
    pub(crate) fn new(root: &'s Value) -> Self {
        Self { root }
    }

    /// Everything that is wrong with the document: `/place/in/it: what`.
    pub(crate) fn faults(&self, document: &Value) -> Vec<String> {
        self.check(self.root, document, "")
    }

    fn valid(&self, schema: &Value, value: &Value) -> bool {
        self.check(schema, value, "").is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let keywords = match schema {
            Value::Bool(true) => return Vec::new(),
            Value::Bool(false) => return vec![format!("{at}: not allowed")],
            Value::Object(keywords) => keywords,
            other => panic!("not a schema: {other}"),
        };
        keywords.iter().flat_map(|(keyword, rule)| self.keyword(keywords, keyword, rule, value, at)).collect()
    }

    fn keyword(
        &self,
        siblings: &Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
        at: &str,
    ) -> Vec<String> {
        let unless = |good: bool| if good { Vec::new() } else { vec![format!("{at}: {keyword} {rule}")] };
        let schemas = || rule.as_array().unwrap().iter();
        match keyword {
            _ if ANNOTATIONS.contains(&keyword) => Vec::new(),
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                self.check(self.root.pointer(pointer).unwrap(), value, at)
            }
            "type" => unless(has_type(value, rule.as_str().unwrap())),
            "const" => unless(value == rule),
            "enum" => unless(rule.as_array().unwrap().contains(value)),
            "minimum" => unless(value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap())),
            "maximum" => unless(value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap())),
            "pattern" => {
                let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                unless(value.as_str().is_none_or(|text| pattern.is_match(text)))
            }
            "allOf" => schemas().flat_map(|schema| self.check(schema, value, at)).collect(),
            "anyOf" => unless(schemas().any(|schema| self.valid(schema, value))),
            "oneOf" => unless(schemas().filter(|schema| self.valid(schema, value)).count() == 1),
            "not" => unless(!self.valid(rule, value)),
            "if" => {
                let branch = if self.valid(rule, value) { "then" } else { "else" };
                siblings.get(branch).map(|schema| self.check(schema, value, at)).unwrap_or_default()
            }
            "then" | "else" => Vec::new(),
            "minItems" => {
                unless(value.as_array().is_none_or(|list| list.len() as u64 >= rule.as_u64().unwrap()))
            }
            "maxItems" => {
                unless(value.as_array().is_none_or(|list| list.len() as u64 <= rule.as_u64().unwrap()))
            }
            "uniqueItems" => unless(value.as_array().is_none_or(|list| {
                list.iter().enumerate().all(|(index, item)| !list[..index].contains(item))
            })),
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items.flat_map(|(index, item)| self.check(rule, item, &format!("{at}/{index}"))).collect()
            }
            "required" => unless(value.as_object().is_none_or(|table| {
                rule.as_array().unwrap().iter().all(|key| table.contains_key(key.as_str().unwrap()))
            })),
            "properties" => self.members(value, at, |key| rule.get(key)),
            "additionalProperties" => {
                let named = siblings.get("properties");
                self.members(value, at, |key| {
                    named.is_none_or(|named| named.get(key).is_none()).then_some(rule)
                })
            }
            other => panic!("the validator of the tests does not know `{other}`"),
        }
    }

    fn members<'a>(
        &self,
        value: &Value,
        at: &str,
        schema_of: impl Fn(&str) -> Option<&'a Value>,
    ) -> Vec<String> {
        let members = value.as_object().into_iter().flatten();
        let checked = members
            .filter_map(|(key, member)| Some(self.check(schema_of(key)?, member, &format!("{at}/{key}"))));
        checked.flatten().collect()
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("the validator of the tests does not know the type `{other}`"),
    }
}
