//! Whether `latency.hlog` holds what `run.json` says was delivered. Pure; reads no file.

use pushbench_measure::results::{StepResult, Summary};
use std::fmt;

use crate::folder::in_row;
use crate::format::grouped;

/// A log that was shortened, doubled or exchanged after the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFault {
    /// Latencies in the log, of the rounds that the result is made of.
    pub logged: u64,
    /// Deliveries in the manifest, of the same rounds.
    pub delivered: u64,
}

impl fmt::Display for LogFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (logged, delivered) = (grouped(self.logged), grouped(self.delivered));
        write!(out, "holds {logged} latencies of {delivered} deliveries in run.json")
    }
}

impl LogFault {
    /// Holds the number of latencies against the manifest. A round that was cut short has no deliveries counted and
    /// cannot be checked; a result that lists no rounds is one.
    #[must_use]
    pub fn of(result: &StepResult, logged: u64) -> Option<Self> {
        let rows: Vec<&Summary> = if result.rounds.is_empty() {
            result.complete.then_some(&result.summary).into_iter().collect()
        } else {
            let counting = result.rounds.iter().filter(|round| in_row(result, round.round));
            counting.filter(|round| round.complete).map(|round| &round.summary).collect()
        };
        let delivered =
            rows.iter().map(|row| row.delivered).sum::<Option<u64>>().filter(|_| !rows.is_empty())?;
        // A delivery is recorded once, however often it comes. Beyond the deliveries counted, a client that became
        // ready after the measure phase began may have received what was due just before: one more latency each.
        let most = rows.iter().map(|row| most(row)).sum::<Option<u64>>().unwrap_or(delivered);
        (!(delivered..=most.max(delivered)).contains(&logged)).then_some(Self { logged, delivered })
    }
}

/// Latencies that a row may have at most, where that is more than its deliveries.
fn most(row: &Summary) -> Option<u64> {
    let uncounted = row.expected_of_all?.saturating_sub(row.expected?);
    Some(row.delivered?.saturating_add(uncounted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::results::RoundResult;
    use std::collections::BTreeMap;

    /// Whether a round is complete, and its row.
    type Made = (bool, Summary);

    fn row(delivered: Option<u64>, expected: u64, of_all: u64) -> Summary {
        Summary { delivered, expected: Some(expected), expected_of_all: Some(of_all), ..Summary::default() }
    }

    fn result(rounds: &[Made]) -> StepResult {
        let round = |(at, (complete, summary)): (u32, &Made)| RoundResult {
            round: at,
            complete: *complete,
            summary: summary.clone(),
            findings: Vec::new(),
            ports: Vec::new(),
            wire: None,
            resources: None,
        };
        StepResult {
            complete: true,
            summary: row(Some(100), 100, 100),
            intervals: BTreeMap::new(),
            rounds: (1..).zip(rounds).map(round).collect(),
            processes: (1, 1),
            findings: Vec::new(),
            thresholds: Vec::new(),
        }
    }

    #[test]
    fn the_log_has_a_latency_for_every_delivery_and_no_other() {
        let whole = (true, row(Some(100), 100, 100));
        let lossy = (true, row(Some(90), 100, 100));
        let late = (true, row(Some(95), 95, 100));
        let cut = (false, row(None, 100, 100));
        let table: [(&[Made], u64, bool); 12] = [
            (&[], 100, true),
            (&[], 99, false),
            (&[], 101, false),
            (std::slice::from_ref(&whole), 0, false),
            (&[whole.clone(), lossy.clone()], 190, true),
            (&[whole.clone(), lossy], 100, false),
            (std::slice::from_ref(&late), 94, false),
            (std::slice::from_ref(&late), 100, true),
            (std::slice::from_ref(&late), 101, false),
            // One that was cut short is not in the row beside a whole one, and alone it cannot be checked.
            (&[whole.clone(), cut.clone()], 100, true),
            (&[whole.clone(), cut.clone()], 130, false),
            (&[cut], 30, true),
        ];
        for (rounds, logged, agrees) in table {
            assert_eq!(LogFault::of(&result(rounds), logged).is_none(), agrees, "{rounds:?} {logged}");
        }
    }
}
