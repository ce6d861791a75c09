//! Values that may be written in several forms: numbers of clients, numbers of topics, sizes of events.
//!
//! Deserialized by hand, because a derived untagged enum can only say that nothing matched.

use pushbench_transport::Size;
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

use crate::quantity::Rate;

/// `clients.count`: one number, or a list with one step each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct ClientCounts(pub(crate) Vec<u32>);

impl ClientCounts {
    pub(crate) const MOST: u32 = 10_000_000;
    pub(crate) const ALLOWED: &'static str =
        "a whole number from 1 to 10000000, or a rising list of such numbers";

    /// What each entry of a list may be.
    pub(crate) const ALLOWED_EACH: &'static str = "a whole number from 1 to 10000000";

    /// Why these numbers are no steps.
    pub(crate) fn problem(counts: &[u32]) -> Option<String> {
        if counts.is_empty() || counts.iter().any(|count| !(1..=Self::MOST).contains(count)) {
            return Some(format!("out of range: {}", Self::ALLOWED));
        }
        let falling = counts.windows(2).find(|pair| pair[0] >= pair[1])?;
        Some(format!("{} after {}: {}", falling[1], falling[0], Self::ALLOWED))
    }
}

impl<'de> Deserialize<'de> for ClientCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;
        impl<'de> Visitor<'de> for Counts {
            type Value = ClientCounts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(ClientCounts::ALLOWED)
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<ClientCounts, E> {
                // What does not fit is out of range in any case.
                Ok(ClientCounts(vec![u32::try_from(count).unwrap_or(0)]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ClientCounts, A::Error> {
                let mut counts = Vec::new();
                while let Some(count) = list.next_element::<i64>()? {
                    counts.push(u32::try_from(count).unwrap_or(0));
                }
                Ok(ClientCounts(counts))
            }
        }
        deserializer.deserialize_any(Counts)
    }
}

impl JsonSchema for ClientCounts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClientCounts".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let count = serde_json::json!({ "type": "integer", "minimum": 1, "maximum": Self::MOST });
        schemars::json_schema!({
            "anyOf": [count, { "type": "array", "minItems": 1, "uniqueItems": true, "items": count }]
        })
    }
}

/// `events.topics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TopicCount {
    Number(u32),
    Clients,
}

impl TopicCount {
    pub(crate) const MOST: u32 = 1_000_000;
    pub(crate) const ALLOWED: &'static str =
        "a whole number from 1 to 1000000, or \"clients\" for one topic each";
}

impl Serialize for TopicCount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(count) => serializer.serialize_u32(*count),
            Self::Clients => serializer.serialize_str("clients"),
        }
    }
}

impl<'de> Deserialize<'de> for TopicCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Topics;
        impl Visitor<'_> for Topics {
            type Value = TopicCount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(TopicCount::ALLOWED)
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<TopicCount, E> {
                Ok(TopicCount::Number(u32::try_from(count).unwrap_or(0)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TopicCount, E> {
                match text {
                    "clients" => Ok(TopicCount::Clients),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Topics)
    }
}

impl JsonSchema for TopicCount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TopicCount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": Self::MOST }, { "const": "clients" }]
        })
    }
}

/// `events.size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum SizeChoice {
    Fixed(Size),
    Uniform { min: Size, max: Size },
    LogNormal { p50: Size, p99: Size },
}

impl JsonSchema for SizeChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventSize".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let size = generator.subschema_for::<Size>();
        let pair = |low: &str, high: &str| {
            serde_json::json!({
                "type": "object",
                "properties": { low: size, high: size },
                "required": [low, high],
                "additionalProperties": false
            })
        };
        schemars::json_schema!({ "anyOf": [size, pair("min", "max"), pair("p50", "p99")] })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SizeKeys {
    min: Option<Size>,
    max: Option<Size>,
    p50: Option<Size>,
    p99: Option<Size>,
}

impl SizeChoice {
    const ALLOWED: &'static str =
        "a size such as \"256B\", { min = \"…\", max = \"…\" } or { p50 = \"…\", p99 = \"…\" }";
}

impl<'de> Deserialize<'de> for SizeChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sizes;
        impl<'de> Visitor<'de> for Sizes {
            type Value = SizeChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(SizeChoice::ALLOWED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SizeChoice, E> {
                text.parse().map(SizeChoice::Fixed).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SizeChoice, A::Error> {
                let keys = SizeKeys::deserialize(MapAccessDeserializer::new(map))?;
                match (keys.min, keys.max, keys.p50, keys.p99) {
                    (Some(min), Some(max), None, None) => Ok(SizeChoice::Uniform { min, max }),
                    (None, None, Some(p50), Some(p99)) => Ok(SizeChoice::LogNormal { p50, p99 }),
                    _ => Err(A::Error::custom(format!(
                        "found neither min with max nor p50 with p99, expected {}",
                        SizeChoice::ALLOWED
                    ))),
                }
            }
        }
        deserializer.deserialize_any(Sizes)
    }
}

/// `capacity.from` and `capacity.to`: clients, or a rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Amount {
    Number(u32),
    Rate(Rate),
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amounts;
        impl Visitor<'_> for Amounts {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of clients, or a rate such as \"100/s\"")
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<Amount, E> {
                // What does not fit is out of range in any case.
                Ok(Amount::Number(u32::try_from(count).unwrap_or(0)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map(Amount::Rate).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Amounts)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let rate = generator.subschema_for::<Rate>();
        schemars::json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": ClientCounts::MOST }, rate]
        })
    }
}
