//! Scenario keys of Server-Sent Events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;
use crate::settings::{Reconnect, SettingFault, TransportSettings};

/// By which method an answer is asked for (pattern `stream`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AskMethod {
    /// The response to a `POST` is the answer, as those of language models are. One that is cut off is lost.
    #[default]
    Post,
    /// A `GET`, as an `EventSource` sends it: one that is cut off is resumed.
    Get,
}

/// `[[transports]]` with `kind = "sse"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The reconnection time that the server tells its clients (`retry:`).
    pub retry: Period,
    /// Pause after which the server sends a comment on an idle stream; `"0s"` for never.
    pub heartbeat: Period,
    /// How long a client waits for the response head.
    pub reply_timeout: Period,
    /// With `pattern = "stream"`: by which method an answer is asked for.
    pub ask: AskMethod,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retry: Period::from_secs(3),
            heartbeat: Period::from_secs(15),
            reply_timeout: Period::from_secs(10),
            ask: AskMethod::Post,
        }
    }
}

impl TransportSettings for Settings {
    fn faults(&self) -> Vec<SettingFault> {
        let mut faults = Vec::new();
        if self.retry < Period::from_millis(1) {
            faults.push(SettingFault::new("retry", "at least 1ms"));
        }
        if !self.heartbeat.is_zero() && self.heartbeat < Period::from_millis(10) {
            faults.push(SettingFault::new("heartbeat", "0s, or at least 10ms"));
        }
        if self.reply_timeout < Period::from_millis(10) {
            faults.push(SettingFault::new("reply_timeout", "at least 10ms"));
        }
        faults
    }

    fn idle_period(&self) -> std::time::Duration {
        self.heartbeat.duration()
    }

    fn reconnect(&self) -> Reconnect {
        Reconnect::after(self.retry.duration())
    }

    fn describe(&self) -> String {
        if self.heartbeat.is_zero() {
            "no heartbeat".to_owned()
        } else {
            format!("heartbeat {}", self.heartbeat)
        }
    }
}
