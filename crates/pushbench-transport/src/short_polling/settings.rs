//! Scenario keys of short polling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::Period;
use crate::settings::{Connection, Reconnect, SettingFault, TransportSettings};

/// `[[transports]]` with `kind = "short-polling"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Time between two polls of one client.
    pub interval: Period,
    /// Whether the socket is kept between polls.
    pub connection: Connection,
    /// How long a client waits for a reply before it gives the request up.
    pub reply_timeout: Period,
    /// Pause before polling again after a failed connection or reply.
    pub retry: Period,
}

/// Less is no interval: a reply takes about as long.
const SHORTEST_INTERVAL: Duration = Duration::from_micros(100);

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval: Period::from_secs(1),
            connection: Connection::KeepAlive,
            reply_timeout: Period::from_secs(10),
            retry: Period::from_secs(2),
        }
    }
}

impl TransportSettings for Settings {
    fn faults(&self) -> Vec<SettingFault> {
        let mut faults = Vec::new();
        if self.interval.duration() < SHORTEST_INTERVAL {
            faults.push(SettingFault::new("interval", "at least 100us"));
        }
        if self.reply_timeout < Period::from_millis(10) {
            faults.push(SettingFault::new("reply_timeout", "at least 10ms"));
        }
        if self.retry < Period::from_millis(1) {
            faults.push(SettingFault::new("retry", "at least 1ms"));
        }
        faults
    }

    fn poll_interval(&self) -> Option<Duration> {
        Some(self.interval.duration())
    }

    fn longest_wait(&self) -> Duration {
        self.interval.duration()
    }

    fn idle_period(&self) -> Duration {
        self.interval.duration()
    }

    fn opens_per_client_second(&self) -> f64 {
        match self.connection {
            Connection::KeepAlive => 0.0,
            Connection::Close => 1.0 / self.interval.duration().as_secs_f64(),
        }
    }

    fn reconnect(&self) -> Reconnect {
        // One whose connection was idle opens the next when its poll is due.
        Reconnect::after(self.retry.max(self.interval).duration())
    }

    fn keeps_connection(&self) -> bool {
        self.connection == Connection::KeepAlive
    }

    fn describe(&self) -> String {
        match self.connection {
            Connection::KeepAlive => format!("every {}, socket kept", self.interval),
            Connection::Close => format!("every {}, new socket each", self.interval),
        }
    }
}
