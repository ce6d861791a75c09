//! Intervals of sums of figures: of the bars that charts draw from several columns.
//!
//! The sum of each round is a value of its own, because what one part gains another may lose: the interval of a sum is
//! not the sum of intervals.

use std::collections::BTreeMap;

use super::measurement::Measurement;
use crate::results::{Confidence, Summary};

/// A sum of columns that has an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// What `intervals` of `run.json` calls it; no column of the summary.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [&'static str],
}

/// Bytes on the wire of both directions.
pub const WIRE: Sum =
    Sum { name: "wire_bytes_per_event", columns: &["wire_down_bytes_per_event", "wire_up_bytes_per_event"] };

/// Bytes of the streams of both directions.
pub const STREAM: Sum = Sum {
    name: "stream_bytes_per_event",
    columns: &["stream_down_bytes_per_event", "stream_up_bytes_per_event"],
};

/// CPU time of both sides.
pub const CPU: Sum =
    Sum { name: "cpu_us_per_event", columns: &["target_cpu_us_per_event", "worker_cpu_us_per_event"] };

/// Memory of both sides and of the kernel: of those that were measured.
pub const MEMORY: Sum = Sum {
    name: "bytes_per_client",
    columns: &["target_bytes_per_client", "worker_bytes_per_client", "kernel_bytes_per_client"],
};

/// Every sum with an interval.
pub const SUMS: &[Sum] = &[WIRE, STREAM, CPU, MEMORY];

/// 95 % intervals of [`SUMS`] by name, for the row of all rounds: `rounds` are the rows of each. Of the columns of a sum
/// those count that the row of all rounds has; rounds that lack one of them are left out. Empty with one round.
#[must_use]
pub fn estimate_sums(rounds: &[Summary], pooled: &Summary) -> BTreeMap<String, Confidence> {
    let interval = |sum: &Sum| {
        let columns: Vec<&str> =
            sum.columns.iter().copied().filter(|column| pooled.figure(column).is_some()).collect();
        let total = |row: &Summary| columns.iter().map(|column| row.figure(column)).sum::<Option<f64>>();
        let value = total(pooled).filter(|_| !columns.is_empty())?;
        let totals: Vec<f64> = rounds.iter().filter_map(total).collect();
        // Rounds weigh alike in their mean and by their events in the row: next to no difference, but the bar ends inside.
        let interval = Measurement { value, ..Measurement::of_rounds(&totals)? }.interval()?;
        Some((sum.name.to_owned(), Confidence { lo: interval.lo.max(0.0), ..interval }))
    };
    SUMS.iter().filter_map(interval).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_of_columns_and_none_themselves() {
        for sum in SUMS {
            assert!(!Summary::FIGURES.contains(&sum.name), "{}", sum.name);
            assert!(sum.columns.iter().all(|column| Summary::FIGURES.contains(column)), "{sum:?}");
        }
    }

    fn row(cpu: [f64; 2], kernel: Option<f64>) -> Summary {
        Summary {
            target_cpu_us_per_event: Some(cpu[0]),
            worker_cpu_us_per_event: Some(cpu[1]),
            target_bytes_per_client: Some(100.0),
            worker_bytes_per_client: Some(10.0),
            kernel_bytes_per_client: kernel,
            ..Summary::default()
        }
    }

    #[test]
    fn what_one_part_gains_and_another_loses_is_no_scatter_of_their_sum() {
        let rounds = [row([4.0, 8.0], None), row([5.0, 7.0], None), row([6.0, 6.0], None)];
        let intervals = estimate_sums(&rounds, &row([5.0, 7.5], None));
        assert_eq!(intervals["cpu_us_per_event"], Confidence { lo: 12.5, hi: 12.5 });
        assert_eq!(intervals["bytes_per_client"], Confidence { lo: 110.0, hi: 110.0 }, "of what is known");
        assert_eq!(intervals.len(), 2, "{intervals:?}");
    }

    #[test]
    fn a_round_without_one_of_the_parts_is_left_out_and_one_round_has_no_interval() {
        let all = row([1.0, 1.0], Some(5.0));
        let rounds = [row([1.0, 1.0], Some(4.0)), row([1.0, 1.0], None), row([1.0, 1.0], Some(6.0))];
        let interval = estimate_sums(&rounds, &all)["bytes_per_client"];
        // Student's t is 12.7 with two rounds, the standard error 1.
        assert!((interval.hi - 127.7).abs() < 0.01 && (interval.lo - 102.3).abs() < 0.01, "{interval:?}");
        assert!(!estimate_sums(&rounds[..2], &all).contains_key("bytes_per_client"));
        assert!(estimate_sums(&rounds[..1], &all).is_empty());
    }

    #[test]
    fn no_bar_ends_below_zero() {
        let rounds = [row([0.1, 0.1], None), row([9.0, 9.0], None)];
        let interval = estimate_sums(&rounds, &row([4.5, 4.5], None))["cpu_us_per_event"];
        assert!(interval.lo.abs() < f64::EPSILON && interval.hi > 100.0, "{interval:?}");
    }
}
