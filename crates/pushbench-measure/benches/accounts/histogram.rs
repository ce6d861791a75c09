//! Histograms: a value is recorded per event, the rest happens once a second and process.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pushbench_measure::{Figure, Histogram, Histograms, Phase};

use crate::latencies_us;

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
        histogram.record(black_box(values.next().unwrap_or(1)));
        count += 1;
    });
    assert_eq!(histogram.count(), count);
}

/// The histogram is found by its figure and phase first.
#[divan::bench]
fn record_by_figure_and_phase(bencher: Bencher<'_, '_>) {
    let (mut histograms, mut values) = (Histograms::prepared(Figure::COMMON), latencies_us());
    let mut count = 0;
    bencher.bench_local(|| {
        histograms.record(Figure::Delivery, Phase::Measure, black_box(values.next().unwrap_or(1)));
        count += 1;
    });
    assert_eq!(histograms.of(Figure::Delivery, Phase::Measure).count(), count);
}

#[divan::bench]
fn merge(bencher: Bencher<'_, '_>) {
    let (mut sum, part) = (Histogram::new(), filled());
    let mut merged = 0;
    bencher.bench_local(|| {
        sum.add(black_box(&part));
        merged += 1;
    });
    assert_eq!(sum.count(), merged * part.count());
}

#[divan::bench]
fn serialize(bencher: Bencher<'_, '_>) {
    let histogram = filled();
    bencher.bench_local(|| black_box(&histogram).encode());
}

#[divan::bench]
fn deserialize(bencher: Bencher<'_, '_>) {
    let text = filled().encode();
    bencher.bench_local(|| assert!(Histogram::decode(black_box(&text)).is_some()));
}

#[divan::bench]
fn p99(bencher: Bencher<'_, '_>) {
    let histogram = filled();
    bencher.bench_local(|| assert!(black_box(&histogram).quantile(0.99).is_some()));
}

/// What a worker does every second: three figures in use, all there can be prepared.
#[divan::bench]
fn take_a_second(bencher: Bencher<'_, '_>) {
    const FIGURES: [Figure; 3] = [Figure::Delivery, Figure::Uncorrected, Figure::Gap];
    let mut histograms = Histograms::prepared(Figure::COMMON);
    bencher.counter(ItemsCount::new(FIGURES.len())).bench_local(|| {
        for figure in FIGURES {
            histograms.record(figure, Phase::Measure, black_box(250));
        }
        assert_eq!(histograms.take().iter().count(), FIGURES.len());
    });
}
