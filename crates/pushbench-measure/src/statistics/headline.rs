//! The figures that runs are judged by, and how the interval of each is made.
//!
//! Of the comparison table everything is here but the largest latency: a maximum has no interval that could be
//! believed, and grows with the number of values.

use std::collections::BTreeMap;

use super::Sample;
use super::bootstrap::{Bootstrap, Statistic, measure};
use super::measurement::Measurement;
use super::word::Band;
use crate::histogram::enough_samples;
use crate::results::{Confidence, Summary};

/// Which words fit. Less is better in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A time: faster, slower.
    Time,
    /// What is spent or lost: less, more.
    Cost,
}

/// What the figure and its interval are made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// The distribution of delivery latency.
    Delivery(Statistic),
    /// One value a round; over rounds their mean, which is what the row of all rounds shows, too.
    Rounds,
    /// One value a round, a count or a peak: the row of all rounds shows their sum or maximum, so that the mean's
    /// interval does not belong beside it. Sides are compared by their means.
    Counts,
}

/// A figure that runs are judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headline {
    /// The column of [`Summary`].
    pub column: &'static str,
    /// In words, for people.
    pub name: &'static str,
    /// Where it comes from.
    pub source: Source,
    /// Which words fit.
    pub kind: Kind,
    /// Least width of the band of equality, in the column's unit.
    pub floor: f64,
}

/// Microseconds: a timer wakes some 50 µs after its time on a machine that is idle, in the publisher and in the
/// client that polls, and that is in every latency.
const TIME_FLOOR_US: f64 = 50.0;

/// Bytes that processes and kernel take or leave from round to round whatever their clients do: pages that an allocator
/// keeps, counters and object caches that the kernel keeps a CPU apart. It is a part of every memory per client, the
/// smaller the more clients there are.
const MEMORY_GRAIN: f64 = 1_048_576.0;

const fn time(column: &'static str, name: &'static str, source: Source) -> Headline {
    Headline { column, name, source, kind: Kind::Time, floor: TIME_FLOOR_US }
}

const fn cost(column: &'static str, name: &'static str, source: Source, floor: f64) -> Headline {
    Headline { column, name, source, kind: Kind::Cost, floor }
}

const fn quantile(quantile: f64) -> Source {
    Source::Delivery(Statistic::Quantile(quantile))
}

/// Every headline figure, in the order of the comparison table. The floors of costs are what is seen between rounds in
/// which nothing differs: a heartbeat more, a page of memory, the grain of the scheduler's clock.
pub const HEADLINES: &[Headline] = &[
    cost("lost", "events lost", Source::Counts, 0.0),
    cost("duplicated", "events duplicated", Source::Counts, 0.0),
    cost("reordered", "events reordered", Source::Counts, 0.0),
    time("latency_p50_us", "latency p50", quantile(0.5)),
    time("latency_p90_us", "latency p90", quantile(0.9)),
    time("latency_p99_us", "latency p99", quantile(0.99)),
    time("latency_p999_us", "latency p99.9", quantile(0.999)),
    time("latency_mean_us", "latency mean", Source::Delivery(Statistic::Mean)),
    time("age_mean_us", "age mean", Source::Rounds),
    time("first_part_p50_us", "first part p50 (TTFT)", Source::Rounds),
    time("first_part_p99_us", "first part p99 (TTFT)", Source::Rounds),
    time("part_gap_p50_us", "gap p50 (ITL)", Source::Rounds),
    time("part_gap_p99_us", "gap p99 (ITL)", Source::Rounds),
    time("answer_p50_us", "whole answer p50 (E2E)", Source::Rounds),
    time("answer_p99_us", "whole answer p99 (E2E)", Source::Rounds),
    cost("wire_down_bytes_per_event", "wire bytes/event, down", Source::Rounds, 1.0),
    cost("wire_up_bytes_per_event", "wire bytes/event, up", Source::Rounds, 1.0),
    cost("stream_down_bytes_per_event", "stream bytes/event, down", Source::Rounds, 1.0),
    cost("stream_up_bytes_per_event", "stream bytes/event, up", Source::Rounds, 1.0),
    cost("requests_per_event", "requests/event", Source::Rounds, 0.01),
    cost("sockets_established_peak", "peak sockets, established", Source::Counts, 1.0),
    cost("sockets_time_wait_peak", "peak sockets, TIME_WAIT", Source::Counts, 1.0),
    cost("opened_per_second", "connections opened/s", Source::Rounds, 0.1),
    cost("target_cpu_us_per_event", "CPU/event, target", Source::Rounds, 0.1),
    cost("worker_cpu_us_per_event", "CPU/event, worker", Source::Rounds, 0.1),
    cost("target_cpu_us_per_client_second", "CPU/client and second, target", Source::Rounds, 0.1),
    cost("worker_cpu_us_per_client_second", "CPU/client and second, worker", Source::Rounds, 0.1),
    cost("target_bytes_per_client", "memory/client, target", Source::Rounds, 128.0),
    cost("worker_bytes_per_client", "memory/client, worker", Source::Rounds, 128.0),
    cost("kernel_bytes_per_client", "memory/client, kernel", Source::Rounds, 128.0),
];

impl Headline {
    /// The headline figure of a column.
    #[must_use]
    pub fn of(column: &str) -> Option<&'static Self> {
        HEADLINES.iter().find(|headline| headline.column == column)
    }

    /// The band of equality for a share of the baseline, with so many clients.
    #[must_use]
    pub fn band(&self, share: f64, clients: u32) -> Band {
        let grain = if self.column.ends_with("bytes_per_client") { MEMORY_GRAIN } else { 0.0 };
        Band { share, floor: self.floor.max(grain / f64::from(clients.max(1))) }
    }

    /// The figure of every round that knows it.
    #[must_use]
    pub fn values(&self, rounds: &[Summary]) -> Vec<f64> {
        rounds.iter().filter_map(|round| round.figure(self.column)).collect()
    }
}

/// 95 % intervals of headline figures by column, for the row of all rounds: `rounds` are the rows of each. Empty with
/// one round, because what another run would show cannot be known from one. Figures that the row of all rounds does
/// not print have none.
#[must_use]
pub fn estimate_all(
    sample: &Sample,
    rounds: &[Summary],
    pooled: &Summary,
    bootstrap: Bootstrap,
) -> BTreeMap<String, Confidence> {
    let mut intervals = BTreeMap::new();
    let of_rounds = HEADLINES.iter().filter(|headline| headline.source == Source::Rounds);
    for headline in of_rounds {
        let measured = Measurement::of_rounds(&headline.values(rounds));
        // The row's figure weighs rounds by their events; it differs from the mean by next to nothing.
        let centred = measured.zip(pooled.figure(headline.column));
        let interval = centred.and_then(|(measured, value)| Measurement { value, ..measured }.interval());
        intervals.extend(interval.map(|interval| (headline.column.to_owned(), interval)));
    }
    let (columns, statistics): (Vec<&str>, Vec<Statistic>) = distribution(sample.count()).unzip();
    // A round without any delivery leaves the distribution with fewer; one alone says nothing about the next.
    let measured = (sample.rounds().len() > 1).then(|| measure(sample, &statistics, bootstrap)).flatten();
    for (column, measured) in columns.into_iter().zip(measured.unwrap_or_default()) {
        let interval = measured.interval().filter(|_| pooled.figure(column).is_some());
        intervals.extend(interval.map(|interval| (column.to_owned(), interval)));
    }
    intervals
}

/// The 95 % interval of any column, for one that is ranked by and may be no headline: that of the mean over rounds, as
/// wide beside the row's figure as it is beside the mean. So it fits counts, whose row is the sum of all rounds, and peaks.
/// `None` with one round, and where the figure is not known.
#[must_use]
pub fn estimate_column(rounds: &[Summary], pooled: &Summary, column: &str) -> Option<Confidence> {
    let values: Vec<f64> = rounds.iter().filter_map(|round| round.figure(column)).collect();
    let measured = Measurement::of_rounds(&values)?;
    let (mean, interval) = (measured.value, measured.interval()?);
    let value = pooled.figure(column)?;
    // Where every round has nothing, so has their sum.
    let scale = if mean == 0.0 { 1.0 } else { value / mean };
    let half = (interval.hi - mean) * scale.abs();
    Some(Confidence { lo: value - half, hi: value + half })
}

/// Columns that come from the distribution of delivery latency, where that many values are enough for them.
pub fn distribution(count: u64) -> impl Iterator<Item = (&'static str, Statistic)> {
    HEADLINES.iter().filter_map(move |headline| match headline.source {
        Source::Delivery(Statistic::Quantile(quantile)) if !enough_samples(count, quantile) => None,
        Source::Delivery(statistic) => Some((headline.column, statistic)),
        Source::Rounds | Source::Counts => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Block, Round};
    use super::*;
    use crate::Histogram;

    #[test]
    fn every_headline_is_a_column_and_stands_there_once() {
        for headline in HEADLINES {
            assert!(Summary::FIGURES.contains(&headline.column), "{}", headline.column);
            assert_eq!(Headline::of(headline.column), Some(headline));
            assert_eq!(
                headline.kind == Kind::Time,
                headline.column.ends_with("_us") && !headline.column.contains("cpu")
            );
        }
    }

    fn rounds(count: u64) -> (Sample, Vec<Summary>) {
        let round = |round: u64| {
            let mut histogram = Histogram::new();
            (0..200).for_each(|at| histogram.record(1_000 + 10 * round + at));
            Round(vec![Block::of(&histogram); 10])
        };
        let summary = |round: u64| Summary {
            age_mean_us: Some(100.0 + round as f64),
            lost: Some(round),
            sockets_time_wait_peak: Some(round),
            kernel_bytes_per_client: (round > 0).then_some(7e3),
            ..Summary::default()
        };
        (Sample::new((0..count).map(round).collect()), (0..count).map(summary).collect())
    }

    #[test]
    fn intervals_of_several_rounds_hold_the_figures_beside_them() {
        let (sample, rounds) = rounds(5);
        let pooled = Summary {
            latency_p50_us: Some(1_119),
            latency_p99_us: Some(1_220),
            age_mean_us: Some(102.0),
            lost: Some(10),
            kernel_bytes_per_client: Some(7e3),
            ..Summary::default()
        };
        let intervals = estimate_all(&sample, &rounds, &pooled, Bootstrap::default());
        let columns = ["age_mean_us", "kernel_bytes_per_client", "latency_p50_us", "latency_p99_us"];
        assert_eq!(intervals.keys().collect::<Vec<_>>(), columns);
        // Known in four rounds of five, the same in each.
        assert_eq!(intervals["kernel_bytes_per_client"], Confidence { lo: 7e3, hi: 7e3 });
        for (column, interval) in intervals.iter().filter(|(column, _)| *column != "kernel_bytes_per_client")
        {
            let value = pooled.figure(column).unwrap();
            assert!(interval.lo < value && value < interval.hi, "{column}: {interval:?}");
        }
        // Each round is 10 µs later: a standard error of 7 µs with 4 degrees of freedom.
        let width = intervals["latency_p50_us"].hi - intervals["latency_p50_us"].lo;
        assert!((25.0..70.0).contains(&width), "{width}");
    }

    #[test]
    fn any_column_can_be_ranked_by_and_the_interval_is_as_wide_as_that_of_the_mean() {
        let of = |lost, peak, rate| Summary {
            lost: Some(lost),
            sockets_time_wait_peak: Some(peak),
            opened_per_second: Some(rate),
            ..Summary::default()
        };
        let rounds = [of(8, 90, 1.0), of(12, 110, 1.0)];
        let pooled = Summary { gap_p50_us: Some(7), ..of(20, 110, 1.0) };
        let half = |column: &str| {
            let interval = estimate_column(&rounds, &pooled, column)?;
            let value = pooled.figure(column).unwrap();
            assert!((interval.hi + interval.lo - 2.0 * value).abs() < 1e-9, "{column}: {interval:?}");
            Some((interval.hi - value) / value)
        };
        // A mean of 10 with a standard error of 2, one degree of freedom: 12.7 times a fifth, of a sum, too.
        assert!((half("lost").unwrap() - 2.541).abs() < 0.01, "{:?}", half("lost"));
        assert!((half("sockets_time_wait_peak").unwrap() - 1.271).abs() < 0.01);
        assert_eq!(half("opened_per_second"), Some(0.0));
        assert_eq!(half("gap_p50_us"), None, "no round knows it");
        assert_eq!(estimate_column(&rounds[..1], &pooled, "lost"), None, "one round");
    }

    #[test]
    fn one_round_has_no_interval() {
        let (sample, rounds) = rounds(1);
        let pooled = Summary { latency_p50_us: Some(1_099), age_mean_us: Some(100.0), ..Summary::default() };
        assert!(estimate_all(&sample, &rounds, &pooled, Bootstrap::default()).is_empty());
    }
}
