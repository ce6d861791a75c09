//! Whether `latency.hlog` holds the latencies that `run.json` counts. Pure; reads no file.

use pushbench_measure::results::StepResult;
use std::fmt;

use crate::folder::in_row;
use crate::format::grouped;

/// A log that was shortened, doubled or exchanged after the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFault {
    /// Latencies in the log, of the rounds that the result is made of.
    pub logged: u64,
    /// Latencies that the manifest counts, of the same rounds.
    pub counted: u64,
}

impl fmt::Display for LogFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (logged, counted) = (grouped(self.logged), grouped(self.counted));
        write!(out, "holds {logged} latencies where run.json counts {counted}")
    }
}

impl LogFault {
    /// Holds the number of latencies against the manifest, which may count those of no round.
    #[must_use]
    pub fn of(result: &StepResult, logged: u64) -> Option<Self> {
        let rounds = result.rounds.iter().filter(|round| in_row(result, round.round));
        let counts: Vec<u64> = rounds.map(|round| round.latencies).collect::<Option<_>>()?;
        let counted = counts.iter().sum();
        (!counts.is_empty() && logged != counted).then_some(Self { logged, counted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::results::{RoundResult, Summary};
    use std::collections::BTreeMap;

    /// Whether a round is complete, and its latencies.
    type Made = (bool, Option<u64>);

    fn result(rounds: &[Made]) -> StepResult {
        let round = |(at, (complete, latencies)): (u32, &Made)| RoundResult {
            round: at,
            complete: *complete,
            summary: Summary::default(),
            latencies: *latencies,
            findings: Vec::new(),
            ports: Vec::new(),
            wire: None,
            resources: None,
        };
        StepResult {
            complete: true,
            summary: Summary::default(),
            intervals: BTreeMap::new(),
            rounds: (1..).zip(rounds).map(round).collect(),
            processes: (1, 1),
            findings: Vec::new(),
            thresholds: Vec::new(),
        }
    }

    #[test]
    fn the_log_has_the_latencies_that_are_counted_and_no_other() {
        let (whole, cut) = ((true, Some(100)), (false, Some(30)));
        let table: [(&[Made], u64, bool); 9] = [
            (&[whole], 100, true),
            (&[whole], 99, false),
            (&[whole], 101, false),
            (&[whole, (true, Some(90))], 190, true),
            (&[whole, (true, Some(90))], 100, false),
            // One that was cut short is not in the row beside a whole one.
            (&[whole, cut], 100, true),
            (&[whole, cut], 130, false),
            (&[cut], 29, false),
            (&[(true, None)], 5, true),
        ];
        for (rounds, logged, agrees) in table {
            assert_eq!(LogFault::of(&result(rounds), logged).is_none(), agrees, "{rounds:?} {logged}");
        }
    }
}
