//! The delivery ledger and the age of one client: both take every event.

use divan::{Bencher, black_box};
use pushbench_measure::age::Age;
use pushbench_measure::ledger::Ledger;

#[divan::bench]
fn receive_next(bencher: Bencher<'_, '_>) {
    let (mut ledger, mut n) = (Ledger::default(), 0);
    bencher.bench_local(|| {
        n += 1;
        ledger.receive(black_box(n))
    });
    assert_eq!(ledger.close(1, n + 1).delivered, n);
}

/// Of every two events the later one comes first: a hole is opened and filled.
#[divan::bench]
fn receive_two_swapped(bencher: Bencher<'_, '_>) {
    let (mut ledger, mut n) = (Ledger::default(), 1);
    bencher.bench_local(|| {
        let receptions = [n + 1, n].map(|n| ledger.receive(black_box(n)));
        n += 2;
        receptions
    });
    let tally = ledger.close(1, n);
    assert_eq!((tally.delivered, tally.reordered), (n - 1, n / 2));
}

/// A ledger with 100 holes.
#[divan::bench]
fn close(bencher: Bencher<'_, '_>) {
    let mut ledger = Ledger::default();
    for n in (1..=200).step_by(2) {
        ledger.receive(n);
    }
    bencher.bench_local(|| assert_eq!(ledger.close(1, black_box(201)).lost, 100));
}

#[divan::bench]
fn age(bencher: Bencher<'_, '_>) {
    let (mut age, mut due_ns) = (Age::default(), 1);
    bencher.bench_local(|| {
        due_ns += 1_000_000;
        age.receive(black_box(due_ns), black_box(due_ns + 50_000), 0, u64::MAX)
    });
    assert_eq!(age.at(due_ns), Some(0));
}
