//! The driver turned by hand: what the outside cannot bring about at will.

mod leaving;
mod lost;
mod order;
mod turns;

use super::*;
use crate::listener::Listener;
use pushbench_measure::wire::Opened;
use pushbench_probe::readiness::Readiness;
use pushbench_transport::server::TopicName;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Turns in which whatever can happen has happened.
const TURNS: usize = 20;

/// A driver with its clients, outside of any loop.
struct Rig {
    driver: Driver,
    address: SocketAddr,
}

impl Rig {
    fn new() -> Self {
        Self::with(&Config::new("127.0.0.1:0".parse().unwrap()))
    }

    fn with(config: &Config) -> Self {
        let listener = Listener::bind(config.listen, config.send_buffer).unwrap();
        let address = listener.local_addr().unwrap();
        let meter = Rc::new(Meter::new(Opened::There, address));
        let poller = Rc::new(Poller::new().unwrap());
        let answers = Rc::new(Answers::new(config.answers.clone(), Rc::default()));
        let driver = Driver::new(config, listener, meter, poller, (Rc::default(), answers));
        Self { driver, address }
    }

    /// A client, and the key under which it was accepted.
    fn connect(&mut self) -> (TcpStream, Key) {
        let client = TcpStream::connect(self.address).unwrap();
        // Whatever it sends is there at once; and no test waits for ever.
        client.set_nodelay(true).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        self.driver.listener_became_ready();
        self.driver.accept(now_ns());
        let place = self.driver.connections.iter().map(|(place, _)| place).max().unwrap();
        (client, Key::of(place, self.driver.connections[place].generation))
    }

    fn ready(&mut self, key: Key) {
        let readiness =
            Readiness { key: key.to_u64(), readable: true, writable: true, ended: false, broken: false };
        self.driver.ready(readiness, now_ns());
    }

    fn turn(&mut self) {
        self.driver.turn();
    }

    fn turns(&mut self) {
        (0..TURNS).for_each(|_| self.turn());
    }

    fn publish(&mut self, payload: impl Into<String>) {
        let topic = TopicName::new("all").unwrap();
        let payload = payload.into();
        self.driver.hub.publish(&topic, now_ns(), |_| payload).unwrap();
    }

    /// Whether what a client asks for goes on.
    fn is_subscribed(&self) -> bool {
        self.driver.hub.subscribers > 0
    }
}

/// Everything that a client is sent while `go_on` lets the driver do something, to its end or until `whole` has it all.
fn read_until(
    client: &mut TcpStream,
    mut go_on: impl FnMut(),
    mut whole: impl FnMut(&[u8]) -> bool,
) -> Vec<u8> {
    client.set_nonblocking(true).unwrap();
    let mut all = Vec::new();
    let mut bytes = vec![0; 1 << 20];
    for _ in 0..100_000 {
        match client.read(&mut bytes) {
            Ok(0) => return all,
            Ok(count) => all.extend_from_slice(&bytes[..count]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        if whole(&all) {
            return all;
        }
        go_on();
    }
    panic!("only {} bytes came", all.len())
}

fn run(test: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { test() });
}

fn reply(client: &mut TcpStream) -> String {
    let mut bytes = [0; 4096];
    let count = client.read(&mut bytes).unwrap();
    String::from_utf8(bytes[..count].to_vec()).unwrap()
}

#[test]
fn news_of_a_connection_that_is_gone_is_not_for_the_one_in_its_place() {
    run(|| {
        let mut rig = Rig::new();
        let (first, old) = rig.connect();
        rig.ready(old);
        rig.driver.close(old);
        drop(first);
        let (mut second, new) = rig.connect();
        assert_eq!((old.place(), old != new), (new.place(), true));
        second.write_all(b"GET /long-poll?timeout=1h HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        rig.ready(old);
        assert_eq!(rig.driver.hub.subscribers, 0, "what the old one was told is not for the new one");
        rig.ready(new);
        assert_eq!(rig.driver.hub.subscribers, 1);
        // A wake-up and a turn of the old one, from before it went.
        rig.driver.due.push(old);
        rig.driver.resumed.push_back(old);
        rig.driver.wake_due(now_ns());
        rig.driver.resume(now_ns());
        rig.driver.close(old);
        assert_eq!((rig.driver.hub.subscribers, rig.driver.len()), (1, 1));
    });
}

#[test]
fn a_wake_up_that_was_given_up_wakes_nobody() {
    run(|| {
        let mut rig = Rig::new();
        let (mut client, key) = rig.connect();
        let ask = b"GET /long-poll?timeout=1h HTTP/1.1\r\nhost: a\r\n\r\n";
        client.write_all(ask).unwrap();
        rig.ready(key);
        // Its first poll's time has come, and is answered before its turn; meanwhile the client asks again.
        rig.driver.timers.take_due(u64::MAX, &mut rig.driver.due);
        rig.driver.answer_held(key, now_ns());
        assert!(reply(&mut client).starts_with("HTTP/1.1 204"));
        client.write_all(ask).unwrap();
        rig.ready(key);
        assert_eq!(rig.driver.due, [key]);
        rig.driver.wake_due(now_ns());
        assert_eq!(rig.driver.hub.subscribers, 1, "the second poll is still held");
        // Its own time.
        rig.driver.timers.take_due(u64::MAX, &mut rig.driver.due);
        rig.driver.wake_due(now_ns());
        assert!(reply(&mut client).starts_with("HTTP/1.1 204"));
        assert_eq!(rig.driver.hub.subscribers, 0);
    });
}

#[test]
fn an_idle_connection_is_small() {
    // What it has beside this is in its serving half, its place in the topic, its timer and its entry in the meter.
    assert!(size_of::<Connection>() <= 256, "{}", size_of::<Connection>());
}
