//! Storms and restarts: connections end as the plan says, and what was kept is still there.

use crate::rig::{Client, EventStream, config, until, with_target, within};
use pushbench_measure::PhaseEdges;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Life, Restart, Storm};
use pushbench_target::Config;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

fn edges_from(now_ns: u64) -> PhaseEdges {
    PhaseEdges { start_ns: now_ns, measure_ns: now_ns, drain_ns: now_ns + 60_000_000_000, end_ns: u64::MAX }
}

#[test]
fn a_storm_drops_its_share_of_those_who_ask_for_events_and_nobody_else() {
    with_target(config(), |address, handle| async move {
        let mut polling = Client::connect(address).await;
        polling.get("/poll?topic=t").await;
        let mut other = Client::connect(address).await;
        other.get("/healthz").await;
        let mut streams = Vec::new();
        for _ in 0..5 {
            streams.push(EventStream::open(address, "/sse?topic=t", "").await);
        }
        let storm = Storm { at: Duration::ZERO, share: 0.5 };
        handle.upset(&Life { storm: Some(storm), ..Life::default() }, 1, edges_from(now_ns()));
        until("the storm", || handle.totals().dropped == 3).await;
        assert!(handle.totals().dropped_ns > 0);
        // Three of six, and the one that asks for a page is still there.
        until("their end", || handle.totals().connections == 4).await;
        assert_eq!(other.get("/healthz").await.status, 200);
        assert_eq!(handle.totals().dropped, 3);
    });
}

#[test]
fn a_restart_refuses_connects_and_keeps_the_port_and_the_events() {
    let config = Config { restarts: true, ..config() };
    with_target(config, |address, handle| async move {
        let mut stream = EventStream::open(address, "/sse?topic=t", "").await;
        let mut publisher = Client::connect(address).await;
        assert_eq!(publisher.post("/publish?topic=t", "before").await.status, 202);
        assert_eq!(stream.event().await, (1, "before".to_owned()));
        // It was refused, and is given time to read why.
        let mut lingering = Client::connect(address).await;
        let reply = lingering.request("GET", "/poll?after=x", "connection: close\r\n", "").await;
        assert_eq!(reply.status, 400);
        let restart = Restart { at: Duration::ZERO, down: Duration::from_millis(300) };
        let begin_ns = now_ns();
        handle.upset(&Life { restart: Some(restart), ..Life::default() }, 1, edges_from(begin_ns));
        within(stream.client.end()).await;
        within(publisher.end()).await;
        let mut refused = 0;
        let back = loop {
            match within(TcpStream::connect(address)).await {
                Ok(back) => break back,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
                    assert!(std::net::TcpListener::bind(address).is_err(), "the port is the target's");
                    refused += 1;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        };
        assert!(refused > 0 && now_ns() - begin_ns >= 300_000_000, "{refused} refused");
        assert_eq!((handle.totals().dropped, handle.totals().refused), (1, 0));
        let mut back = Client::over(back);
        let reply = back.get("/poll?topic=t&after=0").await;
        assert_eq!((reply.status, reply.cursor()), (200, 1), "what was kept is there");
        assert_eq!(handle.totals().connections, 1, "of those before none is left, whatever it was about");
    });
}

#[test]
fn a_target_that_does_not_get_its_port_again_says_so() {
    // It keeps nothing of its port, and another takes it.
    with_target(Config { restarts: false, ..config() }, |address, handle| async move {
        let restart = Restart { at: Duration::ZERO, down: Duration::from_secs(1) };
        handle.upset(&Life { restart: Some(restart), ..Life::default() }, 1, edges_from(now_ns()));
        let mut another = None;
        until("the port is free", || {
            another = std::net::TcpListener::bind(address).ok();
            another.is_some()
        })
        .await;
        let error = within(handle.until_failure()).await.to_string();
        assert!(error.starts_with(&format!("{address} is already in use by ")), "{error}");
    });
}
