//! What the charts of a run show: one number of clients, every transport with its ink.

use pushbench_measure::Histogram;
use pushbench_measure::results::{Interval, Run, StepResult, TransportRecord};
use std::collections::BTreeMap;

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
}

impl<'a> View<'a> {
    pub(super) fn new(folder: &'a RunFolder) -> Self {
        let step = folder.largest_step().unwrap_or(0);
        let mut of_kind: BTreeMap<usize, usize> = BTreeMap::new();
        let series = folder
            .transports()
            .map(|(transport, files)| {
                let variant = of_kind.entry(transport.kind_index).or_default();
                let ink = ink(transport.kind_index, *variant);
                *variant += 1;
                Series { transport, ink, result: folder.result(&transport.label, step), files, step }
            })
            .collect();
        Self { folder, run: &folder.run, step, series }
    }

    /// Whether the run has several numbers of clients.
    pub(super) fn has_steps(&self) -> bool {
        self.run.scenario.steps.len() > 1
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

    /// The label, with a warning where its figures are not valid.
    pub(super) fn name(&self) -> String {
        match self.result.map(StepResult::level) {
            Some(Level::Breach) => format!("invalid: {}", self.label()),
            _ => self.label().to_owned(),
        }
    }

    /// Percentiles of the summary in words, such as `p50 1.51 ms · p99 ~5.23 ms`; those that may not be printed
    /// are left out.
    pub(super) fn percentiles(&self, wanted: &[Percentile]) -> Vec<String> {
        let Some(result) = self.result else { return Vec::new() };
        let words = |percentile: &Percentile| {
            Some(format!("{} {}", percentile.name, percentile.of(&result.summary)?))
        };
        wanted.iter().filter_map(words).collect()
    }

    /// Rows of `intervals.csv` at this number of clients.
    pub(super) fn intervals(&self) -> impl Iterator<Item = &'a Interval> + use<'a> {
        self.files.intervals_of(self.step)
    }

    /// Delivery latency of the measure phase.
    pub(super) fn delivery(&self) -> Option<&'a Histogram> {
        self.files.delivery_of(self.step)
    }
}
