//! How late something was, and how much of that is known.

use crate::Histogram;
use crate::histogram::enough_samples;

/// How late something was in a measure phase, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lateness {
    /// 99th percentile, of however few samples.
    pub p99_us: f64,
    /// The highest of p99, p90 and p50 that 10/(1−p) samples stand behind; p50 of fewer.
    pub sure_us: f64,
}

impl Lateness {
    /// That of the process that was latest, one histogram a process; `None` where there are no samples.
    #[must_use]
    pub fn of_latest(processes: &[Histogram]) -> Option<Self> {
        let highest = |of: fn(&Histogram) -> Option<u64>| processes.iter().filter_map(of).max();
        let p99_us = highest(|histogram| histogram.quantile(0.99))?;
        let sure_us = highest(|histogram| histogram.quantile(sure_quantile(histogram.count())))?;
        Some(Self { p99_us: p99_us as f64, sure_us: sure_us as f64 })
    }
}

fn sure_quantile(count: u64) -> f64 {
    [0.99, 0.9].into_iter().find(|quantile| enough_samples(count, *quantile)).unwrap_or(0.5)
}

/// Lateness of enough samples.
#[cfg(test)]
#[expect(clippy::unnecessary_wraps, reason = "what was not measured is none")]
pub(super) fn late(us: f64) -> Option<Lateness> {
    Some(Lateness { p99_us: us, sure_us: us })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_moment_of_few_is_not_sure() {
        let of = |all: u64, late: u64| {
            let mut histogram = Histogram::new();
            (0..all).for_each(|at| histogram.record(if at < late { 40_000 } else { 10 }));
            let seen = Lateness::of_latest(&[Histogram::new(), histogram]).unwrap();
            (seen.p99_us > 30_000.0, seen.sure_us > 30_000.0)
        };
        let table = [
            (10, 1, (true, false)),
            (10, 6, (true, true)),
            (60, 1, (true, false)),
            (100, 9, (true, false)),
            (100, 11, (true, true)),
            (999, 50, (true, false)),
            (1_000, 9, (false, false)),
            (1_000, 11, (true, true)),
        ];
        for (all, late, known) in table {
            assert_eq!(of(all, late), known, "{late} of {all}");
        }
        assert_eq!(Lateness::of_latest(&[]), None);
        assert_eq!(Lateness::of_latest(&[Histogram::new()]), None);
    }

    #[test]
    fn a_process_that_is_held_up_is_not_lost_among_those_that_are_not() {
        let of = |values: u64, late_us: u64| {
            let mut histogram = Histogram::new();
            histogram.record_many(late_us, values);
            histogram
        };
        let seen = Lateness::of_latest(&[of(2_000, 10), of(20, 30_000)]).unwrap();
        assert!((seen.p99_us - 30_000.0).abs() < 50.0 && (seen.sure_us - 30_000.0).abs() < 50.0, "{seen:?}");
    }
}
