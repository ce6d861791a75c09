//! Clients that read slowly: at the rate they are to, and in no account but their own.

use pushbench_measure::{Figure, Phase};
use pushbench_probe::clock::now_ns;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_local;

use crate::script::{EVENTS, MS, accept, follow, request, watch};
use crate::{HEAD, Sent, frame};

const CLIENTS: u32 = 4;

/// An SSE server that answers every client with a head and then does as it is told, all at once.
async fn serve(
    listener: tokio::net::TcpListener,
    edges: tokio::sync::oneshot::Receiver<pushbench_measure::PhaseEdges>,
    comments_at_once: usize,
) {
    let mut streams = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = accept(&listener).await;
        request(&mut stream).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let edges = edges.await.unwrap();
    let mut writers = Vec::new();
    for mut stream in streams {
        writers.push(spawn_local(async move {
            for n in 1..=EVENTS {
                let due_ns = edges.measure_ns + (n - 1) * 10 * MS;
                while now_ns() < due_ns {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                // Due as planned, however late this script is.
                let sent = Sent { n, due_ago_ns: now_ns() - due_ns, published_ago_ns: 0 };
                stream.write_all(&frame(sent)).await.unwrap();
            }
            // As much as the sockets take: whoever reads slowly always has something to read.
            let filling = vec![b':'; comments_at_once];
            while now_ns() < edges.drain_ns {
                let _ = tokio::time::timeout(Duration::from_millis(5), stream.write_all(&filling)).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            follow(stream);
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[test]
fn a_slow_reader_reads_at_its_rate_while_there_is_something_to_read() {
    // What is read at once has to be less than the socket's buffer holds, or it is empty in between.
    for rate in [20_u32, 100] {
        let begin_ns = now_ns();
        // The first bytes fill the sockets of those who are slow before the measure phase begins.
        let keys = format!("kind = \"sse\"\n[slow]\nshare = \"99%\"\nread = \"{rate}KiB/s\"");
        let watched = watch(&keys, CLIENTS, CLIENTS, async move |listener, edges| {
            let mut streams = Vec::new();
            for _ in 0..CLIENTS {
                let mut stream = accept(&listener).await;
                request(&mut stream).await;
                stream.write_all(HEAD.as_bytes()).await.unwrap();
                // More than they read until the end, in far more than their buffers hold.
                streams.push(spawn_local(async move {
                    let _ = stream.write_all(&vec![b':'; 16 << 20]).await;
                    follow(stream);
                }));
            }
            let _ = edges.await.unwrap();
        });
        let slow = watched.sums.fates.slow;
        assert_eq!((slow.clients, slow.errors), (u64::from(CLIENTS), 0));
        let per_second = slow.bytes as f64 / (slow.reading_us as f64 / 1e6);
        let ratio = per_second / (f64::from(rate) * 1024.0);
        assert!((0.95..=1.05).contains(&ratio), "{per_second} B/s of {rate} KiB/s: {slow:?}");
        // The same by the bytes that crossed the sockets: never more than the clock allows.
        let read = watched.report.counters.down.total() as f64 / f64::from(CLIENTS);
        let elapsed = (now_ns() - begin_ns) as f64 / 1e9;
        assert!(read <= (elapsed + 0.2) * f64::from(rate) * 1024.0, "{read} bytes in {elapsed} s");
    }
}

#[test]
fn slow_readers_are_in_no_account_but_their_own() {
    let keys = "kind = \"sse\"\n[slow]\nshare = \"25%\"\nread = \"1KiB/s\"";
    let watched = watch(keys, CLIENTS, CLIENTS, |listener, edges| serve(listener, edges, 64 << 10));
    let (tally, slow) = (watched.sums.tally, watched.sums.fates.slow);
    assert_eq!((tally.intended, tally.connected), (4, 4), "all of them are the step's clients");
    assert_eq!((tally.expected, tally.delivered, tally.lost), (3 * EVENTS, 3 * EVENTS, 0));
    // 20 events of 100 bytes and more at 1 KiB/s take more than the 400 ms there are.
    assert_eq!((slow.clients, slow.expected), (1, EVENTS));
    assert!(slow.delivered < EVENTS, "{slow:?}");
    let count = |figure| watched.report.histograms.of(figure, Phase::Measure).count();
    assert_eq!((count(Figure::Delivery), count(Figure::SlowDelivery)), (3 * EVENTS, slow.delivered));
    assert_eq!(watched.sums.delivered_per_client.count(), 3);
}

#[test]
fn whoever_stops_gets_everything_late_and_the_others_in_time() {
    let keys = "kind = \"sse\"\n[slow]\nshare = \"25%\"\nstop = { at = \"50ms\", for = \"100ms\" }";
    let watched = watch(keys, CLIENTS, CLIENTS, |listener, edges| serve(listener, edges, 0));
    let (tally, slow) = (watched.sums.tally, watched.sums.fates.slow);
    assert_eq!((tally.delivered, tally.lost), (3 * EVENTS, 0));
    assert_eq!((slow.expected, slow.delivered), (EVENTS, EVENTS), "nothing is lost by waiting in a socket");
    // Those due at 60 ms to 140 ms are read at 150 ms at the earliest, less what passes while a due time is written down.
    let late = watched.report.histograms.of(Figure::SlowDelivery, Phase::Measure);
    let at_least = |us| late.inner().count_between(us, u64::MAX);
    assert!(at_least(89_000) >= 1 && at_least(9_900) >= 9, "{:?}", late.max());
}
