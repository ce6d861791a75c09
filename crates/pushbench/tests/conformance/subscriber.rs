//! One client half with a socket, which keeps the payloads that it finds.

use pushbench_probe::clock::now_ns;
use pushbench_transport::client::{Closed, Direction, Identity, Note, Observer, Part};
use pushbench_transport::{Io, Settings, Step, Subscriber};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bench::sleep_until;

/// What was found, seen from outside while the subscriber runs.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) payloads: RefCell<Vec<String>>,
    pub(crate) ready: Cell<bool>,
    pub(crate) faults: RefCell<Vec<Note>>,
}

struct Finder(Rc<Found>);

impl Observer for Finder {
    fn event(&mut self, payload: &[u8]) {
        self.0.payloads.borrow_mut().push(String::from_utf8(payload.to_vec()).unwrap());
    }

    fn ready(&mut self) {
        self.0.ready.set(true);
    }

    fn note(&mut self, note: Note) {
        let usual = matches!(note, Note::Request | Note::EmptyReply | Note::PollLate | Note::PollSkipped);
        if !usual {
            self.0.faults.borrow_mut().push(note);
        }
    }

    fn reclassify(&mut self, _: Direction, _: Part, _: u64) {}
}

struct Driver {
    half: Box<dyn Subscriber>,
    finder: Finder,
    address: SocketAddr,
}

/// Subscribes to a topic until it is dropped.
pub(crate) async fn subscribe(settings: Settings, address: SocketAddr, topic: &str, found: Rc<Found>) {
    let identity =
        Identity { host: address.to_string().into(), topic: topic.into(), seed: 1, phase: 0.5, resume: true };
    let mut driver = Driver { half: settings.subscriber(identity), finder: Finder(found), address };
    loop {
        match driver.connection().await {
            Step::Open { at_ns, .. } => sleep_until(at_ns).await,
            end => panic!("a subscriber wants {end:?} without a connection"),
        }
    }
}

impl Driver {
    /// Drives one connection to its end.
    async fn connection(&mut self) -> Step {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (mut step, mut out) = self.input(|half, io| half.connected(io));
        loop {
            stream.write_all(&out).await.unwrap();
            let Step::Hold { wake_ns } = step else { return step };
            (step, out) = self.wait(&mut stream, wake_ns.unwrap_or(u64::MAX)).await;
        }
    }

    async fn wait(&mut self, stream: &mut TcpStream, wake_ns: u64) -> (Step, Vec<u8>) {
        let mut bytes = [0; 5000];
        tokio::select! {
            count = stream.read(&mut bytes) => match count.unwrap() {
                0 => self.input(|half, io| half.closed(Closed::Eof, io)),
                count => self.input(|half, io| half.received(&bytes[..count], io)),
            },
            () = sleep_until(wake_ns) => self.input(|half, io| half.woken(io)),
        }
    }

    fn input(&mut self, feed: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) -> (Step, Vec<u8>) {
        let mut out = Vec::new();
        let step =
            feed(self.half.as_mut(), &mut Io { now_ns: now_ns(), out: &mut out, observer: &mut self.finder });
        (step, out)
    }
}
