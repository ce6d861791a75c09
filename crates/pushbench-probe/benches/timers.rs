//! What a timer costs among many others that are pending, as those of pollers are: every poll moves or takes one.
//!
//! The target has them in `Timers`, the load generator in a `Wheel`, which has no cancelling: the same jobs for both.
//! `scripts/bench.sh` runs all of it and counts instructions. Under `cargo test` each runs once.

use divan::{Bencher, black_box};
use pushbench_probe::timers::{Key, Timers};

/// Sleepers that are pending all the time.
const PENDING: [u64; 3] = [1_000, 20_000, 100_000];
/// Over which their instants are spread, in seconds: intervals of polls, one within the wheel's reach and one beyond it.
const SPREADS_S: [u64; 2] = [1, 5];
const SECOND_NS: u64 = 1_000_000_000;

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

/// An instant anywhere in the spread after `from_ns`; the same for the same number.
fn instant<const SPREAD_S: u64>(from_ns: u64, number: u64) -> u64 {
    from_ns + 1 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (SPREAD_S * SECOND_NS)
}

fn pending<const SPREAD_S: u64>(count: u64) -> (Timers<u64>, Vec<Key>) {
    let mut timers = Timers::default();
    let keys = (0..count).map(|number| timers.insert(instant::<SPREAD_S>(0, number), number)).collect();
    (timers, keys)
}

/// One more, and away with it: a time-out that does not come about.
#[divan::bench(args = PENDING, consts = SPREADS_S)]
fn insert_and_remove<const SPREAD_S: u64>(bencher: Bencher<'_, '_>, count: u64) {
    let (mut timers, _) = pending::<SPREAD_S>(count);
    let mut number = count;
    bencher.bench_local(|| {
        number += 1;
        let key = timers.insert(black_box(instant::<SPREAD_S>(0, number)), number);
        assert_eq!(timers.remove(key), Some(number));
    });
}

#[divan::bench(args = PENDING, consts = SPREADS_S)]
fn reschedule<const SPREAD_S: u64>(bencher: Bencher<'_, '_>, count: u64) {
    let (mut timers, mut keys) = pending::<SPREAD_S>(count);
    let mut number = count;
    bencher.bench_local(|| {
        number += 1;
        let key = &mut keys[(number % count) as usize];
        let moved = timers.reschedule(*key, black_box(instant::<SPREAD_S>(0, number)));
        assert!(moved.is_some());
        *key = moved.unwrap_or(*key);
    });
}

/// The earliest is due and waits for its next turn, an interval later.
#[divan::bench(args = PENDING, consts = SPREADS_S)]
fn take_due_and_insert<const SPREAD_S: u64>(bencher: Bencher<'_, '_>, count: u64) {
    let (mut timers, _) = pending::<SPREAD_S>(count);
    let mut due = Vec::new();
    bencher.bench_local(|| {
        let now_ns = timers.next_ns().unwrap_or(u64::MAX);
        timers.take_due(black_box(now_ns), &mut due);
        assert!(!due.is_empty());
        for number in due.drain(..) {
            timers.insert(now_ns + SPREAD_S * SECOND_NS, number);
        }
    });
}

mod wheel {
    use super::{PENDING, SECOND_NS, SPREADS_S, instant};
    use divan::{Bencher, black_box};
    use pushbench_probe::wheel::Wheel;

    fn pending<const SPREAD_S: u64>(count: u64) -> Wheel {
        let mut wheel = Wheel::default();
        (0..count).for_each(|number| wheel.insert(instant::<SPREAD_S>(0, number), number as u32));
        wheel
    }

    /// Takes the earliest out at its instant, as a loop does that slept until then.
    fn take(wheel: &mut Wheel) -> (u64, u32) {
        let now_ns = black_box(wheel.next_ns().unwrap_or(u64::MAX));
        wheel.pop_due(now_ns).unwrap_or_default()
    }

    /// One more that does not come about: it stays until its instant, and is passed over.
    #[divan::bench(args = PENDING, consts = SPREADS_S)]
    fn insert_and_pass_over<const SPREAD_S: u64>(bencher: Bencher<'_, '_>, count: u64) {
        let mut wheel = pending::<SPREAD_S>(count);
        let (mut number, mut now_ns) = (count, 0);
        bencher.bench_local(|| {
            number += 1;
            wheel.insert(black_box(instant::<SPREAD_S>(now_ns, number)), number as u32);
            (now_ns, _) = take(&mut wheel);
        });
    }

    /// The earliest comes up, but was put off since it was added: it goes to where it belongs now.
    #[divan::bench(args = PENDING, consts = SPREADS_S)]
    fn reschedule<const SPREAD_S: u64>(bencher: Bencher<'_, '_>, count: u64) {
        let mut wheel = pending::<SPREAD_S>(count);
        let mut number = count;
        bencher.bench_local(|| {
            number += 1;
            let (now_ns, sleeper) = take(&mut wheel);
            wheel.insert(black_box(instant::<SPREAD_S>(now_ns, number)), sleeper);
        });
    }

    /// The earliest is due and waits for its next turn, an interval later.
    #[divan::bench(args = PENDING, consts = SPREADS_S)]
    fn take_due_and_insert<const SPREAD_S: u64>(bencher: Bencher<'_, '_>, count: u64) {
        let mut wheel = pending::<SPREAD_S>(count);
        bencher.bench_local(|| {
            let (now_ns, sleeper) = take(&mut wheel);
            wheel.insert(now_ns + SPREAD_S * SECOND_NS, sleeper);
        });
    }
}
