//! What a timer costs among many others that are pending, as those of pollers are: every poll moves or takes one.
//!
//! `scripts/bench.sh` runs all of it and counts instructions. Under `cargo test` each runs once.

use divan::{Bencher, black_box};
use pushbench_probe::timers::{Key, Timers};

/// Sleepers that are pending all the time.
const PENDING: [u64; 3] = [1_000, 20_000, 100_000];
/// Over which their instants are spread: an interval of polls, in nanoseconds.
const SPREAD_NS: u64 = 1_000_000_000;

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

/// An instant anywhere in the spread after `from_ns`; the same for the same number.
fn instant(from_ns: u64, number: u64) -> u64 {
    from_ns + 1 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % SPREAD_NS
}

fn pending(count: u64) -> (Timers<u64>, Vec<Key>) {
    let mut timers = Timers::default();
    let keys = (0..count).map(|number| timers.insert(instant(0, number), number)).collect();
    (timers, keys)
}

/// One more, and away with it: a time-out that does not come about.
#[divan::bench(args = PENDING)]
fn insert_and_remove(bencher: Bencher<'_, '_>, count: u64) {
    let (mut timers, _) = pending(count);
    let mut number = count;
    bencher.bench_local(|| {
        number += 1;
        let key = timers.insert(black_box(instant(0, number)), number);
        assert_eq!(timers.remove(key), Some(number));
    });
}

#[divan::bench(args = PENDING)]
fn reschedule(bencher: Bencher<'_, '_>, count: u64) {
    let (mut timers, mut keys) = pending(count);
    let mut number = count;
    bencher.bench_local(|| {
        number += 1;
        let key = &mut keys[(number % count) as usize];
        let moved = timers.reschedule(*key, black_box(instant(0, number)));
        assert!(moved.is_some());
        *key = moved.unwrap_or(*key);
    });
}

/// The earliest is due and waits for its next turn, an interval later.
#[divan::bench(args = PENDING)]
fn take_due_and_insert(bencher: Bencher<'_, '_>, count: u64) {
    let (mut timers, _) = pending(count);
    let mut due = Vec::new();
    bencher.bench_local(|| {
        let now_ns = timers.next_ns().unwrap_or(u64::MAX);
        timers.take_due(black_box(now_ns), &mut due);
        assert!(!due.is_empty());
        for number in due.drain(..) {
            timers.insert(now_ns + SPREAD_NS, number);
        }
    });
}
