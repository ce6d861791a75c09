//! A client half that is fed bytes instead of a socket's reads.

use pushbench_transport::client::{Direction, Identity, Io, Note, Observer, Part, Step, Subscriber};
use pushbench_transport::{Kind, Settings};

/// What a client found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) events: u64,
    pub(crate) empty_replies: u64,
    ready: u64,
}

impl Observer for Found {
    fn event(&mut self, payload: &[u8]) {
        self.events += u64::from(!payload.is_empty());
    }

    fn ready(&mut self) {
        self.ready += 1;
    }

    fn note(&mut self, note: Note) {
        self.empty_replies += u64::from(note == Note::EmptyReply);
    }

    fn reclassify(&mut self, _: Direction, _: Part, _: u64) {}
}

/// A client in the middle of its life.
pub(crate) struct Client {
    subscriber: Box<dyn Subscriber>,
    out: Vec<u8>,
    now_ns: u64,
    wake_ns: Option<u64>,
    pub(crate) found: Found,
}

impl Client {
    /// A client whose connection was just made and that has put its request into `out`.
    pub(crate) fn connected(settings: &Settings) -> Self {
        let identity = Identity {
            host: "127.0.0.1:8080".into(),
            topic: "all".into(),
            seed: 7,
            phase: 0.25,
            resume: true,
        };
        let subscriber = settings.subscriber(identity);
        let mut client =
            Self { subscriber, out: Vec::new(), now_ns: 1, wake_ns: None, found: Found::default() };
        client.turn(|subscriber, io| subscriber.connected(io));
        client
    }

    /// A client that has asked and was answered with the head that `answer` makes of its request.
    pub(crate) fn subscribed(kind: Kind, answer: impl FnOnce(&str) -> String) -> Self {
        let mut client = Self::connected(&kind.default_settings());
        let head = answer(&String::from_utf8_lossy(&client.out));
        client.out.clear();
        client.read(head.as_bytes());
        assert_eq!(client.found.ready, 1, "{kind}: the head was not taken");
        client
    }

    /// A read brings these bytes.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        self.turn(|subscriber, io| subscriber.received(bytes, io));
    }

    /// The instant comes that the client waits for, if there is one; what it writes is dropped.
    pub(crate) fn wake(&mut self) {
        if let Some(wake_ns) = self.wake_ns {
            self.now_ns = wake_ns;
            self.turn(|subscriber, io| subscriber.woken(io));
        }
        self.out.clear();
    }

    fn turn(&mut self, input: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) {
        let mut io = Io { now_ns: self.now_ns, out: &mut self.out, observer: &mut self.found };
        self.wake_ns = match input(self.subscriber.as_mut(), &mut io) {
            Step::Hold { wake_ns } => wake_ns,
            Step::Open { at_ns, .. } => Some(at_ns),
            Step::End => None,
        };
    }
}
