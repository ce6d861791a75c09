//! What the rounds of one transport at one number of clients come to.
//!
//! Rounds that were measured to their end are pooled, and the row of the step is made from the pool. A round that was
//! cut short is kept beside them and is in no figure, because its ledgers were never closed; only where there is no
//! other does it make the row.

use pushbench_measure::results::{Confidence, RoundResult, StepResult, Summary};
use pushbench_measure::rollup::{StepFacts, summarize};
use pushbench_measure::statistics::{Bootstrap, Sample, estimate_all, estimate_column, estimate_sums};
use pushbench_measure::verdict::{Finding, over_rounds};
use pushbench_scenario::plan::{Plan, Threshold};
use std::collections::BTreeMap;

use super::outcome::{Measured, word};

/// The rounds of a step so far.
#[derive(Debug)]
pub(crate) struct Rounds {
    /// Rounds asked for; `None` in a search, which asks for another as it goes.
    planned: Option<u32>,
    thresholds: Vec<Threshold>,
    /// The column that a sweep ranks by, which has an interval whatever it is.
    ranked_by: Option<String>,
    processes: (u32, u32),
    results: Vec<RoundResult>,
    pool: Option<StepFacts>,
    /// Of a search the pool without the newest round, which it may want to forget.
    before: Option<StepFacts>,
    /// Delivery latencies second by second.
    sample: Sample,
    /// What they come to; `None` before the first.
    pub(crate) result: Option<StepResult>,
}

impl Rounds {
    /// None yet; `ranked_by` is the column that a sweep ranks by.
    pub(crate) fn new(plan: &Plan, processes: (u32, u32), ranked_by: Option<&str>) -> Self {
        Self {
            planned: plan.capacity.is_none().then_some(plan.rounds),
            thresholds: plan.thresholds.clone(),
            ranked_by: ranked_by.map(str::to_owned),
            processes,
            results: Vec::new(),
            pool: None,
            before: None,
            sample: Sample::default(),
            result: None,
        }
    }

    /// Adds a round.
    pub(crate) fn add(&mut self, measured: Measured) {
        let Measured { result, facts, blocks } = measured;
        if result.complete {
            match self.planned {
                Some(_) => self.sample.push(blocks),
                None => self.before.clone_from(&self.pool),
            }
            match &mut self.pool {
                Some(pool) => pool.pool(&facts),
                pool => *pool = Some(facts),
            }
        }
        self.results.push(result);
        self.result = self.come_to();
        if self.planned == Some(1) {
            // Nobody adds to it any more, and its histograms are megabytes that a run of many steps would pile up.
            self.pool = None;
        }
    }

    /// Forgets the newest round of a search: what it showed is in no figure. Those before it stay; once between two
    /// rounds.
    pub(crate) fn forget_newest(&mut self) {
        if self.results.pop().is_some_and(|round| round.complete) {
            self.pool = self.before.take();
        }
        self.result = self.come_to();
    }

    fn come_to(&self) -> Option<StepResult> {
        let first = self.results.first()?;
        let summary = self.pool.as_ref().map_or_else(|| first.summary.clone(), summarize);
        let complete = self.complete().count() == self.planned.map_or(self.results.len(), |all| all as usize);
        let findings: Vec<(u32, &[Finding])> =
            self.judged().map(|round| (round.round, round.findings.as_slice())).collect();
        let of_label = self.thresholds.iter().filter(|threshold| threshold.label == summary.label);
        let thresholds = of_label.filter(|_| complete).map(|threshold| threshold.judge(&summary)).collect();
        let mut result = StepResult {
            complete,
            intervals: self.intervals(&summary),
            rounds: self.results.clone(),
            processes: self.processes,
            findings: over_rounds(&findings),
            thresholds,
            summary,
        };
        word(result.complete, result.level()).clone_into(&mut result.summary.verdict);
        Some(result)
    }

    /// Rounds that were measured to their end.
    fn complete(&self) -> impl Iterator<Item = &RoundResult> {
        self.results.iter().filter(|round| round.complete)
    }

    /// Rounds about which something was found out: those, and one that ended because something ran out.
    fn judged(&self) -> impl Iterator<Item = &RoundResult> {
        self.results.iter().filter(|round| !round.findings.is_empty())
    }

    /// None from one round: it does not tell what another would have shown. None of a search: it repeats what it found
    /// because that passed.
    fn intervals(&self, pooled: &Summary) -> BTreeMap<String, Confidence> {
        if self.complete().count() < 2 || self.planned.is_none() {
            return BTreeMap::new();
        }
        let rounds: Vec<Summary> = self.complete().map(|round| round.summary.clone()).collect();
        let mut intervals = estimate_all(&self.sample, &rounds, pooled, Bootstrap::default());
        intervals.extend(estimate_sums(&rounds, pooled));
        if let Some(column) = self.ranked_by.as_ref().filter(|column| !intervals.contains_key(*column)) {
            let interval = estimate_column(&rounds, pooled, column);
            intervals.extend(interval.map(|interval| (column.clone(), interval)));
        }
        intervals
    }
}

#[cfg(test)]
mod tests;
