//! How many writes carry a burst of events, by mode: off, tick, or within a time.

use crate::rig::{Client, EventStream, config, message, until, websocket, with_target, within};
use pushbench_measure::PhaseEdges;
use pushbench_probe::clock::now_ns;
use pushbench_probe::tcp_info;
use pushbench_scenario::{Arrival, Coalesce, EventSize, Events, Shape, Source, Topics};
use pushbench_target::{Config, Publishing};
use pushbench_transport::envelope::stamp_of;
use std::os::fd::AsRawFd as _;
use std::time::Duration;
use tokio::net::TcpStream;

const BURST: u64 = 10;

fn mode(coalesce: Coalesce) -> Config {
    Config { coalesce, ..config() }
}

/// Ten events that are all due at once.
fn burst() -> Publishing {
    let (rate, size) = (1e9, EventSize::Fixed(120));
    let events = Events {
        topics: Topics::Broadcast,
        source: Source::Publisher,
        shape: Shape::FLAT,
        rate,
        arrival: Arrival::Constant,
        size,
    };
    let start_ns = now_ns();
    let drain_ns = start_ns + BURST;
    let edges = PhaseEdges { start_ns, measure_ns: start_ns, drain_ns, end_ns: drain_ns };
    Publishing { events, topics: 1, seed: 1, edges }
}

/// Segments that have come to a socket: whoever sends nothing gets only such with data.
fn segments(stream: &TcpStream) -> u32 {
    tcp_info::read(stream.as_raw_fd()).unwrap().segs_in
}

#[test]
fn a_burst_comes_one_by_one_or_together() {
    let within_50_ms = Coalesce::Within(Duration::from_millis(50));
    for coalesce in [Coalesce::Off, Coalesce::Tick, within_50_ms] {
        with_target(mode(coalesce), |address, handle| async move {
            let mut stream = EventStream::open(address, "/sse", "").await;
            let (mut socket, _) = websocket(address, "/ws").await;
            let before = [segments(&stream.client.stream), segments(socket.get_ref())];
            let begin_ns = now_ns();
            handle.begin(burst());
            for n in 1..=BURST {
                let (id, payload) = stream.event().await;
                assert_eq!((id, stamp_of(payload.as_bytes()).unwrap().n), (n, n), "{coalesce:?}");
                let message = message(&mut socket).await.into_data();
                assert_eq!(stamp_of(&message).unwrap().n, n, "{coalesce:?}");
            }
            let waited = Duration::from_nanos(now_ns() - begin_ns);
            if let Coalesce::Within(pause) = coalesce {
                assert!(waited >= pause, "{waited:?}");
            }
            let after = [segments(&stream.client.stream), segments(socket.get_ref())];
            for segments in [after[0] - before[0], after[1] - before[1]] {
                // On a busy machine the kernel may put what is sent one by one into fewer segments.
                assert_eq!(segments > 1, coalesce == Coalesce::Off, "{coalesce:?}: {segments}");
            }
            assert_eq!(handle.totals().sent, 2 * BURST, "each event counts");
        });
    }
}

#[test]
fn a_held_poll_is_answered_with_the_whole_burst_where_events_are_gathered() {
    for (coalesce, told) in
        [(Coalesce::Off, 1), (Coalesce::Tick, BURST), (Coalesce::Within(Duration::from_millis(5)), BURST)]
    {
        with_target(mode(coalesce), |address, handle| async move {
            let mut client = Client::connect(address).await;
            client.ask("GET", "/long-poll?after=0", "", "").await;
            until("it is held", || handle.totals().subscribers == 1).await;
            handle.begin(burst());
            assert_eq!(client.reply(true).await.cursor(), told, "{coalesce:?}");
        });
    }
}

#[test]
fn what_is_gathered_is_not_lost_at_the_end() {
    with_target(mode(Coalesce::Within(Duration::from_secs(1))), |address, handle| async move {
        let mut stream = EventStream::open(address, "/sse", "").await;
        handle.begin(burst());
        until("all is published", || handle.totals().published == BURST).await;
        handle.shutdown();
        for n in 1..=BURST {
            assert_eq!(stream.event().await.0, n);
        }
        within(stream.client.end()).await;
    });
}
