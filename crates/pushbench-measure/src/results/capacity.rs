//! What a capacity search found: part of `run.json`.

use serde::{Deserialize, Serialize};

use crate::verdict::Cause;

/// What a search varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vary {
    /// The number of clients.
    Clients,
    /// The scenario's `events.rate`: events per second, asks per second of a stream, messages per second of each member of a
    /// chat.
    Rate,
}

/// The search of one transport.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapacityRecord {
    /// The transport's label.
    pub label: String,
    /// What was varied.
    pub vary: Vary,
    /// The first probe.
    pub from: f64,
    /// The highest value that might be tried.
    pub to: f64,
    /// How far apart `found` and `failed_at` may be, as a share of `found`.
    pub precision: f64,
    /// The thresholds that a probe had to meet, such as `latency_p99 < 250ms`.
    pub limits: Vec<String>,
    /// False while the search is under way, and when it was cut short.
    pub complete: bool,
    /// The highest value that passed; `None` where none did.
    pub found: Option<f64>,
    /// Whether more may be possible: what ended the search was not the transport with its target.
    pub at_least: bool,
    /// Whether a repeat at `found` passed too.
    pub confirmed: bool,
    /// The lowest value above `found` that failed; `None` where none did.
    pub failed_at: Option<f64>,
    /// Why it is not more; `None` while that is not known.
    pub cause: Option<Cause>,
    /// The same for people, with what was measured.
    pub why: String,
    /// Every probe, in the order in which they were made.
    pub probes: Vec<ProbeRecord>,
}

impl CapacityRecord {
    /// Whether the search came to an answer.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.complete && self.found.is_some()
    }
}

/// One probe of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// How much it was of what is varied.
    pub value: f64,
    /// The point of the run it was measured at, as in the column `point`; `None` where the number of clients is varied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// How often this value had been tried with it: 1, or 2 for a repeat.
    pub round: u32,
    /// Whether every threshold was met by figures that may be believed.
    pub passed: bool,
    /// Why it failed; `None` where it passed.
    pub cause: Option<Cause>,
    /// What was measured, for people.
    pub why: String,
    /// Length of the measure phase, in seconds.
    pub measure_s: f64,
    /// Whether that was too short for the percentiles of the thresholds, because a probe may last no longer.
    pub capped: bool,
}
