//! Samples whose true quantiles are known, and how often intervals hold them.

use pushbench_measure::Histogram;
use pushbench_measure::statistics::{
    Block, Bootstrap, Difference, Measurement, Round, Sample, Statistic, Steadiness, measure, steadiness,
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal};

/// Latencies that are log-normal about 20 ms, with an effect of the round, one of the second that fades from second
/// to second, and one of each delivery. All are standard deviations of the logarithm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) rounds: usize,
    pub(crate) seconds: usize,
    pub(crate) per_second: usize,
    pub(crate) of_round: f64,
    pub(crate) of_second: f64,
    pub(crate) of_delivery: f64,
}

/// What the effect of a second keeps of that of the second before.
const KEPT: f64 = 0.5;
const MEDIAN_US: f64 = 20_000.0;

impl World {
    /// Five rounds of twelve seconds, the rounds apart by a tenth.
    pub(crate) fn usual() -> Self {
        Self { rounds: 5, seconds: 12, per_second: 30, of_round: 0.1, of_second: 0.05, of_delivery: 0.4 }
    }

    /// The quantile over all rounds there could be: sums of normal logarithms are normal.
    pub(crate) fn truth(&self, quantile: f64) -> f64 {
        // Standard normal quantiles of those that are asked for.
        let z = match quantile {
            0.5 => 0.0,
            0.9 => 1.281_552,
            0.99 => 2.326_348,
            _ => panic!("no quantile {quantile} of the normal distribution at hand"),
        };
        let deviation = (self.of_round.powi(2) + self.of_second.powi(2) + self.of_delivery.powi(2)).sqrt();
        MEDIAN_US * (z * deviation).exp()
    }

    pub(crate) fn sample(&self, rng: &mut ChaCha8Rng) -> Sample {
        let normal = |deviation| Normal::new(0.0, deviation).unwrap();
        let fresh = normal(self.of_second * (1.0 - KEPT * KEPT).sqrt());
        let rounds = (0..self.rounds).map(|_| {
            let round = normal(self.of_round).sample(rng);
            let mut second = normal(self.of_second).sample(rng);
            let blocks = (0..self.seconds).map(|_| {
                second = KEPT * second + fresh.sample(rng);
                let mut histogram = Histogram::new();
                for _ in 0..self.per_second {
                    let logarithm = round + second + normal(self.of_delivery).sample(rng);
                    histogram.record((MEDIAN_US * logarithm.exp()).round() as u64);
                }
                Block::of(&histogram)
            });
            Round(blocks.collect())
        });
        Sample::new(rounds.collect())
    }

    /// Share of intervals that hold the true quantile, and how wide they are at the median, as a share of it.
    pub(crate) fn coverage(&self, quantile: f64, times: u32) -> (f64, f64) {
        let truth = self.truth(quantile);
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut widths = Vec::new();
        let mut held = 0;
        for seed in 0..times {
            let bootstrap = Bootstrap { replicates: 100, seed: seed.into() };
            let measured = measure(&self.sample(&mut rng), &[Statistic::Quantile(quantile)], bootstrap);
            let interval =
                measured.as_deref().and_then(|m| m.first().and_then(Measurement::interval)).unwrap();
            held += u32::from(interval.lo <= truth && truth <= interval.hi);
            widths.push((interval.hi - interval.lo) / truth);
        }
        widths.sort_by(f64::total_cmp);
        (f64::from(held) / f64::from(times), widths[widths.len() / 2])
    }

    /// Share of intervals of the difference between two samples of one world that hold zero.
    pub(crate) fn coverage_of_difference(&self, quantile: f64, times: u32) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut held = 0;
        for seed in 0..times {
            let bootstrap = Bootstrap { replicates: 100, seed: seed.into() };
            let (a, b) = (self.sample(&mut rng), self.sample(&mut rng));
            let of = |sample| measure(sample, &[Statistic::Quantile(quantile)], bootstrap).unwrap()[0];
            let interval = Difference::between(&of(&a), &of(&b)).interval.unwrap();
            held += u32::from(interval.lo <= 0.0 && 0.0 <= interval.hi);
        }
        f64::from(held) / f64::from(times)
    }
}

/// Share of series without a change in which one is seen: each second keeps `kept` of the deviation of the one
/// before, and the deviation is that share of the level, 20 ms.
pub(crate) fn false_alarms(seconds: usize, kept: f64, deviation: f64, times: u32) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let normal = Normal::new(0.0, 1.0).unwrap();
    let fresh = (1.0 - kept * kept).sqrt();
    let mut alarms = 0;
    for _ in 0..times {
        let mut state: f64 = normal.sample(&mut rng);
        let series: Vec<f64> = (0..seconds)
            .map(|_| {
                state = kept * state + fresh * normal.sample(&mut rng);
                MEDIAN_US * (1.0 + deviation * state)
            })
            .collect();
        alarms += u32::from(matches!(steadiness(&series), Some(Steadiness::Changed(_))));
    }
    f64::from(alarms) / f64::from(times)
}
