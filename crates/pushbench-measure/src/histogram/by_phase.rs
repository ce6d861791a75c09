//! The histograms of every figure in every phase: what a process records into, and what travels.

use serde::{Deserialize, Serialize};

use super::{Figure, Histogram};
use crate::Phase;

/// Number of pairs of a figure and a phase.
const CELLS: usize = Figure::ALL.len() * Phase::ALL.len();

/// Histograms by figure and phase, created when first used.
///
/// PERF: a place in an array for every pair; to find a pair in a map took 1.1 % of a worker's time, to record the value 1.3 %.
#[derive(Debug, Clone, Default)]
pub struct Histograms {
    /// In the order of figures, then phases; absent when there is none at all.
    cells: Vec<Option<Histogram>>,
}

impl Histograms {
    /// No histogram at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every histogram of these figures, empty, its memory touched: recording will allocate nothing, and what the process
    /// needs for them shows in its memory now rather than when the first clients come.
    #[must_use]
    pub fn prepared(figures: &[Figure]) -> Self {
        let mut all = Self::new();
        for figure in figures.iter().copied() {
            for phase in Phase::ALL {
                let histogram = all.cell(figure, phase);
                histogram.record(0);
                histogram.clear();
            }
        }
        all
    }

    /// Records one value.
    pub fn record(&mut self, figure: Figure, phase: Phase, value: u64) {
        self.cell(figure, phase).record(value);
    }

    fn cell(&mut self, figure: Figure, phase: Phase) -> &mut Histogram {
        if self.cells.is_empty() {
            self.cells.resize(CELLS, None);
        }
        self.cells[place(figure, phase)].get_or_insert_default()
    }

    /// The histogram of a figure in a phase, if any value was recorded.
    #[must_use]
    pub fn get(&self, figure: Figure, phase: Phase) -> Option<&Histogram> {
        let cell = self.cells.get(place(figure, phase))?;
        cell.as_ref().filter(|histogram| !histogram.is_empty())
    }

    /// A copy of the histogram of a figure in a phase, empty if nothing was recorded.
    #[must_use]
    pub fn of(&self, figure: Figure, phase: Phase) -> Histogram {
        self.get(figure, phase).cloned().unwrap_or_default()
    }

    /// The sum over all phases.
    #[must_use]
    pub fn all_phases(&self, figure: Figure) -> Histogram {
        let mut sum = Histogram::new();
        for phase in Phase::ALL {
            if let Some(histogram) = self.get(figure, phase) {
                sum.add(histogram);
            }
        }
        sum
    }

    /// Adds one histogram under a figure and a phase.
    pub fn add_one(&mut self, figure: Figure, phase: Phase, histogram: &Histogram) {
        self.cell(figure, phase).add(histogram);
    }

    /// Adds every histogram of `other`.
    pub fn add(&mut self, other: &Self) {
        for (figure, phase, histogram) in other.iter() {
            self.add_one(figure, phase, histogram);
        }
    }

    /// Every non-empty histogram, ordered by figure and phase.
    pub fn iter(&self) -> impl Iterator<Item = (Figure, Phase, &Histogram)> {
        let pairs = Figure::ALL.into_iter().flat_map(|figure| Phase::ALL.map(|phase| (figure, phase)));
        pairs.filter_map(|(figure, phase)| Some((figure, phase, self.get(figure, phase)?)))
    }

    /// What was recorded since the last call; the memory stays here for what comes.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let mut taken = Self::new();
        for (figure, phase, histogram) in self.iter() {
            *taken.cell(figure, phase) = histogram.clone();
        }
        for histogram in self.cells.iter_mut().flatten().filter(|histogram| !histogram.is_empty()) {
            histogram.clear();
        }
        taken
    }
}

impl PartialEq for Histograms {
    /// Whether the same was recorded.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

fn place(figure: Figure, phase: Phase) -> usize {
    figure as usize * Phase::ALL.len() + phase as usize
}

/// The travelling form of one histogram.
#[derive(Serialize, Deserialize)]
struct Encoded {
    figure: Figure,
    phase: Phase,
    v2: Histogram,
}

impl Serialize for Histograms {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(figure, phase, h)| Encoded { figure, phase, v2: h.clone() }))
    }
}

impl<'de> Deserialize<'de> for Histograms {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut sum = Self::new();
        for encoded in Vec::<Encoded>::deserialize(deserializer)? {
            sum.add_one(encoded.figure, encoded.phase, &encoded.v2);
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::micros;

    #[test]
    fn prepared_histograms_are_empty() {
        assert_eq!(Histograms::prepared(&Figure::ALL).iter().count(), 0);
        assert_eq!(Histograms::prepared(&Figure::ALL).take(), Histograms::new());
    }

    #[test]
    fn every_pair_has_a_place_of_its_own() {
        let mut histograms = Histograms::new();
        let pairs = || Figure::ALL.into_iter().flat_map(|figure| Phase::ALL.map(|phase| (figure, phase)));
        for ((figure, phase), value) in pairs().zip(1..) {
            histograms.record(figure, phase, value);
        }
        let found = histograms.iter().map(|(figure, phase, histogram)| (figure, phase, histogram.max()));
        let expected = pairs().zip(1..).map(|((figure, phase), value)| (figure, phase, Some(value)));
        assert!(found.eq(expected));
    }

    #[test]
    fn what_was_taken_is_not_taken_again() {
        let mut histograms = Histograms::new();
        histograms.record(Figure::Slip, Phase::Measure, micros(1_499));
        assert_eq!(histograms.take().of(Figure::Slip, Phase::Measure).max(), Some(1));
        assert_eq!(histograms.take(), Histograms::new());
        histograms.record(Figure::Slip, Phase::Measure, micros(1_500));
        assert_eq!(histograms.take().of(Figure::Slip, Phase::Measure).max(), Some(2));
    }
}
