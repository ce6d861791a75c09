//! Both halves of every transport against each other: the client half gets what the server half sends.

use pushbench_probe::clock::now_ns;
use pushbench_transport::client::{Closed, Direction, Identity, Note, Observer, Part};
use pushbench_transport::{Io, Kind, Settings, Step, Subscriber};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rig::{Client, config, until, with_target, within};

#[derive(Default)]
struct Seen {
    payloads: Vec<String>,
    ready: u32,
    notes: Vec<Note>,
}

impl Observer for Seen {
    fn event(&mut self, payload: &[u8]) {
        self.payloads.push(String::from_utf8(payload.to_vec()).unwrap());
    }

    fn ready(&mut self) {
        self.ready += 1;
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    fn reclassify(&mut self, _: Direction, _: Part, _: u64) {}
}

/// A client half with a socket.
struct Driver {
    subscriber: Box<dyn Subscriber>,
    seen: Seen,
    address: SocketAddr,
}

impl Driver {
    /// One input, and what is to be written for it.
    fn input(&mut self, input: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) -> (Step, Vec<u8>) {
        let mut out = Vec::new();
        let step = {
            let mut io = Io { now_ns: now_ns(), out: &mut out, observer: &mut self.seen };
            input(self.subscriber.as_mut(), &mut io)
        };
        (step, out)
    }

    /// Drives until that many events are there.
    async fn until_events(&mut self, count: usize) {
        while self.seen.payloads.len() < count {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            let (mut step, mut out) = self.input(|subscriber, io| subscriber.connected(io));
            loop {
                stream.write_all(&out).await.unwrap();
                match step {
                    Step::Hold { wake_ns } if self.seen.payloads.len() < count => {
                        (step, out) = self.wait(&mut stream, wake_ns.unwrap_or(u64::MAX)).await;
                    }
                    Step::Open { at_ns, .. } => {
                        sleep_until(at_ns).await;
                        break;
                    }
                    Step::Hold { .. } | Step::End => return,
                }
            }
        }
    }

    async fn wait(&mut self, stream: &mut TcpStream, wake_ns: u64) -> (Step, Vec<u8>) {
        let mut bytes = [0; 1000];
        tokio::select! {
            count = stream.read(&mut bytes) => match count.unwrap() {
                0 => self.input(|subscriber, io| subscriber.closed(Closed::Eof, io)),
                count => self.input(|subscriber, io| subscriber.received(&bytes[..count], io)),
            },
            () = sleep_until(wake_ns) => self.input(|subscriber, io| subscriber.woken(io)),
        }
    }
}

async fn sleep_until(at_ns: u64) {
    // A wait without an end is cut by the test's own deadline.
    let wait_ns = at_ns.saturating_sub(now_ns()).min(3600 * 1_000_000_000);
    tokio::time::sleep(Duration::from_nanos(wait_ns)).await;
}

/// Settings with a kind's own values for those of the keys that it has.
fn settings(kind: Kind, connection: &str) -> Settings {
    let mut json = serde_json::to_value(kind.default_settings()).unwrap();
    for (key, value) in [("connection", connection), ("interval", "20ms"), ("timeout", "100ms")] {
        if let Some(present) = json.get_mut(key) {
            *present = value.into();
        }
    }
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_client_half_gets_every_event_of_its_server_half() {
    let payloads = ["{\"n\":1}", "plain", "two\nlines", "", "ä€😀", "[1,2]", "\"quoted\""];
    for kind in Kind::ALL {
        for connection in ["keep-alive", "close"] {
            with_target(config(), |address, handle| async move {
                let identity = Identity {
                    host: address.to_string().into(),
                    topic: "all".into(),
                    seed: 1,
                    phase: 0.5,
                    resume: true,
                };
                let subscriber = settings(*kind, connection).subscriber(identity);
                let mut driver = Driver { subscriber, seen: Seen::default(), address };
                let mut publisher = Client::connect(address).await;
                // The first one is missed: they begin from now on.
                publisher.post("/publish", "before").await;
                let publishing = async {
                    let first = || handle.totals().requests >= 2;
                    until("the subscriber is there", first).await;
                    for payload in payloads {
                        publisher.post("/publish", payload).await;
                    }
                };
                tokio::join!(within(driver.until_events(payloads.len())), publishing);
                assert_eq!(driver.seen.payloads, payloads, "{kind} {connection}");
                assert!(driver.seen.ready >= 1);
                let fine = |note: &Note| matches!(note, Note::Request | Note::EmptyReply | Note::PollLate);
                assert!(driver.seen.notes.iter().all(fine), "{kind}: {:?}", driver.seen.notes);
            });
        }
    }
}
