//! The delivery ledger and the age of one client: both take every event.

use divan::{Bencher, black_box};
use pushbench_measure::age::Age;
use pushbench_measure::ledger::Ledger;

mod op {
    use super::{Age, Ledger};
    use pushbench_measure::ledger::{Reception, Tally};

    #[inline(never)]
    pub(super) fn ledger_receive_next(ledger: &mut Ledger, n: u64) -> Reception {
        ledger.receive(n)
    }

    #[inline(never)]
    pub(super) fn ledger_receive_two_swapped(ledger: &mut Ledger, n: u64) -> [Reception; 2] {
        [ledger.receive(n + 1), ledger.receive(n)]
    }

    #[inline(never)]
    pub(super) fn ledger_close(ledger: &Ledger, until: u64) -> Tally {
        ledger.close(1, until)
    }

    #[inline(never)]
    pub(super) fn age_receive(age: &mut Age, due_ns: u64, now_ns: u64) -> Option<u64> {
        age.receive(due_ns, now_ns, 0, u64::MAX)
    }
}

#[divan::bench]
fn receive_next(bencher: Bencher<'_, '_>) {
    let (mut ledger, mut n) = (Ledger::default(), 0);
    bencher.bench_local(|| {
        n += 1;
        op::ledger_receive_next(&mut ledger, black_box(n))
    });
    assert_eq!(ledger.close(1, n + 1).delivered, n);
}

/// Of every two events the later one comes first: a hole is opened and filled.
#[divan::bench]
fn receive_two_swapped(bencher: Bencher<'_, '_>) {
    let (mut ledger, mut n) = (Ledger::default(), 1);
    bencher.bench_local(|| {
        let receptions = op::ledger_receive_two_swapped(&mut ledger, black_box(n));
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
    bencher.bench_local(|| assert_eq!(op::ledger_close(&ledger, black_box(201)).lost, 100));
}

#[divan::bench]
fn age(bencher: Bencher<'_, '_>) {
    let (mut age, mut due_ns) = (Age::default(), 1);
    bencher.bench_local(|| {
        due_ns += 1_000_000;
        op::age_receive(&mut age, black_box(due_ns), black_box(due_ns + 50_000))
    });
    assert_eq!(age.at(due_ns), Some(0));
}
