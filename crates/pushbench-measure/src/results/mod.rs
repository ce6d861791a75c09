//! The schema of a run's result files: `run.json`, `summary.csv`, `intervals.csv`, `clients.csv`.
//!
//! Writers and readers share these types, so that a column exists once. An `Option` that is `None` is an empty
//! CSV field and means "not measured" or "does not exist"; a zero is always a measured zero. Nothing here opens
//! a file.

mod calibration;
mod capacity;
mod columns;
mod interval;
mod points;
mod resources;
mod run;
mod setup;
mod summary;
mod unit;
mod wire;

use serde::{Deserialize, Serialize};

pub use calibration::{
    CALIBRATION_FORMAT, CalibratedFigure, Calibration, CalibrationRun, Spread, Through, calibrated,
};
pub use capacity::{CapacityRecord, ProbeRecord, Vary};
pub use columns::Columns;
pub use interval::{Interval, SocketStates};
pub use points::{PointRecord, SweepRecord, SweptKey};
pub use resources::{ResourceRecord, Resources};
pub use run::{
    Confidence, Host, LifeRecord, RoundResult, Run, ScenarioRecord, SlowRecord, Status, StepResult,
    ThresholdResult, TransportRecord,
};
pub use setup::Setup;
pub use summary::Summary;
pub use unit::Unit;
pub use wire::{WireDirection, WireRecord, WireSide, WireWindow};

/// Version of all result files of a run. Readers refuse other versions.
pub const FORMAT: u32 = 2;

/// The format that a JSON file of results says it has: what can be read of any version.
///
/// # Errors
/// The text is no JSON object with a number `format`.
pub fn format_of(json: &str) -> Result<u32, serde_json::Error> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    serde_json::from_str(json).map(|Versioned { format }| format)
}

/// File names inside a run folder.
pub mod names {
    /// The manifest.
    pub const RUN: &str = "run.json";
    /// What the machine costs at least, beside the folders of scenarios.
    pub const CALIBRATION: &str = "calibration.json";
    /// The comparison table.
    pub const SUMMARY: &str = "summary.csv";
    /// One row per second, inside a label's folder.
    pub const INTERVALS: &str = "intervals.csv";
    /// The HdrHistogram interval log, inside a label's folder.
    pub const LATENCY_LOG: &str = "latency.hlog";
    /// Quantiles over clients, inside a label's folder.
    pub const CLIENTS: &str = "clients.csv";
    /// The folder of PNG files.
    pub const CHARTS: &str = "charts";
}

/// A row of `clients.csv`: a quantile over the clients of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientQuantile {
    /// Number of clients of the step.
    pub step: u32,
    /// Which variant of the scenario it is; empty where it has one.
    #[serde(default)]
    pub point: String,
    /// Round of the run, from 1.
    pub round: u32,
    /// What is distributed, unit in the name, such as `delivered_events` or `latency_mean_us`.
    pub figure: String,
    /// The quantile, 0 to 1.
    pub quantile: f64,
    /// The value at that quantile.
    pub value: u64,
}
