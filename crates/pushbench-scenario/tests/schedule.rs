//! Schedules that must not change: runs of the same file and seed are compared over versions.

use pushbench_scenario::schedule::EventSchedule;
use pushbench_scenario::{Arrival, EventSize, Events, Shape, Source, Topics};
use sha2::{Digest as _, Sha256};

/// The first of the SHA-256 of so many events of a schedule.
fn digest(events: Events, topics: u32, seed: u64) -> String {
    let mut hash = Sha256::new();
    for event in EventSchedule::new(events, topics, seed).take(10_000) {
        hash.update(event.due_offset_ns.to_le_bytes());
        hash.update(event.topic.to_le_bytes());
        hash.update(event.n.to_le_bytes());
        hash.update(event.size.to_le_bytes());
    }
    hash.finalize()[..8].iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[test]
fn a_load_without_a_shape_has_the_schedule_it_always_had() {
    let events = |rate, arrival, topics, size| Events {
        topics,
        source: Source::Publisher,
        rate,
        shape: Shape::FLAT,
        arrival,
        size,
    };
    let fixed = EventSize::Fixed(256);
    let table = [
        (events(5.0, Arrival::Constant, Topics::Broadcast, fixed), 1, 1, "eb087183262ae7a6"),
        (events(3.0, Arrival::Poisson, Topics::Broadcast, fixed), 1, 7, "5e865466da64d664"),
        (
            events(777.7, Arrival::Poisson, Topics::Count(50), EventSize::LogNormal { p50: 256, p99: 4_096 }),
            50,
            42,
            "ef660d3ff17982e6",
        ),
    ];
    for (events, topics, seed, golden) in table {
        assert_eq!(digest(events.clone(), topics, seed), golden, "{events:?}");
    }
}
