//! What a scenario fixes before anything is measured, and a point of it may have another of.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{LifeRecord, SlowRecord};

/// The network, the load, the phases and the limits that transports are measured under. A scenario has one, and each of
/// its points has its own; in `run.json` its keys are among theirs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Seed of every random choice.
    pub seed: u64,
    /// What clients and targets were connected by: `loopback` or `veth`.
    pub network: String,
    /// Largest IP packet of that network, in bytes.
    pub mtu_bytes: u32,
    /// Numbers of clients, one a step. More than one makes chart 1.
    pub steps: Vec<u32>,
    /// `broadcast`, `topics`, `stream` or `chat`.
    pub pattern: String,
    /// Number of topics; of rooms at the largest number of clients.
    pub topics: u32,
    /// Of a chat, the clients of a room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u32>,
    /// Published events per second, over all topics; of a stream its parts, in the mean; of a chat at the largest number of
    /// clients.
    pub events_per_second: f64,
    /// Size of an event's payload as the scenario words it, for people.
    pub event_size: String,
    /// Length of the warm-up in seconds.
    pub warmup_s: f64,
    /// Length of the measure phase in seconds.
    pub measure_s: f64,
    /// Length of the drain in seconds.
    pub drain_s: f64,
    /// The upper limit on delivery latency p99 that is demanded of every transport, for threshold lines.
    pub latency_p99_limit_us: Option<u64>,
    /// The limits by label where they are not the same: of each transport that has one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub latency_p99_limits_us: BTreeMap<String, u64>,
    /// Faults that the target made on purpose, as the scenario words them.
    pub inject: Option<String>,
    /// How the target gathered events before it wrote them, as the scenario words it; `None` where it did not.
    pub coalesce: Option<String>,
    /// What happened to connections; `None` where they were to stay.
    pub life: Option<LifeRecord>,
    /// Who read slowly, by plan; `None` where nobody was to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<SlowRecord>,
}

impl Setup {
    /// The upper limit on delivery latency p99 of that label, if there is one.
    #[must_use]
    pub fn latency_p99_limit_of(&self, label: &str) -> Option<u64> {
        self.latency_p99_limit_us.or_else(|| self.latency_p99_limits_us.get(label).copied())
    }

    /// Whether clients and targets were connected by the loopback device.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.network == "loopback"
    }

    /// What clients and targets were connected by, for people: `loopback`, or `veth, MTU 1500`.
    #[must_use]
    pub fn network_in_words(&self) -> String {
        if self.is_loopback() {
            self.network.clone()
        } else {
            format!("{}, MTU {}", self.network, self.mtu_bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{PointRecord, ScenarioRecord};
    use serde_json::{Value, json};

    #[test]
    fn its_keys_are_among_those_of_scenario_and_point() {
        let setup = Setup {
            seed: u64::MAX,
            steps: vec![100],
            events_per_second: 2.0,
            latency_p99_limits_us: BTreeMap::from([("sse".to_owned(), 9)]),
            slow: Some(SlowRecord { share: 0.1, reading: "4KiB/s".to_owned() }),
            ..Setup::default()
        };
        let point = PointRecord { name: "a".to_owned(), setup: setup.clone(), ..PointRecord::default() };
        let points = vec![point.clone()];
        let scenario = ScenarioRecord { setup: setup.clone(), points, ..ScenarioRecord::default() };
        let text = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<ScenarioRecord>(&text).unwrap(), scenario);
        let written: Value = serde_json::from_str(&text).unwrap();
        for keys in [&written, &written["points"][0]] {
            assert_eq!(keys["seed"], json!(u64::MAX));
            assert_eq!((&keys["steps"], &keys["life"]), (&json!([100]), &Value::Null));
            assert!(keys.get("setup").is_none() && keys.get("members").is_none(), "{keys}");
        }
    }

    #[test]
    fn what_older_files_lack_is_none() {
        let mut written = serde_json::to_value(ScenarioRecord::default()).unwrap();
        for key in ["life", "points", "sweep", "inject", "coalesce", "latency_p99_limit_us"] {
            written.as_object_mut().unwrap().remove(key).unwrap();
        }
        assert_eq!(serde_json::from_value::<ScenarioRecord>(written).unwrap(), ScenarioRecord::default());
    }
}
