//! What every transport's settings have in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether a polling client keeps its socket between requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    /// One socket for all requests of a client.
    #[default]
    KeepAlive,
    /// A new socket per request (`Connection: close`).
    Close,
}

/// A key whose value is well formed but not sensible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The key.
    pub key: &'static str,
    /// What is allowed, as a lowercase fragment.
    pub allowed: String,
}

impl SettingFault {
    /// A fault of `key`.
    pub fn new(key: &'static str, allowed: impl Into<String>) -> Self {
        Self { key, allowed: allowed.into() }
    }
}

/// How long a client pauses before it connects again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconnect {
    /// At most, after a connection that was lost.
    pub first: Duration,
    /// At most, after any number of connects that failed.
    pub longest: Duration,
}

impl Reconnect {
    /// Always the same.
    #[must_use]
    pub fn after(pause: Duration) -> Self {
        Self { first: pause, longest: pause }
    }
}

/// What a scenario and a report need to know of a transport's settings.
///
/// Every key must have a default, so that a fault in one key can be told apart from all others.
pub trait TransportSettings {
    /// Values that are well formed but not sensible.
    fn faults(&self) -> Vec<SettingFault>;

    /// The interval over which the wait of an event is uniform without load, if there is one.
    fn poll_interval(&self) -> Option<Duration> {
        None
    }

    /// The longest an event may wait by design: a shorter drain would count it as lost.
    fn longest_wait(&self) -> Duration {
        Duration::ZERO
    }

    /// The longest pause between two exchanges of a connection on which nothing is published; zero where it is silent.
    fn idle_period(&self) -> Duration {
        Duration::ZERO
    }

    /// Sockets that one client holds or leaves behind at once; ports needed per second per client for new ones.
    fn opens_per_client_second(&self) -> f64 {
        0.0
    }

    /// How long a client that lost its connection pauses before it opens another.
    fn reconnect(&self) -> Reconnect;

    /// Whether a client has a connection between two requests, which can be taken from it.
    fn keeps_connection(&self) -> bool {
        true
    }

    /// Whether clients send messages on the connection that they receive on; otherwise each has an [`Uplink`](crate::uplink::Uplink).
    fn carries_messages(&self) -> bool {
        false
    }

    /// The settings in a few words, for people.
    fn describe(&self) -> String;
}
