//! Hierarchical bootstrap of quantiles and means (Davison & Hinkley, *Bootstrap Methods and their Application*,
//! 1997, chapter 3.8).
//!
//! Two levels are resampled, each by itself. *Between*: whole rounds with replacement, nothing drawn again within
//! them; the book shows that drawing within them too counts the scatter of the seconds twice. *Within*: every round
//! stays, and runs of neighbouring seconds are drawn within it; that is all one round can tell. The percentiles of the
//! replicates themselves would be far too narrow an interval of few rounds, because a resample of n has only
//! (n − 1)/n of the variance, and because the scatter of few rounds is itself hardly known. So only the replicates'
//! standard deviation is taken, times √(n/(n−1)), and the interval is Student's with n − 1 degrees of freedom.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::measurement::{Basis, Measurement, Scatter, Shape};
use super::{Block, Sample};
use crate::histogram::RELATIVE_PRECISION;

/// How the bootstrap draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// Number of resamples.
    pub replicates: u32,
    /// Seed of all draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { replicates: 1_000, seed: 0x7075_7368 }
    }
}

/// What is taken from a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// The value at a quantile, 0 to 1.
    Quantile(f64),
    /// The mean.
    Mean,
}

impl Statistic {
    /// How far a histogram may name this figure from what was measured: a quantile is the end of a bucket. In a mean
    /// the roundings of many values even out.
    fn resolution_us(self, value: f64) -> f64 {
        match self {
            Self::Quantile(_) => (value * RELATIVE_PRECISION).max(1.0),
            Self::Mean => 0.0,
        }
    }
}

/// Statistics of all values of a sample, with their scatter; `None` for a sample without values. The value is what the
/// sum of all histograms says.
#[must_use]
pub fn measure(sample: &Sample, statistics: &[Statistic], bootstrap: Bootstrap) -> Option<Vec<Measurement>> {
    if sample.count() == 0 {
        return None;
    }
    let bins = Bins::of(sample);
    let rounds: Vec<Vec<Unit>> = sample.rounds().iter().map(|round| bins.units(&round.0)).collect();
    let merged: Vec<Unit> = rounds.iter().map(|units| Unit::sum(units, bins.values.len())).collect();
    let mut pool = Pool::new(&bins, statistics);
    for unit in &merged {
        pool.add(unit);
    }
    let values = pool.statistics();
    let between = scatter(&mut pool, &[merged], bootstrap);
    let within = scatter(&mut pool, &rounds, bootstrap);
    let basis = Basis::of(rounds.len());
    let measured =
        values.into_iter().zip(statistics).enumerate().map(|(at, (value, statistic))| Measurement {
            value,
            basis,
            between: between.as_ref().map(|scatters| scatters[at]),
            within: within.as_ref().map(|scatters| scatters[at]),
            resolution: statistic.resolution_us(value),
            shape: Shape::Logarithmic,
        });
    Some(measured.collect())
}

/// Draws units with replacement within every stratum, and returns the scatter of each statistic. `None` where no
/// stratum has two units.
fn scatter(pool: &mut Pool<'_>, strata: &[Vec<Unit>], bootstrap: Bootstrap) -> Option<Vec<Scatter>> {
    let units: usize = strata.iter().map(Vec::len).sum();
    let freedom = units.saturating_sub(strata.len()) as f64;
    if freedom < 1.0 {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(bootstrap.seed);
    let mut moments = vec![[Moments::default(); 2]; pool.wanted.len()];
    for _ in 0..bootstrap.replicates {
        pool.clear();
        for stratum in strata {
            for _ in stratum {
                pool.add(&stratum[rng.random_range(0..stratum.len())]);
            }
        }
        for (moments, value) in moments.iter_mut().zip(pool.statistics()) {
            moments[0].add(value);
            moments[1].add(value.ln_1p());
        }
    }
    let correction = (units as f64 / freedom).sqrt();
    let error = |moments: &Moments| moments.deviation() * correction;
    let of = |both: &[Moments; 2]| Scatter { error: error(&both[0]), log_error: error(&both[1]), freedom };
    Some(moments.iter().map(of).collect())
}

/// Every value that occurs, ascending: units refer to them by position.
struct Bins {
    values: Vec<u64>,
}

impl Bins {
    fn of(sample: &Sample) -> Self {
        let blocks = sample.rounds().iter().flat_map(|round| &round.0);
        let mut values: Vec<u64> = blocks.flat_map(|block| block.bins().map(|(value, _)| value)).collect();
        values.sort_unstable();
        values.dedup();
        Self { values }
    }

    /// Runs of neighbouring seconds, each long enough to hold most of what one second has to do with the next
    /// (length n^(1/3): Künsch 1989), as units to be drawn.
    fn units(&self, blocks: &[Block]) -> Vec<Unit> {
        let length = (blocks.len() as f64).cbrt().ceil().max(1.0) as usize;
        // Runs of the same length as far as that goes: none of a second or two is left over at the end. Two seconds
        // are drawn one by one: a single run would say nothing about their scatter.
        let runs = (blocks.len() / length).max(blocks.len().min(2)).max(1);
        let edge = |run: usize| run * blocks.len() / runs;
        let runs = (0..runs).map(|run| &blocks[edge(run)..edge(run + 1)]);
        runs.map(|run| self.unit(run)).filter(|unit| unit.count > 0).collect()
    }

    fn unit(&self, blocks: &[Block]) -> Unit {
        let mut counts: Vec<(usize, u64)> = blocks
            .iter()
            .flat_map(Block::bins)
            .filter_map(|(value, count)| Some((self.values.binary_search(&value).ok()?, count)))
            .collect();
        counts.sort_unstable();
        counts.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            kept.1 += if same { later.1 } else { 0 };
            same
        });
        let count = counts.iter().map(|(_, count)| count).sum();
        Unit { counts, count, sum: blocks.iter().map(Block::sum).sum() }
    }
}

/// What is drawn as a whole.
struct Unit {
    /// Position among the bins, and count.
    counts: Vec<(usize, u64)>,
    count: u64,
    sum: f64,
}

impl Unit {
    fn sum(units: &[Self], bins: usize) -> Self {
        let mut dense = vec![0; bins];
        for (bin, count) in units.iter().flat_map(|unit| &unit.counts) {
            dense[*bin] += count;
        }
        Self {
            counts: dense.into_iter().enumerate().filter(|(_, count)| *count > 0).collect(),
            count: units.iter().map(|unit| unit.count).sum(),
            sum: units.iter().map(|unit| unit.sum).sum(),
        }
    }
}

/// A resample being put together.
struct Pool<'a> {
    bins: &'a Bins,
    counts: Vec<u64>,
    count: u64,
    sum: f64,
    /// What is asked, with its position in the question; quantiles ascending.
    wanted: Vec<(usize, Statistic)>,
}

impl<'a> Pool<'a> {
    fn new(bins: &'a Bins, statistics: &[Statistic]) -> Self {
        let mut wanted: Vec<(usize, Statistic)> = statistics.iter().copied().enumerate().collect();
        let order = |statistic: &Statistic| match statistic {
            Statistic::Quantile(quantile) => *quantile,
            Statistic::Mean => -1.0,
        };
        wanted.sort_by(|(_, a), (_, b)| order(a).total_cmp(&order(b)));
        Self { bins, counts: vec![0; bins.values.len()], count: 0, sum: 0.0, wanted }
    }

    fn clear(&mut self) {
        self.counts.fill(0);
        (self.count, self.sum) = (0, 0.0);
    }

    fn add(&mut self, unit: &Unit) {
        for (bin, count) in &unit.counts {
            self.counts[*bin] += count;
        }
        self.count += unit.count;
        self.sum += unit.sum;
    }

    /// The statistics in the order they were asked for. A quantile is the value that the histograms' own rule picks.
    fn statistics(&self) -> Vec<f64> {
        let mut values = vec![0.0; self.wanted.len()];
        let (mut bin, mut until) = (0, self.counts[0]);
        for (place, statistic) in &self.wanted {
            values[*place] = match statistic {
                Statistic::Mean => self.sum / self.count as f64,
                Statistic::Quantile(quantile) => {
                    let rank = ((quantile * self.count as f64).ceil() as u64).clamp(1, self.count);
                    while until < rank {
                        bin += 1;
                        until += self.counts[bin];
                    }
                    self.bins.values[bin] as f64
                }
            };
        }
        values
    }
}

/// Running mean and variance (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    fn deviation(&self) -> f64 {
        if self.count < 2.0 { 0.0 } else { (self.squares / (self.count - 1.0)).sqrt() }
    }
}
