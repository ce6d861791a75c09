//! A driver for tests: it plays inputs and instants from a script, and keeps the accounts that a real driver keeps.

use crate::client::{Closed, Direction, Identity, Io, Note, Observer, Part, Step, Subscriber};

/// A second, in nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// The identity of the client under test.
pub(crate) fn identity() -> Identity {
    Identity { host: "127.0.0.1:9".into(), topic: "all".into(), seed: 7, phase: 0.25, resume: true }
}

/// Bytes of one direction, by what they were for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) framing: u64,
    pub(crate) payload: u64,
    pub(crate) empty: u64,
    pub(crate) connecting: u64,
}

impl Account {
    pub(crate) fn total(self) -> u64 {
        assert!(self.framing < u64::MAX / 2, "only bytes that were counted can move");
        self.framing + self.payload + self.empty + self.connecting
    }

    fn moves(&mut self, bytes: u64) -> u64 {
        // What is written is counted after the input that wrote it.
        self.framing = self.framing.wrapping_sub(bytes);
        bytes
    }
}

/// What an observer was told.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) events: Vec<String>,
    pub(crate) notes: Vec<Note>,
    pub(crate) ready: usize,
    pub(crate) down: Account,
    pub(crate) up: Account,
}

impl Seen {
    pub(crate) fn count(&self, note: Note) -> usize {
        self.notes.iter().filter(|seen| **seen == note).count()
    }
}

impl Observer for Seen {
    fn event(&mut self, payload: &[u8]) {
        self.down.payload += self.down.moves(payload.len() as u64);
        self.events.push(String::from_utf8_lossy(payload).into_owned());
    }

    fn ready(&mut self) {
        self.ready += 1;
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    fn reclassify(&mut self, direction: Direction, part: Part, bytes: u64) {
        let account = match direction {
            Direction::Down => &mut self.down,
            Direction::Up => &mut self.up,
        };
        let moved = account.moves(bytes);
        match part {
            Part::EmptyPoll => account.empty += moved,
            Part::Connecting => account.connecting += moved,
            Part::Message => account.payload += moved,
        }
    }
}

/// A subscriber under test with its clock, its accounts and what it wrote.
pub(crate) struct Script {
    subscriber: Box<dyn Subscriber>,
    pub(crate) now_ns: u64,
    out: Vec<u8>,
    pub(crate) seen: Seen,
    /// Everything ever put into it and taken out of it.
    pub(crate) fed: u64,
    pub(crate) written: u64,
}

impl Script {
    pub(crate) fn new(subscriber: Box<dyn Subscriber>) -> Self {
        Self { subscriber, now_ns: SECOND, out: Vec::new(), seen: Seen::default(), fed: 0, written: 0 }
    }

    fn run(&mut self, input: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) -> Step {
        let before = self.out.len();
        let mut io = Io { now_ns: self.now_ns, out: &mut self.out, observer: &mut self.seen };
        let step = input(self.subscriber.as_mut(), &mut io);
        let written = (self.out.len() - before) as u64;
        self.seen.up.framing = self.seen.up.framing.wrapping_add(written);
        self.written += written;
        assert_eq!(self.seen.up.total(), self.written);
        assert_eq!(self.seen.down.total(), self.fed);
        step
    }

    pub(crate) fn connect(&mut self) -> Step {
        self.run(|subscriber, io| subscriber.connected(io))
    }

    pub(crate) fn receive(&mut self, bytes: impl AsRef<[u8]>) -> Step {
        let bytes = bytes.as_ref();
        self.fed += bytes.len() as u64;
        self.seen.down.framing += bytes.len() as u64;
        self.run(|subscriber, io| subscriber.received(bytes, io))
    }

    pub(crate) fn ask(&mut self, ask: u64) -> Step {
        self.run(|subscriber, io| subscriber.ask(ask, io))
    }

    pub(crate) fn close(&mut self, why: Closed) -> Step {
        self.run(|subscriber, io| subscriber.closed(why, io))
    }

    /// Jumps to the instant and wakes the subscriber.
    pub(crate) fn wake(&mut self, at_ns: u64) -> Step {
        self.now_ns = at_ns;
        self.run(|subscriber, io| subscriber.woken(io))
    }

    pub(crate) fn can_send(&self) -> bool {
        self.subscriber.can_send()
    }

    pub(crate) fn send(&mut self, message: &[u8]) -> Step {
        assert!(self.can_send());
        self.run(|subscriber, io| subscriber.send(message, io))
    }

    pub(crate) fn farewell(&mut self) {
        self.run(|subscriber, io| {
            subscriber.farewell(io);
            Step::End
        });
    }

    /// What was written since the last look.
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// The request line of what was written since the last look, which must be one request or nothing.
    pub(crate) fn request_line(&mut self) -> String {
        let sent = String::from_utf8(self.sent()).unwrap();
        assert!(sent.is_empty() || (sent.ends_with("\r\n\r\n") && sent.matches("\r\n\r\n").count() == 1));
        sent.lines().next().unwrap_or_default().to_owned()
    }
}

/// The payloads of the answer to `ask`: its parts, numbered from `from`, and its end.
pub(crate) fn answer(ask: u64, from: u64, parts: u32) -> Vec<String> {
    let mut payloads: Vec<Vec<u8>> = (from..=u64::from(parts))
        .map(|n| {
            let mut part = Vec::new();
            crate::envelope::encode(
                crate::envelope::Stamp { n, due_ns: 1, published_ns: 2 },
                "all",
                90,
                &mut part,
            );
            part
        })
        .collect();
    let mut end = Vec::new();
    crate::envelope::encode_end(crate::envelope::End { parts, ask }, "all", &mut end);
    payloads.push(end);
    payloads.into_iter().map(|payload| String::from_utf8(payload).unwrap()).collect()
}
