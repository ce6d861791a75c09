//! Frames cut anywhere, and every byte accounted for.

use std::time::Duration;

use crate::bench::{Bench, Load, Serving, play, until};
use crate::relay::Relay;
use crate::variants::variants;

const LOAD: Load = Load {
    clients: 3,
    topics: 0,
    events_per_second: 20,
    size_bytes: 150,
    measure: Duration::from_millis(800),
};

fn in_pieces_of(piece: usize) {
    play(variants(&[("interval", "150ms"), ("timeout", "300ms")]), move |variant| async move {
        let label = format!("{} in pieces of {piece}", variant.label);
        let serving = Serving::start(&variant);
        let relay = Relay::start(serving.address, piece).await;
        let bench = Bench::begin(&variant, LOAD, &serving, relay.address).await;
        bench.all_there().await;
        // Once requests are held back there is nothing left to be answered, and nothing under way.
        relay.hold_back_what_clients_send();
        until(&format!("{label}: the same bytes on both sides"), || {
            let counters = bench.counters();
            (counters.down.total(), counters.up.total()) == relay.counted()
        })
        .await;
        let outcome = bench.close().await;
        outcome.assert_exact(&label, LOAD.clients);
        outcome.assert_undisturbed(&label);
        let counters = &outcome.counters;
        let (down, up) = (&counters.down, &counters.up);
        assert_eq!(down.payload, counters.events * u64::from(LOAD.size_bytes), "{label}");
        assert!(up.payload == 0 && up.total() > 0 && down.connecting + down.framing > 0, "{label}");
        // The pieces were read one by one, or nearly: else this test would show nothing.
        assert!(counters.reads > down.total() / piece as u64 / 4, "{label}: {counters:?}");
        relay.cut();
        serving.end().await;
    });
}

#[test]
fn events_are_the_same_when_every_byte_comes_alone() {
    in_pieces_of(1);
}

#[test]
fn events_are_the_same_when_they_come_in_sevens() {
    in_pieces_of(7);
}
