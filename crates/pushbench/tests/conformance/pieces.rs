//! Frames cut anywhere, and every byte accounted for.

use std::time::Duration;

use crate::bench::{Bench, Load, Serving, play, until};
use crate::relay::{Cut, Relay};
use crate::variants::variants;

const LOAD: Load = Load {
    clients: 3,
    topics: 0,
    events_per_second: 20,
    size_bytes: 150,
    measure: Duration::from_millis(800),
};

fn cut(how: Cut, load: Load) {
    play(variants(&[("interval", "150ms"), ("timeout", "300ms")]), move |variant| async move {
        let label = format!("{}, {how:?}", variant.label);
        let serving = Serving::start(&variant);
        let relay = Relay::start(serving.address, how).await;
        let bench = Bench::begin(&variant, load, &serving, relay.address).await;
        bench.all_there().await;
        // Once requests are held back there is nothing left to be answered, and nothing under way.
        relay.hold_back_what_clients_send();
        until(&format!("{label}: the same bytes on both sides"), async || {
            let counters = bench.counters().await;
            (counters.down.total(), counters.up.total()) == relay.counted()
        })
        .await;
        let outcome = bench.close().await;
        outcome.assert_exact(&label, load.clients);
        outcome.assert_undisturbed(&label);
        let counters = &outcome.counters;
        let (down, up) = (&counters.down, &counters.up);
        assert_eq!(down.payload.unsigned_abs(), counters.events * u64::from(load.size_bytes), "{label}");
        assert!(up.payload == 0 && up.total() > 0 && down.connecting + down.framing > 0, "{label}");
        if let Cut::Pieces(_) = how {
            // Many events came in pieces, though a client that gets no CPU reads several pieces at once: else this test
            // would show nothing.
            assert!(counters.reads > 2 * counters.events, "{label}: {counters:?}");
        }
        relay.cut();
        serving.end().await;
    });
}

#[test]
fn events_are_the_same_when_every_byte_comes_alone() {
    cut(Cut::Pieces(1), LOAD);
}

#[test]
fn events_are_the_same_when_they_come_in_sevens() {
    cut(Cut::Pieces(7), LOAD);
}

#[test]
fn events_are_the_same_wherever_they_are_cut() {
    // Events enough for a cut in each of the first 400 places: a head and a body of polling, two frames of a stream.
    cut(Cut::Wandering(400), Load { clients: 4, events_per_second: 200, ..LOAD });
}
