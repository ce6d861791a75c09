//! The table of a capacity search: a row a transport, with what it bears and what ended that.

use pushbench_measure::results::{CapacityRecord, Run};

use super::grid::{Cell, Paint};
use crate::capacity::{self, Varied};

/// Heading and rows.
pub(super) struct Found {
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// A line for each transport: why it is not more.
    pub(super) reasons: Vec<Cell>,
}

/// What was found; `None` where nothing was searched for.
pub(super) fn block(run: &Run) -> Option<Found> {
    let varied = Varied::of(run)?;
    let heads = ["capacity within its thresholds", "bears", "limited by", "too much", "confirmed", "probes"];
    let mut rows = Vec::new();
    let mut reasons = Vec::new();
    for record in &run.capacity {
        let paint = match record.found {
            None => Paint::Bad,
            Some(_) if record.at_least => Paint::Care,
            Some(_) => Paint::Good,
        };
        let failed = record.failed_at.map_or_else(|| "–".to_owned(), |at| varied.bare(at));
        rows.push(vec![
            Cell::plain(&record.label),
            Cell::new(varied.answer(record), paint),
            Cell::plain(capacity::cause(record)),
            Cell::plain(failed),
            Cell::plain(if record.confirmed { "yes" } else { "no" }),
            Cell::plain(record.probes.len().to_string()),
        ]);
        reasons.extend(reason(varied, record).map(|text| Cell::new(text, Paint::Plain)));
        if record.probes.iter().any(|probe| probe.capped) {
            let text = format!(
                "{}, warning: probes were too short for the percentiles of its thresholds: raise capacity.longest",
                record.label
            );
            reasons.push(Cell::new(text, Paint::Care));
        }
    }
    reasons.insert(0, Cell::plain(format!("thresholds: {}", capacity::limits_of_each(run))));
    Some(Found { heads: heads.map(str::to_owned).to_vec(), rows, reasons })
}

/// `sse: at 850 clients busiest target 97 % busy, latency_p99 < 250ms: 412.0 ms`.
fn reason(varied: Varied, record: &CapacityRecord) -> Option<String> {
    if record.why.is_empty() {
        return None;
    }
    Some(match record.failed_at {
        Some(at) => format!("{}: at {} {}", record.label, varied.amount(at), record.why),
        None => format!("{}: {}", record.label, record.why),
    })
}
