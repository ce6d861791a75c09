//! Histograms: a value is recorded per event, the rest happens once a second and process.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pushbench_measure::{Figure, Histogram, Histograms, Phase};

use crate::latencies_us;

mod op {
    use super::{Figure, Histogram, Histograms, Phase};

    #[inline(never)]
    pub(super) fn histogram_record(histogram: &mut Histogram, value_us: u64) {
        histogram.record(value_us);
    }

    #[inline(never)]
    pub(super) fn histograms_record(histograms: &mut Histograms, value_us: u64) {
        histograms.record(Figure::Delivery, Phase::Measure, value_us);
    }

    #[inline(never)]
    pub(super) fn histogram_merge(sum: &mut Histogram, part: &Histogram) {
        sum.add(part);
    }

    #[inline(never)]
    pub(super) fn histogram_serialize(histogram: &Histogram) -> String {
        histogram.encode()
    }

    #[inline(never)]
    pub(super) fn histogram_deserialize(text: &str) -> Option<Histogram> {
        Histogram::decode(text)
    }

    #[inline(never)]
    pub(super) fn histogram_p99(histogram: &Histogram) -> Option<u64> {
        histogram.quantile(0.99)
    }

    #[inline(never)]
    pub(super) fn histograms_take(histograms: &mut Histograms) -> Histograms {
        histograms.take()
    }
}

/// As one second of 10,000 events leaves it.
fn filled() -> Histogram {
    let mut histogram = Histogram::new();
    latencies_us().take(10_000).for_each(|value_us| histogram.record(value_us));
    histogram
}

#[divan::bench]
fn record(bencher: Bencher<'_, '_>) {
    let (mut histogram, mut values) = (Histogram::new(), latencies_us());
    let mut count = 0;
    bencher.bench_local(|| {
        op::histogram_record(&mut histogram, black_box(values.next().unwrap_or(1)));
        count += 1;
    });
    assert_eq!(histogram.count(), count);
}

/// The histogram is found by its figure and phase first.
#[divan::bench]
fn record_by_figure_and_phase(bencher: Bencher<'_, '_>) {
    let (mut histograms, mut values) = (Histograms::prepared(), latencies_us());
    let mut count = 0;
    bencher.bench_local(|| {
        op::histograms_record(&mut histograms, black_box(values.next().unwrap_or(1)));
        count += 1;
    });
    assert_eq!(histograms.of(Figure::Delivery, Phase::Measure).count(), count);
}

#[divan::bench]
fn merge(bencher: Bencher<'_, '_>) {
    let (mut sum, part) = (Histogram::new(), filled());
    let mut merged = 0;
    bencher.bench_local(|| {
        op::histogram_merge(&mut sum, black_box(&part));
        merged += 1;
    });
    assert_eq!(sum.count(), merged * part.count());
}

#[divan::bench]
fn serialize(bencher: Bencher<'_, '_>) {
    let histogram = filled();
    bencher.bench_local(|| op::histogram_serialize(black_box(&histogram)));
}

#[divan::bench]
fn deserialize(bencher: Bencher<'_, '_>) {
    let text = filled().encode();
    bencher.bench_local(|| assert!(op::histogram_deserialize(black_box(&text)).is_some()));
}

#[divan::bench]
fn p99(bencher: Bencher<'_, '_>) {
    let histogram = filled();
    bencher.bench_local(|| assert!(op::histogram_p99(black_box(&histogram)).is_some()));
}

/// What a worker does every second: three figures in use, all there can be prepared.
#[divan::bench]
fn take_a_second(bencher: Bencher<'_, '_>) {
    const FIGURES: [Figure; 3] = [Figure::Delivery, Figure::Uncorrected, Figure::Gap];
    let mut histograms = Histograms::prepared();
    bencher.counter(ItemsCount::new(FIGURES.len())).bench_local(|| {
        for figure in FIGURES {
            histograms.record(figure, Phase::Measure, black_box(250));
        }
        assert_eq!(op::histograms_take(&mut histograms).iter().count(), FIGURES.len());
    });
}
