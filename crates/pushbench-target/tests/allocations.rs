//! An event takes memory once, however many clients it goes to, and however many have to ask for it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

#[path = "../../pushbench-transport/tests/counting/mod.rs"]
mod counting;

use pushbench_measure::PhaseEdges;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Arrival, Coalesce, EventSize, Events, Shape, Source, Topics};
use pushbench_target::{Config, Handle, Publishing, Target};
use pushbench_transport::Kind;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::timeout;

use crate::counting::asked;

const DEADLINE: Duration = Duration::from_secs(30);
/// Events before memory is counted: whatever grows once has grown.
const WARM_UP: usize = 3;
/// More than a turn of the target's loop serves.
const MANY: usize = 400;

/// Clients that take no memory to wait.
struct Clients(Vec<TcpStream>);

impl Clients {
    fn connect(count: usize, address: SocketAddr) -> Self {
        let connect = |_| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        };
        Self((0..count).map(connect).collect())
    }

    fn ask(&mut self, request: &[u8]) {
        for stream in &mut self.0 {
            assert_eq!(stream.write(request).unwrap(), request.len());
        }
    }

    /// Waits until every one has been sent something.
    async fn all_hear(&mut self) {
        let mut bytes = [0; 4096];
        let hearing = async {
            for stream in &mut self.0 {
                while !matches!(stream.read(&mut bytes), Ok(1..)) {
                    yield_now().await;
                }
            }
        };
        timeout(DEADLINE, hearing).await.unwrap();
    }
}

/// Asks for what comes after an event.
fn request(kind: Kind, after: usize) -> Vec<u8> {
    format!(
        "GET {}?topic=all&after={after} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        kind.path()
    )
    .into_bytes()
}

/// Whether a client asks once for all events, and not for each one.
fn is_stream(kind: Kind) -> bool {
    !matches!(kind, Kind::ShortPolling | Kind::LongPolling)
}

/// One event that is due now.
fn publish(handle: &Handle) {
    let events = Events {
        source: Source::Publisher,
        shape: Shape::FLAT,
        topics: Topics::Broadcast,
        rate: 1e9,
        arrival: Arrival::Constant,
        size: EventSize::Fixed(256),
    };
    let start_ns = now_ns();
    let edges = PhaseEdges { start_ns, measure_ns: start_ns, drain_ns: start_ns + 1, end_ns: start_ns + 1 };
    handle.begin(Publishing { events, topics: 1, seed: 1, edges });
}

/// Waits, and returns how often memory was taken to look.
async fn until(mut holds: impl FnMut() -> bool) -> u64 {
    let waiting = async {
        let mut to_look = 0;
        loop {
            let before = asked().allocations;
            let is_so = holds();
            to_look += asked().allocations - before;
            if is_so {
                return to_look;
            }
            yield_now().await;
        }
    };
    timeout(DEADLINE, waiting).await.unwrap()
}

/// How often memory is taken for one event to so many clients, with the requests for it where each event is asked for.
fn allocations(kind: Kind, count: usize, coalesce: Coalesce) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(async {
        let target =
            Target::bind(&Config { coalesce, ..Config::new("127.0.0.1:0".parse().unwrap()) }).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        let running = spawn_local(target.run());
        let mut clients = Clients::connect(count, address);
        if is_stream(kind) {
            clients.ask(&request(kind, 0));
            clients.all_hear().await;
        }
        let mut last = 0;
        for published in 0..=WARM_UP {
            let request = request(kind, published);
            // Whatever the last event left to do is done.
            yield_now().await;
            let mut before = asked().allocations;
            if kind == Kind::LongPolling {
                clients.ask(&request);
            }
            if kind != Kind::ShortPolling {
                before += until(|| handle.totals().subscribers == count as u64).await;
            }
            publish(&handle);
            if kind == Kind::ShortPolling {
                before += until(|| handle.totals().published > published as u64).await;
                clients.ask(&request);
            }
            clients.all_hear().await;
            last = asked().allocations - before;
        }
        assert_eq!(handle.totals().sent, (count * (WARM_UP + 1)) as u64);
        drop(clients);
        handle.shutdown();
        timeout(DEADLINE, running).await.unwrap().unwrap();
        last
    }))
}

#[test]
fn an_event_takes_memory_once_however_many_clients_it_goes_to() {
    let within = Coalesce::Within(Duration::from_millis(1));
    for kind in Kind::ALL.iter().copied() {
        for coalesce in [Coalesce::Off, Coalesce::Tick, within] {
            let [one, many] = [1, MANY].map(|count| allocations(kind, count, coalesce));
            assert!(one > 0, "an event takes some memory");
            // Whatever is of the runtime and not of a client may vary by a few.
            assert!(many <= one + 8, "{kind} {coalesce:?}: {one} for one client, {many} for {MANY}");
        }
    }
}

/// A text message as a client sends it, with a mask that changes nothing (RFC 6455, section 5.3).
fn message(text: &str) -> Vec<u8> {
    [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// How often memory is taken for so many messages that a client says at once.
fn allocations_for_said(count: usize) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(async {
        let target = Target::bind(&Config::new("127.0.0.1:0".parse().unwrap())).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        let running = spawn_local(target.run());
        let mut client = Clients::connect(1, address);
        client.ask(&request(Kind::WebSocket, 0));
        client.all_hear().await;
        let said = message("hello").repeat(count);
        let mut least = u64::MAX;
        // The room that grows with what is kept grows in few of them.
        for round in 1..=8 {
            yield_now().await;
            let mut before = asked().allocations;
            client.ask(&said);
            before += until(|| handle.totals().published == (round * count) as u64).await;
            client.all_hear().await;
            least = least.min(asked().allocations - before);
        }
        drop(client);
        handle.shutdown();
        timeout(DEADLINE, running).await.unwrap().unwrap();
        least
    }))
}

#[test]
fn what_is_said_takes_memory_for_its_text_and_its_event_alone() {
    let [one, many] = [1, 16].map(allocations_for_said);
    assert_eq!(many, 16 * one, "a turn with something to say takes no memory of its own");
}
