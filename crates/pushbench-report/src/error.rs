//! What can go wrong between a folder and a picture.

use pushbench_measure::interval_log::LogError;
use pushbench_measure::results::{FORMAT, names};
use std::io;
use std::path::PathBuf;

use crate::manifest::escaped;

/// Why a run could not be read or drawn.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The path holds no `run.json`.
    #[error("{} is not the folder of a run: it holds no {}", path.display(), names::RUN)]
    NotARun {
        /// The path as given.
        path: PathBuf,
    },
    /// A file exists and cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The manifest is not what this version writes.
    #[error("{} is not a manifest of a run: {}", path.display(), escaped(&source.to_string()))]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where the reader stopped, with line and column.
        source: serde_json::Error,
    },
    /// A label of the manifest could lead out of the run's folder.
    #[error("{} is not a manifest of a run: the label `{}` is not of lowercase letters, digits and hyphens", path.display(), escaped(label))]
    Label {
        /// The file.
        path: PathBuf,
        /// The label.
        label: String,
    },
    /// The run was written in another format.
    #[error("{} is of format {found}; this version reads format {FORMAT} only", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: u32,
    },
    /// A row of a CSV file is not what its header says.
    #[error("{} line {line}: {source}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        source: csv::Error,
    },
    /// The interval log does not decode.
    #[error("{}: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Which entry, and what is wrong with it.
        source: LogError,
    },
    /// A run has nothing to be compared.
    #[error("{} has no result yet: none of its transports was measured", path.display())]
    NoResult {
        /// The folder.
        path: PathBuf,
    },
    /// A run does not have the transport that was asked for.
    #[error("{} has no result of `{label}`; it has {}", path.display(), has.join(", "))]
    NoSuchLabel {
        /// The folder.
        path: PathBuf,
        /// What was asked for.
        label: String,
        /// Labels with results.
        has: Vec<String>,
    },
    /// No side of any run has a partner in the first.
    #[error("no transport was measured at the same number of clients in the first run and in another: {}", sides.join("; "))]
    NothingInCommon {
        /// What each folder has.
        sides: Vec<String>,
    },
    /// A picture or its folder cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The drawing library refused.
    #[error("the chart {chart} cannot be drawn: {reason}")]
    Draw {
        /// The file name of the chart.
        chart: &'static str,
        /// What the library says.
        reason: String,
    },
}
