//! An event through the target to all of its subscribers, who read it: both ends on one thread, as in the benchmark of
//! bare sockets in the crate of the floor. The difference of the two is the target's own work, its event loop included.
//!
//! `scripts/bench.sh` runs all of it and counts instructions, which are those outside of the kernel. Under `cargo test`
//! each runs once.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on may panic anywhere")]

use divan::Bencher;
use divan::counter::ItemsCount;
use pushbench_measure::PhaseEdges;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Arrival, EventSize, Events, Shape, Source, Topics};
use pushbench_target::{Config, Handle, Publishing, Target};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, spawn_local, yield_now};

const EVENTS: Events = Events {
    topics: Topics::Broadcast,
    source: Source::Publisher,
    shape: Shape::FLAT,
    rate: 1.0,
    arrival: Arrival::Constant,
    size: EventSize::Fixed(256),
};
/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

/// A target and its subscribers on this thread.
struct Bench {
    runtime: Runtime,
    local: LocalSet,
    handle: Handle,
    subscribers: Vec<TcpStream>,
}

impl Bench {
    fn with(subscribers: u64) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let local = LocalSet::new();
        let (address, handle) = local.block_on(&runtime, async {
            let target = Target::bind(&Config::new(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
            let ends = (target.local_addr(), target.handle());
            spawn_local(target.run());
            ends
        });
        let subscribers = (0..subscribers).map(|_| subscribe(address)).collect();
        let mut bench = Self { runtime, local, handle, subscribers };
        let all = bench.subscribers.len() as u64;
        bench.turn_until(|handle| handle.totals().subscribers == all);
        // The heads.
        bench.read_all();
        bench
    }

    /// Lets the target's loop turn until something holds.
    fn turn_until(&self, holds: impl Fn(&Handle) -> bool) {
        let deadline_ns = now_ns() + PATIENCE.as_nanos() as u64;
        self.local.block_on(&self.runtime, async {
            while !holds(&self.handle) {
                assert!(now_ns() < deadline_ns, "the target does not get on");
                yield_now().await;
            }
        });
    }

    fn publish(&self) {
        let sent = self.handle.totals().sent + self.subscribers.len() as u64;
        let start_ns = now_ns();
        // The second one is not due any more.
        let edges = PhaseEdges {
            start_ns,
            measure_ns: start_ns,
            drain_ns: start_ns + 1_000_000,
            end_ns: start_ns + 1_000_000,
        };
        self.handle.begin(Publishing { events: EVENTS, topics: 1, seed: 7, edges });
        self.turn_until(|handle| handle.totals().sent >= sent);
    }

    fn read_all(&mut self) {
        let mut buffer = [0; 4096];
        for subscriber in &mut self.subscribers {
            assert!(subscriber.read(&mut buffer).unwrap() > 0, "the target has closed");
        }
    }
}

fn subscribe(target: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(target).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(socket, "GET /sse?topic=all HTTP/1.1\r\nHost: {target}\r\n\r\n").unwrap();
    socket
}

/// A message to each of so many subscribers, then all are read.
#[divan::bench(args = [1, 16, 256])]
fn sse(bencher: Bencher<'_, '_>, subscribers: u64) {
    let mut bench = Bench::with(subscribers);
    bencher.counter(ItemsCount::new(subscribers)).bench_local(|| {
        bench.publish();
        bench.read_all();
    });
    assert_eq!(bench.handle.totals().slow_disconnects, 0);
}
