//! What clients cost beside each other: the rows of `peers.csv`, as `scripts/peers.sh` writes it. Compares nothing
//! itself; ratios and medians were made before.

use serde::Deserialize;
use std::fs;
use std::path::Path;

use crate::ReportError;

/// A client in a job. A figure that was not measured is `None`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Peer {
    /// The job: `polling`, `polling-paced`, `sse`, `websocket`.
    pub job: String,
    /// What is counted: `request` or `event`.
    pub unit: String,
    /// The client's name.
    pub peer: String,
    /// Number of clients that it played.
    pub clients: u32,
    /// How often it was measured.
    pub rounds: u32,
    /// CPU time of the client per request or event in µs, the median of the rounds.
    pub cpu_us: Option<f64>,
    /// The lowest of the rounds.
    pub cpu_us_lo: Option<f64>,
    /// The highest of the rounds.
    pub cpu_us_hi: Option<f64>,
    /// Memory of the client for each connection, the median of the rounds.
    pub bytes_per_client: Option<f64>,
    /// The lowest of the rounds.
    pub bytes_per_client_lo: Option<f64>,
    /// The highest of the rounds.
    pub bytes_per_client_hi: Option<f64>,
    /// What is to be known of this row, or why it is empty.
    pub note: String,
    /// The machine, and when it was measured.
    pub measured_on: String,
}

/// Reads `peers.csv`. Columns that are not asked for are passed over.
///
/// # Errors
/// [`ReportError::Read`] where the file cannot be read, [`ReportError::Row`] where a row is not what is asked for.
pub fn load(path: &Path) -> Result<Vec<Peer>, ReportError> {
    let text =
        fs::read_to_string(path).map_err(|source| ReportError::Read { path: path.to_owned(), source })?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().enumerate();
    rows.map(|(at, row)| {
        row.map_err(|source: csv::Error| {
            let line = source.position().map_or(at as u64 + 2, csv::Position::line);
            ReportError::Row { path: path.to_owned(), line, source }
        })
    })
    .collect()
}
