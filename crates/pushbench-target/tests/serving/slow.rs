//! Subscribers that do not keep up where they may skip: what they get, what they miss, what waits for them.

use crate::rig::{
    Client, EventStream, HttpReply, config, message, until, websocket_over, with_target, within,
};
use pushbench_scenario::{Coalesce, SlowPolicy};
use pushbench_target::{Config, Limits};
use std::net::SocketAddr;
use tokio::net::{TcpSocket, TcpStream};

const EVENTS: u64 = 300;
const EVENT_BYTES: usize = 8 << 10;
const BACKLOG: u64 = 64 << 10;
const RING: u32 = 4;

/// A target whose subscribers may skip, and that notices soon who does not read.
fn skipping(coalesce: Coalesce) -> Config {
    let limits = Limits { queue_bytes: BACKLOG, ..Limits::default() };
    let (slow, send_buffer) = (SlowPolicy::Skip, Some(16 << 10));
    Config { limits, slow, send_buffer, coalesce, ring_events: RING, ..config() }
}

/// A connection whose kernel buffer takes little.
async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    within(socket.connect(address)).await.unwrap()
}

fn payload(id: u64) -> String {
    format!("{id:08}{}", "x".repeat(EVENT_BYTES - 8))
}

fn id_of(payload: &str) -> u64 {
    payload[..8].parse().unwrap()
}

#[test]
fn whoever_falls_behind_skips_and_hears_of_the_gap_while_another_gets_everything() {
    for coalesce in [Coalesce::Off, Coalesce::Tick] {
        with_target(skipping(coalesce), |address, handle| async move {
            let mut healthy = EventStream::open(address, "/sse", "").await;
            let mut slow = Client::over(narrow(address).await);
            slow.ask("GET", "/sse", "", "").await;
            let (mut socket, _) = websocket_over(narrow(address).await, "/ws").await;
            until("all subscribe", || handle.totals().subscribers == 3).await;
            let mut publisher = Client::connect(address).await;
            for id in 1..=EVENTS {
                publisher.post("/publish", &payload(id)).await;
                assert_eq!(healthy.event().await.0, id);
            }
            let totals = handle.totals();
            assert_eq!((totals.slow_disconnects, totals.slow_skipped), (0, 0), "nobody has skipped yet");
            // For two: what was cut, and at most what a newcomer is offered, for the ring has passed them by.
            let most = 2 * (u64::from(RING) + 2) * EVENT_BYTES as u64;
            assert!((1..=most).contains(&totals.queued_bytes), "{}", totals.queued_bytes);

            slow.head().await;
            let mut stream = EventStream { prologue: slow.chunk().await.unwrap(), client: slow };
            let (mut got, mut gaps, mut last) = (0, 0, 0);
            while last < EVENTS {
                let block = stream.block().await.unwrap();
                let data = block.split_once("data: ").unwrap().1;
                if block.starts_with("event: gap") {
                    gaps += 1;
                    let oldest: serde_json::Value = serde_json::from_str(data.trim()).unwrap();
                    last = oldest["oldest"].as_u64().unwrap() - 1;
                } else {
                    assert_eq!(id_of(data), last + 1, "after a gap, and else, none is left out");
                    (got, last) = (got + 1, last + 1);
                }
            }
            assert_eq!(gaps, 1);
            let mut heard = 0;
            while let text = message(&mut socket).await.into_text().unwrap()
                && (text.contains("\"gap\"") || id_of(&text) < EVENTS)
            {
                heard += u64::from(!text.contains("\"gap\""));
            }
            let totals = handle.totals();
            assert_eq!(totals.slow_skipped, 2 * EVENTS - got - (heard + 1));
            assert_eq!((totals.slow_disconnects, totals.queued_bytes), (0, 0), "all is written");
            assert_eq!(totals.coalesced > 0, coalesce != Coalesce::Off, "{}", totals.coalesced);
        });
    }
}

#[test]
fn a_poll_that_comes_too_late_for_some_events_is_counted_as_skipping_them() {
    with_target(skipping(Coalesce::Off), |address, handle| async move {
        let mut client = Client::connect(address).await;
        for id in 1..=10 {
            client.post("/publish", &payload(id)).await;
        }
        let cursor = |reply: &HttpReply| reply.cursor();
        let reply = client.get("/poll?after=2").await;
        assert_eq!((cursor(&reply), handle.totals().slow_skipped), (10, 4), "3 to 6 are gone");
        // Who has all that is held, and who comes from another life of the target, has skipped nothing.
        client.get("/poll?after=6").await;
        client.get("/long-poll?after=99").await;
        client.get("/poll").await;
        assert_eq!(handle.totals().slow_skipped, 4);
    });
}

#[test]
fn what_waits_for_one_who_left_waits_no_more() {
    with_target(
        Config { slow: SlowPolicy::Disconnect, ..skipping(Coalesce::Off) },
        |address, handle| async move {
            let mut slow = Client::over(narrow(address).await);
            slow.ask("GET", "/sse", "", "").await;
            until("it subscribes", || handle.totals().subscribers == 1).await;
            let mut publisher = Client::connect(address).await;
            let mut id = 0;
            while handle.totals().queued_bytes < BACKLOG / 2 {
                id += 1;
                publisher.post("/publish", &payload(id)).await;
                assert!(id < EVENTS, "its socket takes everything");
            }
            drop(slow);
            until("it is gone", || handle.totals().subscribers == 0).await;
            assert_eq!((handle.totals().queued_bytes, handle.totals().slow_disconnects), (0, 0));
        },
    );
}
