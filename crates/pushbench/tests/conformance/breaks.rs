//! Connections that break while events are published.

use std::time::Duration;

use crate::bench::{Bench, Load, Serving, play, sleep_until, until};
use crate::relay::{Cut, Relay};
use crate::variants::variants;

const LOAD: Load = Load {
    clients: 6,
    topics: 0,
    events_per_second: 100,
    size_bytes: 200,
    measure: Duration::from_millis(1500),
};
const MS: u64 = 1_000_000;

#[test]
fn nothing_is_lost_and_nothing_comes_twice_when_connections_break() {
    let quick = [("retry", "20ms"), ("interval", "50ms"), ("timeout", "300ms"), ("check_interval", "20ms")];
    play(variants(&quick), |variant| async move {
        let label = &variant.label;
        let serving = Serving::start(&variant);
        // Pieces, so that a cut falls into the middle of a frame.
        let relay = Relay::start(serving.address, Cut::Pieces(97)).await;
        let bench = Bench::begin(&variant, LOAD, &serving, relay.address).await;

        sleep_until(bench.edges.measure_ns + 300 * MS).await;
        let published = || serving.handle.totals().published;
        let published_before = published();
        relay.break_down();
        until(&format!("{label}: events while nobody is connected"), async || {
            published() >= published_before + 10
        })
        .await;
        relay.mend();
        sleep_until(bench.edges.measure_ns + 1000 * MS).await;
        let mended = bench.counters().await;
        assert!(mended.reconnects >= u64::from(LOAD.clients), "{label}: {mended:?}");
        relay.cut();

        bench.all_there().await;
        let outcome = bench.close().await;
        outcome.assert_exact(label, LOAD.clients);
        let counters = &outcome.counters;
        // Replies that were cut short are counted as such; what was read of them must not be taken for a payload.
        assert_eq!((counters.gaps, counters.foreign_payloads), (0, 0), "{label}: {counters:?}");
        relay.cut();
        serving.end().await;
    });
}
