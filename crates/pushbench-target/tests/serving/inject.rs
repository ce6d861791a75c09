//! Injected faults as clients see them: which events, in which order, under which ids.

use crate::rig::{Client, config, with_target, within};
use pushbench_measure::{Figure, PhaseEdges};
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Arrival, EventSize, Events, Shape, Source, Topics};
use pushbench_target::{Config, Handle, Publishing};
use pushbench_transport::envelope::{Stamp, stamp_of};
use std::net::SocketAddr;
use std::time::Duration;

const MS: u64 = 1_000_000;

/// A target with faults, and a test beside it.
fn with_faults<F: Future<Output = ()>>(faults: &str, test: impl FnOnce(SocketAddr, Handle) -> F) {
    with_target(Config { inject: faults.parse().ok(), ..config() }, test);
}

/// Begins a schedule of so many events, one a millisecond.
fn begin(handle: &Handle, events: u64) -> PhaseEdges {
    let start_ns = now_ns() + 10 * MS;
    let drain_ns = start_ns + events * MS;
    let edges = PhaseEdges { start_ns, measure_ns: start_ns, drain_ns, end_ns: drain_ns + 1000 * MS };
    let (rate, size) = (1000.0, EventSize::Fixed(120));
    let events = Events {
        topics: Topics::Broadcast,
        source: Source::Publisher,
        shape: Shape::FLAT,
        rate,
        arrival: Arrival::Constant,
        size,
    };
    handle.begin(Publishing { events, topics: 1, seed: 1, edges });
    edges
}

/// The first so many events of the ring, by two readers that go on where the one before stopped.
async fn read(address: SocketAddr, count: usize) -> Vec<Stamp> {
    let reading = async {
        let mut stamps = Vec::new();
        while stamps.len() < count {
            let reply =
                Client::connect(address).await.get(&format!("/poll?topic=all&after={}", stamps.len())).await;
            if reply.status == 204 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            let json = reply.json();
            assert_eq!(json.get("gap"), None);
            let events = json["events"].as_array().unwrap();
            stamps.extend(events.iter().map(|event| {
                let number = |key: &str| event[key].as_u64().unwrap();
                Stamp { n: number("n"), due_ns: number("d"), published_ns: number("p") }
            }));
            assert_eq!(reply.cursor(), stamps.len() as u64, "ids have no holes");
        }
        stamps
    };
    within(reading).await
}

fn numbers(stamps: &[Stamp]) -> Vec<u64> {
    stamps.iter().map(|stamp| stamp.n).collect()
}

/// 24 events with `drop=10,duplicate=7,reorder=12`; the last is let go because none comes after it.
const FAULTS: &str = "drop=10,duplicate=7,reorder=12";
const ORDER: [u64; 25] =
    [1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 11, 13, 12, 14, 14, 15, 16, 17, 18, 19, 21, 21, 22, 23, 24];

#[test]
fn every_event_is_due_for_faults_by_its_number_with_or_without_a_delay() {
    for (delay, at_least_ns) in [("", 0), (",delay=40ms", 40 * MS)] {
        with_faults(&format!("{FAULTS}{delay}"), |address, handle| async move {
            let edges = begin(&handle, 24);
            let first = read(address, 1).await;
            let early_by_ns = (first[0].published_ns + at_least_ns).saturating_sub(now_ns());
            assert_eq!(early_by_ns, 0, "it came before its time");
            let stamps = read(address, ORDER.len()).await;
            assert_eq!(numbers(&stamps), ORDER, "{delay}");
            for stamp in &stamps {
                assert_eq!(stamp.due_ns, edges.start_ns + (stamp.n - 1) * MS, "of the schedule");
                assert!(stamp.published_ns >= stamp.due_ns);
            }
            let totals = handle.totals();
            assert_eq!((totals.published, totals.publishes_skipped), (24, 0), "dropped ones are published");
            assert_eq!(handle.snapshot().histograms.all_phases(Figure::Slip).count(), 24);
        });
    }
}

#[test]
fn delayed_events_keep_their_order_and_are_overtaken_by_those_that_are_not() {
    // Longer than the schedule, so that all of the others overtake, however late the publisher is.
    with_faults("delay=10s/4,reorder=6", |address, handle| async move {
        let edges = begin(&handle, 14);
        // 6 waits for 7; 12 is delayed. 14 is the last, and no successor.
        assert_eq!(numbers(&read(address, 11).await), [1, 2, 3, 5, 7, 6, 9, 10, 11, 13, 14]);
        assert_eq!(handle.totals().published, 14);
        assert!(now_ns() < edges.start_ns + 10_000 * MS, "this test had no time to look");
    });
    with_faults("delay=30ms/4", |address, handle| async move {
        begin(&handle, 14);
        let all = numbers(&read(address, 14).await);
        let (delayed, others): (Vec<u64>, Vec<u64>) = all.into_iter().partition(|n| n % 4 == 0);
        assert_eq!(delayed, [4, 8, 12]);
        assert_eq!(others, [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14]);
    });
}

#[test]
fn topics_are_numbered_apart_and_a_request_is_answered_whatever_becomes_of_its_event() {
    with_faults("drop=2,delay=10s/3", |address, _| async move {
        let mut client = Client::connect(address).await;
        for topic in ["a", "b"] {
            for n in 1..=5 {
                let reply = client.post(&format!("/publish?topic={topic}"), "hello").await;
                assert_eq!((reply.status, reply.body), (202, format!("{{\"id\":{n}}}")));
            }
            // 2 and 4 are dropped, 3 is not there yet.
            assert_eq!(client.get(&format!("/poll?topic={topic}&after=0")).await.cursor(), 2);
        }
    });
}

#[test]
fn stamps_are_those_of_the_publishing_and_payloads_come_whole() {
    with_faults("delay=5ms,duplicate=1", |address, handle| async move {
        begin(&handle, 3);
        read(address, 6).await;
        let reply = Client::connect(address).await.get("/poll?after=0").await;
        for event in reply.json()["events"].as_array().unwrap() {
            assert_eq!(event["x"].as_str().map(|filler| filler.bytes().all(|byte| byte == b'x')), Some(true));
        }
        let payloads: Vec<&str> = reply.body.split("{\"n\":").skip(1).collect();
        assert_eq!(payloads.len(), 6);
        for pair in payloads.chunks(2) {
            let stamp = |payload: &str| stamp_of(format!("{{\"n\":{payload}").as_bytes()).unwrap();
            assert_eq!(stamp(pair[0]), stamp(pair[1]), "doubles are the same event");
        }
    });
}
