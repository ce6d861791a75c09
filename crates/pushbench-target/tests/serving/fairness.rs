//! Everybody gets a turn, however much there is to do for others; and whoever reads slowly gets every byte.

use crate::rig::{Client, EventStream, config, until, websocket_over, with_target, within};
use futures_util::StreamExt as _;
use pushbench_scenario::Coalesce;
use pushbench_target::{Config, Handle, Limits};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::task::{spawn_local, yield_now};

#[test]
fn accepts_and_polls_are_answered_during_an_endless_fan_out() {
    const STREAMS: usize = 600;
    with_target(config(), |address, handle| async move {
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            streams.push(EventStream::open(address, "/sse", "").await);
        }
        // Nobody reads in between, and each event is published before everybody has the one before.
        let over = std::rc::Rc::new(Cell::new(false));
        let flood = {
            let (over, mut publisher) = (std::rc::Rc::clone(&over), Client::connect(address).await);
            spawn_local(async move {
                let mut published = 0;
                while !over.get() {
                    publisher.post("/publish", "flood").await;
                    published += 1;
                }
                published
            })
        };
        until("it has begun", || handle.totals().sent > 2 * STREAMS as u64).await;
        for _ in 0..20 {
            let begin = handle.totals().published;
            let mut newcomer = Client::connect(address).await;
            assert_eq!(newcomer.get("/poll").await.status, 204);
            assert_eq!(newcomer.get("/healthz").await.status, 200);
            // Between a question and its answer there is room for some events, not for the whole flood.
            assert!(handle.totals().published - begin < 50);
        }
        over.set(true);
        let published = within(flood).await.unwrap();
        for stream in &mut streams {
            for id in 1..=published {
                assert_eq!(stream.event().await.0, id);
            }
        }
        assert_eq!(handle.totals().sent, published * STREAMS as u64);
    });
}

/// A connection whose kernel buffer takes little, so that the target soon has to wait.
async fn narrow(address: SocketAddr) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    within(socket.connect(address)).await.unwrap()
}

/// The payload of an event, different for each.
fn payload(id: u64) -> String {
    format!("{id}:").repeat(3000 + id as usize * 7)
}

#[test]
fn a_slow_reader_gets_every_byte_in_order() {
    const EVENTS: u64 = 400;
    let limits = Limits { queue_bytes: u64::MAX, ..Limits::default() };
    for coalesce in [Coalesce::Off, Coalesce::Tick] {
        let config = Config { limits, ring_events: 1, coalesce, ..config() };
        with_target(config, |address, handle| slow_readers(address, handle, EVENTS));
    }
}

async fn slow_readers(address: SocketAddr, handle: Handle, events: u64) {
    let mut slow = Client::over(narrow(address).await);
    slow.ask("GET", "/sse", "", "").await;
    let (mut socket, _) = websocket_over(narrow(address).await, "/ws").await;
    until("both subscribe", || handle.totals().subscribers == 2).await;
    let mut publisher = Client::connect(address).await;
    for id in 1..=events {
        publisher.post("/publish", &payload(id)).await;
    }
    assert!(handle.totals().sent < 2 * events, "their sockets are full");
    slow.head().await;
    let mut stream = EventStream { prologue: slow.chunk().await.unwrap(), client: slow };
    for id in 1..=events {
        let (told, data) = stream.event().await;
        assert_eq!((told, data == payload(id)), (id, true), "{id}");
        let message = within(socket.next()).await.unwrap().unwrap();
        assert!(message.into_data() == payload(id).as_bytes(), "{id}");
    }
    assert_eq!((handle.totals().sent, handle.totals().slow_disconnects), (2 * events, 0));
}

#[test]
fn a_client_that_asks_and_does_not_read_is_not_asked_for_more() {
    let limits = Limits { idle_timeout: Duration::from_mins(10), ..Limits::default() };
    with_target(Config { limits, ..config() }, |address, handle| async move {
        Client::connect(address).await.post("/publish", &"x".repeat(1 << 19)).await;
        let deaf = narrow(address).await;
        let request = b"GET /poll?after=0 HTTP/1.1\r\nhost: a\r\n\r\n";
        // As many requests as the sockets take; each is answered with half a megabyte.
        let mut asked = 0_u64;
        let mut refused = 0;
        while refused < 100 {
            match deaf.try_write(&request.repeat(100)) {
                Ok(_) => (asked, refused) = (asked + 100, 0),
                Err(_) => refused += 1,
            }
            yield_now().await;
            assert!(asked < 1_000_000, "the target reads all of it");
        }
        assert!(handle.totals().sent < 100, "{}", handle.totals().sent);
    });
}
