//! Scenario keys of long polling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;
use crate::settings::{Connection, Reconnect, SettingFault, TransportSettings};

/// How the server notices that a held request can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wakeup {
    /// The event wakes the waiters.
    #[default]
    Event,
    /// Each held request looks, sleeps for `check_interval`, and looks again.
    Check,
}

/// `[[transports]]` with `kind = "long-polling"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long the server holds a request with nothing to say (it varies this by ±10 %).
    pub timeout: Period,
    /// Whether the socket is kept between requests.
    pub connection: Connection,
    /// How the server notices that there is something.
    pub wakeup: Wakeup,
    /// With `wakeup = "check"`: the pause between two looks.
    pub check_interval: Period,
    /// How much longer than `timeout` a client waits before it gives the request up.
    pub reply_timeout: Period,
    /// Pause before asking again after a failed connection or reply.
    pub retry: Period,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Period::from_secs(30),
            connection: Connection::KeepAlive,
            wakeup: Wakeup::Event,
            check_interval: Period::from_millis(100),
            reply_timeout: Period::from_secs(10),
            retry: Period::from_secs(2),
        }
    }
}

impl TransportSettings for Settings {
    fn faults(&self) -> Vec<SettingFault> {
        let mut faults = Vec::new();
        let longest = Period::from_secs(3600);
        if self.timeout < Period::from_millis(100) || self.timeout > longest {
            faults.push(SettingFault::new("timeout", "100ms to 1h"));
        }
        if self.check_interval < Period::from_millis(1) {
            faults.push(SettingFault::new("check_interval", "at least 1ms"));
        }
        if self.reply_timeout < Period::from_millis(10) {
            faults.push(SettingFault::new("reply_timeout", "at least 10ms"));
        }
        if self.retry < Period::from_millis(1) {
            faults.push(SettingFault::new("retry", "at least 1ms"));
        }
        faults
    }

    fn longest_wait(&self) -> std::time::Duration {
        match self.wakeup {
            Wakeup::Event => std::time::Duration::ZERO,
            Wakeup::Check => self.check_interval.duration(),
        }
    }

    fn idle_period(&self) -> std::time::Duration {
        // The server varies its timeout by a tenth.
        self.timeout.duration().mul_f64(1.1)
    }

    fn opens_per_client_second(&self) -> f64 {
        match self.connection {
            Connection::KeepAlive => 0.0,
            // At least once per timeout; once more per event, which is not known here.
            Connection::Close => 1.0 / self.timeout.duration().as_secs_f64(),
        }
    }

    fn reconnect(&self) -> Reconnect {
        Reconnect::after(self.retry.duration())
    }

    fn keeps_connection(&self) -> bool {
        self.connection == Connection::KeepAlive
    }

    fn describe(&self) -> String {
        let wakeup = match self.wakeup {
            Wakeup::Event => String::new(),
            Wakeup::Check => format!(", server looks every {}", self.check_interval),
        };
        let connection = match self.connection {
            Connection::KeepAlive => "",
            Connection::Close => ", new socket each",
        };
        format!("held up to {}{wakeup}{connection}", self.timeout)
    }
}
