//! Rounds of blocks: what intervals of distributions are made from. Holds values and counts, decides nothing.

use crate::Histogram;

/// One second's histogram in little memory: its values and how often each was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// Value and count, values ascending. A second's count and a clamped value both fit.
    bins: Vec<(u32, u32)>,
    sum: f64,
}

impl Block {
    /// The values of a histogram, to its own precision.
    #[must_use]
    pub fn of(histogram: &Histogram) -> Self {
        let narrow = |wide: u64| u32::try_from(wide).unwrap_or(u32::MAX);
        let recorded = histogram.inner().iter_recorded();
        let bins = recorded.map(|bin| (narrow(bin.value_iterated_to()), narrow(bin.count_at_value())));
        Self { bins: bins.collect(), sum: histogram.mean().unwrap_or(0.0) * histogram.count() as f64 }
    }

    /// Values with their counts, ascending.
    pub fn bins(&self) -> impl Iterator<Item = (u64, u64)> {
        self.bins.iter().map(|(value, count)| (u64::from(*value), u64::from(*count)))
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.bins.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// Sum of all values.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

/// The blocks of one round, in order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Round(pub Vec<Block>);

impl Round {
    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(Block::count).sum()
    }
}

/// All rounds of one transport at one number of clients.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    rounds: Vec<Round>,
}

impl Sample {
    /// From rounds; those without any value are left out.
    #[must_use]
    pub fn new(rounds: Vec<Round>) -> Self {
        Self { rounds: rounds.into_iter().filter(|round| round.count() > 0).collect() }
    }

    /// Adds a round, unless it has no value.
    pub fn push(&mut self, round: Round) {
        if round.count() > 0 {
            self.rounds.push(round);
        }
    }

    /// The rounds that hold values.
    #[must_use]
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.rounds.iter().map(Round::count).sum()
    }

    /// The sum of all histograms.
    #[must_use]
    pub fn histogram(&self) -> Histogram {
        let mut sum = Histogram::new();
        for (value, count) in self.rounds.iter().flat_map(|round| &round.0).flat_map(Block::bins) {
            sum.record_many(value, count);
        }
        sum
    }
}
