//! What it costs to keep the accounts of a run: per event where an event is received, per second where seconds are
//! reported.
//!
//! `scripts/bench.sh` runs all of it and counts instructions. Under `cargo test` each runs once.

mod histogram;
mod ledger;

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

/// Values spread over the range of latencies, the same every time: 64 of them, from some µs to some hundred ms.
fn latencies_us() -> impl Iterator<Item = u64> + Clone {
    (0..64_u64).map(|number| 40 + (number * number * number) + number % 7).cycle()
}
