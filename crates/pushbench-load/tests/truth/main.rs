//! Truth checks: the generator against scripted servers whose behaviour is known exactly.
//!
//! The server of this file speaks just enough of Server-Sent Events to send events that carry chosen sequence numbers,
//! due times and publish times, so that everything the worker counts can be worked out by hand.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod exchanges;
mod lives;
mod reads;
mod script;
mod slow;
mod wire;

use pushbench_measure::snapshot::{WorkerFinal, WorkerSnapshot};
use pushbench_measure::{Figure, Phase};
use pushbench_probe::clock::now_ns;
use pushbench_transport::envelope::{Stamp, encode};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

use crate::script::{EVENTS, MS, accept, follow, request, watch};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
const PAYLOAD: usize = 100;

/// One event as the server sends it.
#[derive(Clone, Copy)]
struct Sent {
    n: u64,
    /// How long ago the event says it was due, and published.
    due_ago_ns: u64,
    published_ago_ns: u64,
}

fn on_time(n: u64) -> Sent {
    Sent { n, due_ago_ns: 0, published_ago_ns: 0 }
}

fn frame(sent: Sent) -> Vec<u8> {
    let now_ns = now_ns();
    let stamp =
        Stamp { n: sent.n, due_ns: now_ns - sent.due_ago_ns, published_ns: now_ns - sent.published_ago_ns };
    let mut frame = format!("id: {}\ndata: ", sent.n).into_bytes();
    encode(stamp, "all", PAYLOAD, &mut frame);
    frame.extend_from_slice(b"\n\n");
    frame
}

/// What a worker saw of a script, and the bytes that crossed the socket.
struct Saw {
    report: WorkerSnapshot,
    sums: WorkerFinal,
    request_bytes: i64,
    stream_bytes: i64,
}

/// Plays a script to one client: all events are sent inside the measure phase, in the order given.
fn run(script: Vec<Sent>) -> Saw {
    let watched = watch("kind = \"sse\"", 1, 1, async move |listener, edges| {
        let mut stream = accept(&listener).await;
        let request_bytes = request(&mut stream).await.len() as i64;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        let edges = edges.await.unwrap();
        let mut stream_bytes = HEAD.len() as i64;
        for sent in script {
            // An event that claims to be older than the measure phase would not belong to it.
            while now_ns() < edges.measure_ns + sent.due_ago_ns {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let frame = frame(sent);
            stream.write_all(&frame).await.unwrap();
            stream_bytes += frame.len() as i64;
        }
        follow(stream);
        (request_bytes, stream_bytes)
    });
    let (request_bytes, stream_bytes) = watched.server;
    Saw { report: watched.report, sums: watched.sums, request_bytes, stream_bytes }
}

#[test]
fn a_constant_delay_is_measured_within_a_millisecond() {
    let delayed = |n| Sent { n, due_ago_ns: 50 * MS, published_ago_ns: 30 * MS };
    let saw = run((1..=EVENTS).map(delayed).collect());
    let delivery = saw.report.histograms.of(Figure::Delivery, Phase::Measure);
    let uncorrected = saw.report.histograms.of(Figure::Uncorrected, Phase::Measure);
    assert_eq!(delivery.count(), EVENTS);
    let median = delivery.quantile(0.5).unwrap();
    assert!(
        (50_000..=51_000).contains(&median),
        "received - due is 50 ms and the way there, not {median} us"
    );
    let median = uncorrected.quantile(0.5).unwrap();
    assert!(
        (30_000..=31_000).contains(&median),
        "received - published is 30 ms and the way there, not {median} us"
    );
}

#[test]
fn a_delay_of_a_known_share_shows_in_exactly_that_share() {
    let script = (1..=EVENTS).map(|n| Sent {
        n,
        due_ago_ns: if n % 4 == 0 { 80 * MS } else { 0 },
        published_ago_ns: 0,
    });
    let delivery = run(script.collect()).report.histograms.of(Figure::Delivery, Phase::Measure);
    let beyond = |us| {
        (0..=1000).filter(|permille| delivery.quantile(f64::from(*permille) / 1e3).unwrap() > us).count()
    };
    // A quarter of the events: the quantiles above 0.75, and no others.
    assert!((249..=251).contains(&beyond(79_000)), "{} of 1001 permille beyond 79 ms", beyond(79_000));
}

#[test]
fn drops_doubles_and_swaps_are_counted_exactly() {
    let mut order: Vec<u64> = (1..=EVENTS).collect();
    order.retain(|n| ![3, 9, 10].contains(n)); // three lost
    order.insert(5, order[5]); // one double
    order.push(EVENTS); // another
    order.swap(12, 13); // one arrives after its successor
    let saw = run(order.iter().map(|n| on_time(*n)).collect());
    let tally = saw.sums.tally;
    assert_eq!(
        (tally.expected, tally.delivered, tally.lost, tally.duplicated, tally.reordered),
        (EVENTS, EVENTS - 3, 3, 2, 1)
    );
    assert_eq!(saw.report.counters.events, order.len() as u64);
}

#[test]
fn bytes_are_counted_to_the_byte_and_by_what_they_were_for() {
    let saw = run((1..=EVENTS).map(on_time).collect());
    let (down, up) = (saw.report.counters.down, saw.report.counters.up);
    let (payload, head) = ((EVENTS * PAYLOAD as u64) as i64, HEAD.len() as i64);
    assert_eq!(down.total(), saw.stream_bytes as u64);
    assert_eq!((down.payload, down.connecting), (payload, head));
    assert_eq!(down.framing, saw.stream_bytes - payload - head);
    assert_eq!((up.total(), up.connecting), (saw.request_bytes as u64, saw.request_bytes));
}

#[test]
fn age_follows_from_the_receptions() {
    // Events that are all 150 ms old on arrival, three quarters into the measure phase: the youngest the client ever is
    // is 150 ms, and never older than the longest pause between receptions on top of that. A silence alone would make it
    // 50 ms old at most.
    let aged = |n| Sent { n, due_ago_ns: 150 * MS, published_ago_ns: 0 };
    let saw = run((1..=EVENTS).map(aged).collect());
    let mean_us = saw.sums.age.mean_us().unwrap();
    let gaps = saw.report.histograms.of(Figure::Gap, Phase::Measure);
    assert_eq!(gaps.count(), EVENTS - 1);
    // After the last event the age rises until the measure phase ends.
    let silence_us = (EVENTS * 10 * MS / 1_000) as f64;
    let longest_us = gaps.max().unwrap() as f64;
    assert!(mean_us > 150_000.0, "mean age {mean_us} us");
    assert!(
        mean_us < 151_000.0 + longest_us + silence_us / 2.0,
        "mean age {mean_us} us, gaps to {longest_us} us"
    );
}
