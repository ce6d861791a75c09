//! Which transport is cheapest in which cell of a sweep. Pure; draws and words nothing.
//!
//! Only a transport that was measured to its end, whose figures may be believed and that meets the scenario's thresholds is
//! ranked, and of these one that has the figure. One that is not, or has it not, makes the cell's answer one about the others,
//! which is told.

use pushbench_measure::results::{Confidence, Run, StepResult, SweepRecord};
use pushbench_measure::verdict::Level;

/// Costs that are no further above the lowest than this count as equal to it.
const TIE: f64 = 0.05;

/// The cells of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Map<'a> {
    /// The keys with their values, and the column that is compared.
    pub sweep: &'a SweepRecord,
    /// Column by column: every value of the second key for the first value of the first, and so on.
    pub cells: Vec<Cell<'a>>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell<'a> {
    /// What is known of it.
    pub answer: Answer<'a>,
    /// Transports whose figures are not to be believed, so that nobody knows where they stand.
    pub invalid: Vec<&'a str>,
    /// Those that are valid and meet the thresholds, and where they stand nobody knows either: of them the column was not measured.
    pub unknown: Vec<&'a str>,
}

/// What is known of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<'a> {
    /// The transports that meet the thresholds, cheapest first.
    Ranked(Vec<Ranked<'a>>),
    /// Valid figures, and none that meet the thresholds.
    NoneMeets,
    /// Some are valid and meet the thresholds, and of none of these the column was measured.
    NoneMeasured,
    /// No figures that may be believed.
    NoneValid,
    /// It was not measured.
    NotMeasured,
}

/// A transport in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<'a> {
    /// Its label.
    pub label: &'a str,
    /// What it costs, in the unit of the column.
    pub cost: f64,
    /// The interval of that over rounds.
    pub interval: Option<Confidence>,
    /// Whether it is as cheap as the cheapest, as far as can be told.
    pub ties: bool,
}

impl<'a> Map<'a> {
    /// The map of a run; `None` where it is of no sweep.
    #[must_use]
    pub fn of(run: &'a Run) -> Option<Self> {
        let sweep = run.scenario.sweep.as_ref()?;
        let no_second = [String::new()];
        let [first, rest @ ..] = sweep.keys.as_slice() else { return None };
        let second = rest.first().map_or(no_second.as_slice(), |key| key.values.as_slice());
        let mut cells = Vec::new();
        for x in &first.values {
            for y in second {
                let wanted = [Some((&first.key, x)), rest.first().map(|key| (&key.key, y))];
                let point = run.scenario.points.iter().find(|point| {
                    let has = |(key, value)| point.values.iter().any(|(k, v)| (k, v) == (key, value));
                    wanted.into_iter().flatten().all(has)
                });
                cells.push(point.map_or_else(Cell::not_measured, |point| {
                    let of = |result: &&StepResult| result.summary.point.as_deref() == Some(&point.name);
                    Cell::of(run.results.iter().filter(of), &sweep.cheapest)
                }));
            }
        }
        Some(Self { sweep, cells })
    }

    /// The cell of the value of each key at these places.
    #[must_use]
    pub fn cell(&self, x: usize, y: usize) -> Option<&Cell<'a>> {
        let rows = self.sweep.keys.get(1).map_or(1, |key| key.values.len());
        (y < rows).then(|| self.cells.get(x * rows + y))?
    }
}

impl<'a> Cell<'a> {
    fn not_measured() -> Self {
        Self { answer: Answer::NotMeasured, invalid: Vec::new(), unknown: Vec::new() }
    }

    /// What is known of results under one load, ranked by a column.
    pub(crate) fn of(results: impl Iterator<Item = &'a StepResult>, column: &str) -> Self {
        let all: Vec<&StepResult> = results.collect();
        let (valid, doubted): (Vec<_>, Vec<_>) = all.iter().partition(|result| is_valid(result));
        let meets = |result: &&&StepResult| result.thresholds.iter().all(|threshold| threshold.met);
        let mut ranked: Vec<Ranked<'a>> = Vec::new();
        let mut unknown = Vec::new();
        for result in valid.iter().copied().filter(meets) {
            let label = result.summary.label.as_str();
            match result.summary.figure(column).filter(|cost| cost.is_finite()) {
                Some(cost) => {
                    ranked.push(Ranked { label, cost, interval: result.interval(column), ties: false });
                }
                None => unknown.push(label),
            }
        }
        ranked.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        if let Some(lowest) = ranked.first().copied() {
            for other in &mut ranked {
                other.ties = lowest.ties_with(other);
            }
        }
        let answer = match (all.is_empty(), valid.is_empty(), ranked.is_empty()) {
            (true, ..) => Answer::NotMeasured,
            (_, true, _) => Answer::NoneValid,
            (_, _, true) if unknown.is_empty() => Answer::NoneMeets,
            (_, _, true) => Answer::NoneMeasured,
            _ => Answer::Ranked(ranked),
        };
        let invalid = doubted.iter().map(|result| result.summary.label.as_str()).collect();
        Self { answer, invalid, unknown }
    }

    /// Those that are as cheap as the cheapest, it included, as far as can be told.
    pub fn cheapest(&self) -> impl Iterator<Item = &Ranked<'a>> {
        self.ranked().iter().filter(|ranked| ranked.ties)
    }

    /// The cheapest of those that are dearer than these.
    #[must_use]
    pub fn next(&self) -> Option<&Ranked<'a>> {
        self.ranked().iter().find(|ranked| !ranked.ties)
    }

    fn ranked(&self) -> &[Ranked<'a>] {
        match &self.answer {
            Answer::Ranked(ranked) => ranked,
            Answer::NoneMeets | Answer::NoneMeasured | Answer::NoneValid | Answer::NotMeasured => &[],
        }
    }
}

/// Whether a result may be held against others.
fn is_valid(result: &StepResult) -> bool {
    result.complete && result.validity() < Level::Breach
}

impl Ranked<'_> {
    /// Whether what tells this one, which is not dearer, from another may be chance.
    fn ties_with(&self, other: &Self) -> bool {
        let overlap = self.interval.zip(other.interval).is_some_and(|(low, high)| high.lo <= low.hi);
        overlap || other.cost <= self.cost + self.cost.abs() * TIE
    }
}
