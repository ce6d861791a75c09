//! Scenario keys of WebSocket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;
use crate::backoff::MOST_DOUBLINGS;
use crate::settings::{Reconnect, SettingFault, TransportSettings};

/// How an event's payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Text messages.
    #[default]
    Text,
    /// Binary messages.
    Binary,
}

/// `[[transports]]` with `kind = "websocket"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Text or binary messages.
    pub encoding: Encoding,
    /// Pause between two pings of the server on a connection; `"0s"` for none.
    pub ping_interval: Period,
    /// Shortest pause before a client connects again; it doubles up to 16 times this, with full jitter.
    pub retry: Period,
    /// How long a client waits for the upgrade.
    pub reply_timeout: Period,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            encoding: Encoding::Text,
            ping_interval: Period::from_secs(30),
            retry: Period::from_secs(1),
            reply_timeout: Period::from_secs(10),
        }
    }
}

impl TransportSettings for Settings {
    fn faults(&self) -> Vec<SettingFault> {
        let mut faults = Vec::new();
        if !self.ping_interval.is_zero() && self.ping_interval < Period::from_millis(10) {
            faults.push(SettingFault::new("ping_interval", "0s, or at least 10ms"));
        }
        if self.retry < Period::from_millis(1) {
            faults.push(SettingFault::new("retry", "at least 1ms"));
        }
        if self.reply_timeout < Period::from_millis(10) {
            faults.push(SettingFault::new("reply_timeout", "at least 10ms"));
        }
        faults
    }

    fn idle_period(&self) -> std::time::Duration {
        self.ping_interval.duration()
    }

    fn reconnect(&self) -> Reconnect {
        let first = self.retry.duration();
        Reconnect { first, longest: first.saturating_mul(1 << MOST_DOUBLINGS) }
    }

    fn carries_messages(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        let encoding = match self.encoding {
            Encoding::Text => "text",
            Encoding::Binary => "binary",
        };
        if self.ping_interval.is_zero() {
            format!("{encoding} messages, no pings")
        } else {
            format!("{encoding} messages, ping {}", self.ping_interval)
        }
    }
}
