//! What the charts of a run show: one number of clients, every transport with its ink.

use pushbench_measure::results::{
    Confidence, Interval, RoundResult, Run, StepResult, Summary, TransportRecord,
};
use pushbench_measure::{Figure, Histogram};
use std::collections::{BTreeMap, BTreeSet};

use pushbench_measure::verdict::Level;

use super::palette::{Ink, ink};
use crate::figures::Percentile;
use crate::{LabelFiles, RunFolder};

/// A run at one number of clients.
pub(super) struct View<'a> {
    pub(super) folder: &'a RunFolder,
    pub(super) run: &'a Run,
    /// Number of clients shown.
    pub(super) step: u32,
    /// The round that charts over time show.
    pub(super) round: u32,
    /// One a transport, in the order of the scenario.
    pub(super) series: Vec<Series<'a>>,
}

/// One transport at the number of clients shown.
pub(super) struct Series<'a> {
    pub(super) transport: &'a TransportRecord,
    pub(super) ink: Ink,
    pub(super) result: Option<&'a StepResult>,
    files: &'a LabelFiles,
    step: u32,
    round: u32,
}

impl<'a> View<'a> {
    pub(super) fn new(folder: &'a RunFolder) -> Self {
        let step = folder.largest_step().unwrap_or(0);
        let round = typical_round(folder, step);
        let mut of_kind: BTreeMap<usize, usize> = BTreeMap::new();
        let series = folder
            .transports()
            .map(|(transport, files)| {
                let variant = of_kind.entry(transport.kind_index).or_default();
                let ink = ink(transport.kind_index, *variant);
                *variant += 1;
                Series { transport, ink, result: folder.result(&transport.label, step), files, step, round }
            })
            .collect();
        Self { folder, run: &folder.run, step, round, series }
    }

    /// Whether the run has several numbers of clients.
    pub(super) fn has_steps(&self) -> bool {
        self.run.scenario.setup.steps.len() > 1
    }
}

impl<'a> Series<'a> {
    pub(super) fn label(&self) -> &'a str {
        &self.transport.label
    }

    /// A figure of the summary.
    pub(super) fn figure(&self, name: &str) -> Option<f64> {
        self.result.and_then(|result| result.summary.figure(name)).filter(|value| value.is_finite())
    }

    /// The 95 % interval of a figure or a sum, where there were several rounds.
    pub(super) fn interval(&self, name: &str) -> Option<Confidence> {
        self.result.and_then(|result| result.interval(name))
    }

    /// What the round of the charts over time showed.
    fn shown_round(&self) -> Option<&'a RoundResult> {
        self.result?.rounds.iter().find(|round| round.round == self.round)
    }

    /// The label, with a warning where its figures are not valid.
    pub(super) fn name(&self) -> String {
        match self.result.map(StepResult::validity) {
            Some(Level::Breach) => format!("invalid: {}", self.label()),
            _ => self.label().to_owned(),
        }
    }

    /// Percentiles of the summary in words, such as `p50 1.51 ms · p99 ~5.23 ms`; those that may not be printed
    /// are left out.
    pub(super) fn percentiles(&self, wanted: &[Percentile]) -> Vec<String> {
        self.result.map_or_else(Vec::new, |result| in_words(&result.summary, wanted))
    }

    /// The figures of the round that charts over time show; of the whole run where rounds were not told apart.
    pub(super) fn round_summary(&self) -> Option<&'a Summary> {
        self.shown_round().map(|round| &round.summary).or_else(|| self.result.map(|result| &result.summary))
    }

    /// Rows of `intervals.csv` at this number of clients, of the round that charts over time show.
    pub(super) fn intervals(&self) -> impl Iterator<Item = &'a Interval> + use<'a> {
        self.files.intervals_of(self.step, self.round)
    }

    /// How long dropped clients were away, of all rounds.
    pub(super) fn back(&self) -> Option<&'a Histogram> {
        self.files.back_of(self.step)
    }

    /// What answers took that were asked for in the measure phase.
    pub(super) fn answers(&self, figure: Figure) -> Option<&'a Histogram> {
        self.files.answers_of(figure, self.step)
    }

    /// Delivery latency of the measure phase.
    pub(super) fn delivery(&self) -> Option<&'a Histogram> {
        self.files.delivery_of(self.step)
    }
}

/// A subtitle, with a word on whiskers where a run has them.
pub(super) fn with_whiskers(subtitle: &str, view: &View<'_>) -> String {
    let any = view.run.results.iter().any(|result| !result.intervals.is_empty());
    format!("{subtitle}{}", if any { " Whiskers: 95 % intervals over rounds." } else { "" })
}

/// Percentiles in words; those that may not be printed are left out.
pub(super) fn in_words(summary: &Summary, wanted: &[Percentile]) -> Vec<String> {
    let words = |percentile: &Percentile| Some(format!("{} {}", percentile.name, percentile.of(summary)?));
    wanted.iter().filter_map(words).collect()
}

/// The round that stands for all where seconds are shown, as seconds of several rounds are no course of time: of those
/// that every transport completed, the one whose medians are nearest to the medians of all rounds. In a run that was
/// cut short the last that was begun.
fn typical_round(folder: &RunFolder, step: u32) -> u32 {
    let labels = folder.run.transports.iter().map(|transport| transport.label.as_str());
    typical_round_of(&labels.filter_map(|label| folder.result(label, step)).collect::<Vec<_>>())
}

fn typical_round_of(results: &[&StepResult]) -> u32 {
    let distance = |round: u32| {
        let of_result = |result: &&StepResult| {
            let measured =
                result.rounds.iter().find(|measured| measured.round == round && measured.complete)?;
            let median = |summary: &Summary| summary.figure("latency_p50_us").map(f64::ln_1p);
            let (one, all) = (median(&measured.summary), median(&result.summary));
            Some(one.zip(all).map_or(0.0, |(one, all)| (one - all).abs()))
        };
        results.iter().map(of_result).sum::<Option<f64>>()
    };
    let rounds: BTreeSet<u32> =
        results.iter().flat_map(|result| result.rounds.iter().map(|round| round.round)).collect();
    let begun = rounds.last().copied().unwrap_or(1);
    let nearest = rounds.into_iter().filter_map(|round| Some((round, distance(round)?)));
    nearest.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(begun, |(round, _)| round)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(label: &str, rounds: &[(u32, u64)]) -> StepResult {
        let summary = |p50| Summary {
            label: label.to_owned(),
            clients: Some(10),
            latency_p50_us: Some(p50),
            ..Summary::default()
        };
        let round = |&(round, p50): &(u32, u64)| RoundResult {
            round,
            complete: true,
            summary: summary(p50),
            latencies: None,
            findings: Vec::new(),
            ports: Vec::new(),
            wire: None,
            resources: None,
        };
        StepResult {
            complete: true,
            summary: summary(1_000),
            intervals: BTreeMap::new(),
            rounds: rounds.iter().map(round).collect(),
            processes: (1, 1),
            findings: Vec::new(),
            thresholds: Vec::new(),
        }
    }

    #[test]
    fn the_typical_round_is_the_nearest_and_numbers_without_a_round_cost_nothing() {
        let table: [(&[(u32, u64)], u32); 4] = [
            (&[(1, 900), (2, 1_010), (3, 1_200)], 2),
            // Only a loop over what occurs ends soon here.
            (&[(7, 900), (u32::MAX, 1_001)], u32::MAX),
            (&[(0, 1_000)], 0),
            (&[], 1),
        ];
        for (rounds, expected) in table {
            let results: Vec<_> = vec![result("sse", rounds)];
            assert_eq!(typical_round_of(&results.iter().collect::<Vec<_>>()), expected, "{rounds:?}");
        }
    }
}
