//! The instant of reception is that of the read that held an event's last byte, for all events of the read alike.

use pushbench_measure::{Counters, Figure, Phase};
use pushbench_probe::clock::now_ns;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::script::{First, MS, accept, follow, request, watch, watch_until};
use crate::{HEAD, frame, on_time};

#[test]
fn events_of_one_read_were_received_at_one_instant() {
    const BATCH: u64 = 400;
    let watched = watch("kind = \"sse\"", 1, 1, async |listener, edges| {
        let mut stream = accept(&listener).await;
        request(&mut stream).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        let edges = edges.await.unwrap();
        while now_ns() < edges.measure_ns {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Less than the client reads at once, written at once.
        let batch: Vec<u8> = (1..=BATCH).flat_map(|n| frame(on_time(n))).collect();
        stream.write_all(&batch).await.unwrap();
        follow(stream);
    });
    let counters = &watched.report.counters;
    assert_eq!(counters.events, BATCH);
    assert!(
        counters.event_reads < BATCH / 10,
        "{} reads show nothing about events of one",
        counters.event_reads
    );
    let of = |figure| watched.report.histograms.all_phases(figure);
    let gaps = of(Figure::Gap);
    assert_eq!(gaps.count(), BATCH - 1);
    // A stamp taken while parsing would come later with every event.
    let none = gaps.inner().count_between(0, 0);
    assert_eq!(none, BATCH - counters.event_reads, "{} reads", counters.event_reads);
    let per_read = of(Figure::EventsPerRead);
    assert_eq!(per_read.count(), counters.event_reads);
    let mean = per_read.mean().unwrap() * counters.event_reads as f64;
    assert!((mean - BATCH as f64).abs() <= BATCH as f64 / 1000.0, "{mean} events in all reads");
}

#[test]
fn an_event_in_two_pieces_was_received_with_the_second() {
    let watched = watch("kind = \"sse\"", 1, 1, async |listener, edges| {
        let mut stream = accept(&listener).await;
        request(&mut stream).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        let edges = edges.await.unwrap();
        while now_ns() < edges.measure_ns {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let frame = frame(on_time(1));
        let (first, second) = frame.split_at(frame.len() - 1);
        stream.write_all(first).await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        stream.write_all(second).await.unwrap();
        follow(stream);
    });
    let delivery = watched.report.histograms.of(Figure::Delivery, Phase::Measure);
    assert_eq!((delivery.count(), watched.report.counters.event_reads), (1, 1));
    assert!(delivery.max().unwrap() >= 60 * MS / 1_000, "{delivery:?}");
    assert!(
        watched.report.counters.reads >= 3,
        "the head, and two pieces: {}",
        watched.report.counters.reads
    );
}

#[test]
fn the_last_report_and_the_books_are_closed_at_one_instant() {
    // A server that does not stop sending: something arrives between any two instants of the end.
    let watched = watch_until(First::Clients, "kind = \"sse\"", 1, 1, async |listener, _| {
        let mut stream = accept(&listener).await;
        request(&mut stream).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        for n in 1.. {
            let mut ended = [0];
            tokio::select! {
                biased;
                _ = stream.read(&mut ended) => return,
                () = tokio::task::yield_now() => {}
            }
            if stream.write_all(&frame(on_time(n))).await.is_err() {
                return;
            }
        }
    });
    let [.., at_the_end] = watched.sums.edges;
    assert_eq!(watched.report.counters, at_the_end);
    let [.., at_last] = watched.sums.at_readings;
    let bytes = |counters: &Counters| counters.down.total();
    assert!(bytes(&at_last) > bytes(&at_the_end), "nothing came while the books were closed");
    let delivered = watched.report.histograms.of(Figure::Delivery, Phase::Measure).count();
    assert!(delivered >= watched.sums.tally.delivered + watched.sums.tally.late);
}
