//! Clients that send messages to their room, whatever the transport: on their connection or on a second one.

use pushbench_transport::settings::TransportSettings as _;
use std::time::Duration;

use crate::bench::{Bench, Load, Serving, play, sleep_until, until};
use crate::relay::{Cut, Relay};
use crate::variants::variants;

/// Two rooms of six.
const LOAD: Load = Load {
    clients: 12,
    topics: 2,
    events_per_second: 40,
    size_bytes: 300,
    measure: Duration::from_millis(1200),
};
const MEMBERS: u64 = 6;
/// Forty messages a second of all.
const EVENTS: &str = "pattern = \"chat\"\nmembers = 5\nrate = \"200/m\"";
const MS: u64 = 1_000_000;

#[test]
fn every_member_gets_every_message_of_its_room_once_and_the_sender_as_an_echo() {
    play(variants(&[("interval", "50ms")]), |variant| async move {
        let label = &variant.label;
        let serving = Serving::start(&variant);
        let bench = Bench::begin_pattern(&variant, LOAD, EVENTS, &serving, serving.address).await;
        bench.all_there().await;
        let outcome = bench.close().await;
        outcome.assert_undisturbed(label);
        let (tally, [measured, all]) = (&outcome.tally, outcome.owed);
        assert_eq!((measured, all), (48 * MEMBERS, 56 * MEMBERS), "{label}");
        assert_eq!((tally.expected, tally.delivered), (measured, measured), "{label}: {tally:?}");
        // Members overtake each other on their way to the target, so the order is nobody's promise.
        assert_eq!((tally.lost, tally.duplicated), (0, 0), "{label}: {tally:?}");
        assert_eq!(outcome.counters.events, all, "{label}: those of the other room are not among them");
        assert_eq!((outcome.echoes, outcome.deliveries), (48, 48 * (MEMBERS - 1)), "{label}");
        let messages = outcome.messages;
        assert_eq!((messages.sent, messages.unsent), (48, 0), "{label}: {messages:?}");

        let (counters, seen) = (&outcome.counters, serving.handle.totals());
        assert_eq!(
            (seen.published, seen.publishes_skipped, seen.error_replies),
            (56, 0, 0),
            "{label}: {seen:?}"
        );
        assert_eq!(counters.up.payload, 56 * i64::from(LOAD.size_bytes), "{label}");
        assert_eq!(counters.down.payload.unsigned_abs(), all * u64::from(LOAD.size_bytes), "{label}");
        let posts = !variant.settings.carries_messages();
        let opened_at_least = u64::from(LOAD.clients) * if posts { 2 } else { 1 };
        assert!(counters.opened >= opened_at_least, "{label}: {counters:?}");
        serving.end().await;
    });
}

#[test]
fn no_message_comes_twice_when_connections_break_and_what_was_under_way_is_lost_for_all() {
    let quick = [("retry", "20ms"), ("interval", "50ms"), ("timeout", "300ms"), ("check_interval", "20ms")];
    play(variants(&quick), |variant| async move {
        let label = &variant.label;
        let serving = Serving::start(&variant);
        // Pieces, so that a cut falls into the middle of a request.
        let relay = Relay::start(serving.address, Cut::Pieces(97)).await;
        let bench = Bench::begin_pattern(&variant, LOAD, EVENTS, &serving, relay.address).await;
        for cut_ms in [300, 700] {
            sleep_until(bench.edges.measure_ns + cut_ms * MS).await;
            relay.cut();
        }
        sleep_until(bench.edges.drain_ns).await;
        let due = bench.owed()[1] / MEMBERS;
        let published = || serving.handle.totals().published;
        // Each sender has one message under way at most when it is cut, and waits a while after that.
        let all_but_lost = due - 2 * u64::from(LOAD.clients);
        until(&format!("{label}: what is published reaches all"), async || {
            let published = published();
            published >= all_but_lost && bench.counters().await.events == published * MEMBERS
        })
        .await;
        let outcome = bench.close().await;
        let published = published();
        let tally = &outcome.tally;
        assert_eq!(tally.duplicated, 0, "{label}: {tally:?}");
        assert_eq!(tally.lost, (due - published) * MEMBERS, "{label}: {tally:?}");
        assert_eq!(outcome.counters.foreign_payloads, 0, "{label}");
        assert!(outcome.messages.sent + outcome.messages.unsent >= tally.expected / MEMBERS, "{label}");
        relay.cut();
        serving.end().await;
    });
}
