//! Percentiles in words, by the rule that tables and charts share.

use pushbench_measure::histogram::enough_samples;
use pushbench_measure::results::{StepResult, Summary};

use crate::format::{plus_minus, time_us};

/// A percentile of delivery latency that the summary has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Percentile {
    /// As people write it.
    pub(crate) name: &'static str,
    /// 0 to 1.
    pub(crate) quantile: f64,
    /// The column of the summary.
    pub(crate) column: &'static str,
}

pub(crate) const P50: Percentile = Percentile { name: "p50", quantile: 0.5, column: "latency_p50_us" };
pub(crate) const P90: Percentile = Percentile { name: "p90", quantile: 0.9, column: "latency_p90_us" };
pub(crate) const P99: Percentile = Percentile { name: "p99", quantile: 0.99, column: "latency_p99_us" };
pub(crate) const P999: Percentile = Percentile { name: "p99.9", quantile: 0.999, column: "latency_p999_us" };

impl Percentile {
    /// The percentile in words, with `~` where fewer than 10/(1−p) publishes stand behind it, or nobody knows; `None` where it may
    /// not be printed.
    pub(crate) fn of(self, summary: &Summary) -> Option<String> {
        let us = summary.figure(self.column)?;
        let mark = if self.is_sure(summary) { "" } else { "~" };
        Some(format!("{mark}{}", time_us(us)))
    }

    /// As [`Self::of`], with the interval where there is one: `2.41 ms ±4.2%`.
    pub(crate) fn with_interval(self, result: &StepResult) -> Option<String> {
        let text = self.of(&result.summary)?;
        let us = result.summary.figure(self.column)?;
        let interval = result.interval(self.column);
        Some(
            interval.map_or(text.clone(), |interval| format!("{text} {}", plus_minus(us, interval, time_us))),
        )
    }

    /// Whether fewer than 1/(1−p) publishes stand behind it: then not one of them is expected beyond it, and rounds that
    /// differ in it differ by the luck of a single publish.
    pub(crate) fn is_beyond(self, summary: &Summary) -> bool {
        // The tolerance keeps 1/(1−0.99) at 100 in spite of binary fractions.
        summary.publishes.is_some_and(|publishes| publishes as f64 * (1.0 - self.quantile) < 1.0 - 1e-6)
    }

    /// Whether at least 10/(1−p) publishes stand behind it. A row that was cut short did not count them, and is not.
    pub(crate) fn is_sure(self, summary: &Summary) -> bool {
        summary.publishes.is_some_and(|publishes| enough_samples(publishes, self.quantile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_of_few_publishes_are_marked() {
        let of = |publishes| {
            let latency_p99_us = Some(5_000);
            P99.of(&Summary { publishes, latency_p99_us, ..Summary::default() }).unwrap()
        };
        assert_eq!(
            (of(Some(999)).as_str(), of(Some(1_000)).as_str(), of(None).as_str()),
            ("~5.00 ms", "5.00 ms", "~5.00 ms")
        );
        assert_eq!(P50.of(&Summary::default()), None);
        let beyond = |publishes| P99.is_beyond(&Summary { publishes, ..Summary::default() });
        assert_eq!((beyond(Some(99)), beyond(Some(100)), beyond(None)), (true, false, false));
    }
}
