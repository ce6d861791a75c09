//! Whether a series stays where it is: one change point (Pettitt, *A non-parametric approach to the change-point
//! problem*, Applied Statistics 28, 1979), and only one that matters.
//!
//! The test takes the seconds for independent of each other. Where they are, and scatter by a fifth of their level, a
//! change is seen in fewer than 1 of 100 series of 10 to 120 seconds that have none. Where half of a second's deviation
//! stays in the next (AR(1) with 0.5), it is seen in 5 to 9 of 100: such a level does wander. To correct for that would
//! hide a latency that climbs all the time, which is what the check is for. The example `coverage` counts again.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

/// Fewest values that are judged.
const FEWEST: usize = 10;
/// Probability of the test below which a change is believed.
const SIGNIFICANT: f64 = 0.01;
/// Below this number of values the probability is counted out: Pettitt's formula cannot become significant there.
const COUNTED_BELOW: usize = 16;
/// Orders that are tried to count it.
const ORDERS: u32 = 9_999;
/// A change matters from this share of the lower median on …
const SHARE: f64 = 0.20;
/// … and from this many microseconds on.
const LEAST_US: f64 = 100.0;

/// What a series of seconds does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Steadiness {
    /// No change that matters.
    Steady,
    /// The level is another one from some second on.
    Changed(ChangePoint),
}

/// Where and by how much a series changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Position of the first value of the later part.
    pub at: usize,
    /// Median of the values before it.
    pub before: f64,
    /// Median of it and those after it.
    pub after: f64,
    /// Probability of so large a statistic in a series of independent values without change.
    pub probability: f64,
}

/// Looks for a change in a series of microseconds, one a second. `None`: too short to be judged, or not numbers.
#[must_use]
pub fn steadiness(series: &[f64]) -> Option<Steadiness> {
    if series.len() < FEWEST || series.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let ranks = midranks(series);
    let (at, statistic) = pettitt(&ranks);
    let (before, after) = (median(&series[..at]), median(&series[at..]));
    let by = (after - before).abs();
    let matters = by > LEAST_US && by > SHARE * before.min(after);
    if !matters {
        return Some(Steadiness::Steady);
    }
    let probability = probability(ranks, statistic);
    Some(if probability < SIGNIFICANT {
        Steadiness::Changed(ChangePoint { at, before, after, probability })
    } else {
        Steadiness::Steady
    })
}

/// Of so large a statistic where the order of the values means nothing.
fn probability(mut ranks: Vec<f64>, statistic: f64) -> f64 {
    if ranks.len() >= COUNTED_BELOW {
        let count = ranks.len() as f64;
        return (2.0 * (-6.0 * statistic.powi(2) / (count.powi(3) + count.powi(2))).exp()).min(1.0);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut as_large = 1;
    for _ in 0..ORDERS {
        ranks.shuffle(&mut rng);
        as_large += u32::from(pettitt(&ranks).1 >= statistic);
    }
    f64::from(as_large) / f64::from(ORDERS + 1)
}

/// The split where the ranks of both parts differ most, and the statistic K there.
fn pettitt(ranks: &[f64]) -> (usize, f64) {
    let count = ranks.len() as f64;
    let (mut sum, mut best) = (0.0, (1, 0.0));
    for (at, rank) in ranks.iter().enumerate().take(ranks.len() - 1) {
        sum += rank;
        let split = at + 1;
        let statistic = (2.0 * sum - split as f64 * (count + 1.0)).abs();
        if statistic > best.1 {
            best = (split, statistic);
        }
    }
    best
}

/// Ranks from 1; equal values share the mean of theirs.
fn midranks(series: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by(|a, b| series[*a].total_cmp(&series[*b]));
    let mut ranks = vec![0.0; series.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| series[*a].total_cmp(&series[*b]).is_eq()) {
        let rank = before as f64 + (equal.len() + 1) as f64 / 2.0;
        for at in equal {
            ranks[*at] = rank;
        }
        before += equal.len();
    }
    ranks
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(first: usize, second: usize, by: f64) -> Vec<f64> {
        // A little variation that repeats, so that ranks differ.
        let wiggle = |at: usize| [0.0, 30.0, 10.0, -20.0, 5.0][at % 5];
        (0..first + second).map(|at| 5_000.0 + wiggle(at) + if at >= first { by } else { 0.0 }).collect()
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let Some(Steadiness::Changed(change)) = steadiness(&step(20, 10, 2_000.0)) else {
            panic!("the step was not seen");
        };
        assert_eq!(change.at, 20);
        assert!((change.before - 5_005.0).abs() < 6.0 && (change.after - 7_005.0).abs() < 6.0, "{change:?}");
        assert!(change.probability < 0.01);
        assert!(
            matches!(steadiness(&step(10, 20, -2_000.0)), Some(Steadiness::Changed(change)) if change.at == 10)
        );
    }

    #[test]
    fn a_change_that_does_not_matter_is_none() {
        // 18 % of 5 ms; and 60 % of 0.15 ms, which is less than 100 µs.
        assert_eq!(steadiness(&step(15, 15, 900.0)), Some(Steadiness::Steady));
        let small: Vec<f64> = step(15, 15, 90.0).iter().map(|us| us - 4_850.0).collect();
        assert_eq!(steadiness(&small), Some(Steadiness::Steady));
        assert_eq!(steadiness(&[5_000.0; 30]), Some(Steadiness::Steady));
    }

    #[test]
    fn a_latency_that_climbs_all_the_time_is_a_change() {
        let climbing: Vec<f64> =
            step(30, 0, 0.0).iter().zip(0..).map(|(us, at)| us + 100.0 * f64::from(at)).collect();
        assert!(matches!(steadiness(&climbing), Some(Steadiness::Changed(_))));
    }

    #[test]
    fn a_single_outlier_is_no_change() {
        let mut series = step(30, 0, 0.0);
        series[12] = 1e6;
        series[29] = 1e6;
        assert_eq!(steadiness(&series), Some(Steadiness::Steady));
    }

    #[test]
    fn a_short_series_is_not_judged() {
        assert_eq!(steadiness(&step(4, 5, 1e6)), None);
        assert!(matches!(steadiness(&step(5, 5, 1e6)), Some(Steadiness::Changed(change)) if change.at == 5));
        assert_eq!(
            steadiness(&step(2, 8, 1e6)),
            Some(Steadiness::Steady),
            "two seconds of ten prove nothing"
        );
        let mut broken = step(20, 20, 0.0);
        broken[3] = f64::NAN;
        assert_eq!(steadiness(&broken), None);
    }
}
