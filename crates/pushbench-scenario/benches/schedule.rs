//! What it costs to know when the next event is due: per event and process, as every process computes the schedule.
//!
//! `scripts/bench.sh` runs all of it and counts instructions. Under `cargo test` each runs once.

use divan::{Bencher, black_box};
use pushbench_scenario::schedule::{self, EventSchedule};
use pushbench_scenario::{Arrival, EventSize, Events, Shape, Source, Topics};

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

fn next_of(bencher: Bencher<'_, '_>, events: Events, topics: u32) {
    let mut schedule = EventSchedule::new(events, topics, 42);
    bencher.bench_local(|| assert!(black_box(&mut schedule).next().is_some()));
}

#[divan::bench]
fn constant(bencher: Bencher<'_, '_>) {
    let events = Events {
        source: Source::Publisher,
        shape: Shape::FLAT,
        topics: Topics::Broadcast,
        rate: 1e4,
        arrival: Arrival::Constant,
        size: EventSize::Fixed(256),
    };
    next_of(bencher, events, 1);
}

#[divan::bench]
fn poisson_many_topics_log_normal(bencher: Bencher<'_, '_>) {
    let events = Events {
        source: Source::Publisher,
        shape: Shape::FLAT,
        topics: Topics::Count(1_000),
        rate: 1e4,
        arrival: Arrival::Poisson,
        size: EventSize::LogNormal { p50: 256, p99: 4_096 },
    };
    next_of(bencher, events, 1_000);
}

#[divan::bench]
fn poll_phase(bencher: Bencher<'_, '_>) {
    let mut client = 0;
    bencher.bench_local(|| {
        client += 1;
        schedule::poll_phase(black_box(42), client)
    });
}
