//! What it costs to know when the next event is due: per event and process, as every process computes the schedule.
//!
//! `scripts/bench.sh` counts the instructions of the functions of module `op`, which are therefore never inlined. Under
//! `cargo test` each runs once.

use divan::{Bencher, black_box};
use pushbench_scenario::schedule::EventSchedule;
use pushbench_scenario::{Arrival, EventSize, Events, Topics};

mod op {
    use super::EventSchedule;
    use pushbench_scenario::schedule::{self, ScheduledEvent};

    #[inline(never)]
    pub(super) fn schedule_constant(schedule: &mut EventSchedule) -> Option<ScheduledEvent> {
        schedule.next()
    }

    #[inline(never)]
    pub(super) fn schedule_poisson_many_topics_log_normal(
        schedule: &mut EventSchedule,
    ) -> Option<ScheduledEvent> {
        schedule.next()
    }

    #[inline(never)]
    pub(super) fn poll_phase_of_a_client(seed: u64, client: u32) -> f64 {
        schedule::poll_phase(seed, client)
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

fn next_of(
    bencher: Bencher<'_, '_>,
    (events, topics): (Events, u32),
    op: fn(&mut EventSchedule) -> Option<pushbench_scenario::schedule::ScheduledEvent>,
) {
    let mut schedule = EventSchedule::new(events, topics, 42);
    bencher.bench_local(|| assert!(op(black_box(&mut schedule)).is_some()));
}

#[divan::bench]
fn constant(bencher: Bencher<'_, '_>) {
    let events = Events {
        topics: Topics::Broadcast,
        rate: 1e4,
        arrival: Arrival::Constant,
        size: EventSize::Fixed(256),
    };
    next_of(bencher, (events, 1), op::schedule_constant);
}

#[divan::bench]
fn poisson_many_topics_log_normal(bencher: Bencher<'_, '_>) {
    let events = Events {
        topics: Topics::Count(1_000),
        rate: 1e4,
        arrival: Arrival::Poisson,
        size: EventSize::LogNormal { p50: 256, p99: 4_096 },
    };
    next_of(bencher, (events, 1_000), op::schedule_poisson_many_topics_log_normal);
}

#[divan::bench]
fn poll_phase(bencher: Bencher<'_, '_>) {
    let mut client = 0;
    bencher.bench_local(|| {
        client += 1;
        op::poll_phase_of_a_client(black_box(42), client)
    });
}
