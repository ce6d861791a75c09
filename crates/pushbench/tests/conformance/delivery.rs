//! Events of a schedule, to clients that stay.

use std::time::Duration;

use crate::bench::{Bench, Load, Serving, play};
use crate::variants::variants;

const LOAD: Load = Load {
    clients: 10,
    topics: 0,
    events_per_second: 40,
    size_bytes: 300,
    measure: Duration::from_millis(1200),
};

#[test]
fn every_client_gets_every_event_once_and_in_order() {
    play(variants(&[]), |variant| async move {
        let label = &variant.label;
        let serving = Serving::start(&variant);
        let bench = Bench::begin(&variant, LOAD, &serving, serving.address).await;
        bench.all_there().await;
        let outcome = bench.close().await;
        outcome.assert_exact(label, LOAD.clients);
        outcome.assert_undisturbed(label);
        let counters = &outcome.counters;
        assert_eq!(
            counters.down.payload.unsigned_abs(),
            counters.events * u64::from(LOAD.size_bytes),
            "{label}"
        );
        assert_eq!(counters.up.payload, 0, "{label}");
        assert!(counters.down.total() > counters.down.payload.unsigned_abs(), "{label}: nothing but payload");
        // Both sides count the same requests, but for those that are under way.
        let seen = serving.handle.totals();
        assert_eq!(seen.published, 56, "{label}: 0.2 s and 1.2 s of 40 events");
        assert_eq!((seen.error_replies, seen.refused, seen.slow_disconnects), (0, 0, 0), "{label}");
        let under_way = u64::from(LOAD.clients);
        assert!(counters.requests.abs_diff(seen.requests) <= under_way, "{label}: {counters:?} {seen:?}");
        serving.end().await;
    });
}

#[test]
fn a_client_gets_the_events_of_its_topic_alone() {
    // Of 7 clients 3, 2 and 2 share a topic; the schedule draws the topic of each event.
    let load = Load { clients: 7, topics: 3, ..LOAD };
    play(variants(&[("interval", "100ms")]), move |variant| async move {
        let serving = Serving::start(&variant);
        let bench = Bench::begin(&variant, load, &serving, serving.address).await;
        bench.all_there().await;
        let outcome = bench.close().await;
        outcome.assert_exact(&variant.label, load.clients);
        outcome.assert_undisturbed(&variant.label);
        assert!(outcome.owed[1] < 7 * 56 / 2, "{}: about a third", variant.label);
        serving.end().await;
    });
}
