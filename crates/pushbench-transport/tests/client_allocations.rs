//! Clients that have begun allocate nothing: not for an event, and not for a poll.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

mod counting;

use pushbench_transport::client::{Direction, Identity, Io, Note, Observer, Part, Step, Subscriber};
use pushbench_transport::envelope::{Stamp, encode, stamp_of};
use pushbench_transport::polling::wire::{element, encode_reply};
use pushbench_transport::sse::wire::{encode_event, encode_prologue};
use pushbench_transport::{Kind, Period};
use tungstenite::handshake::derive_accept_key;

use crate::counting::asked;

/// Reads every stamp, as a recorder does.
#[derive(Debug, Default)]
struct Seen {
    stamps: u64,
    ready: u64,
}

impl Observer for Seen {
    fn event(&mut self, payload: &[u8]) {
        self.stamps += u64::from(stamp_of(payload).is_some());
    }

    fn ready(&mut self) {
        self.ready += 1;
    }

    fn note(&mut self, note: Note) {
        assert!(matches!(note, Note::Request | Note::EmptyReply), "{note:?}");
    }

    fn reclassify(&mut self, _: Direction, _: Part, _: u64) {}
}

/// A client with its clock, and a buffer for what it writes that is always large enough.
struct Client {
    half: Box<dyn Subscriber>,
    now_ns: u64,
    out: Vec<u8>,
    seen: Seen,
}

impl Client {
    /// A client that has connected and read the answer to its request.
    fn begin(kind: Kind, identity: &Identity) -> Self {
        let half = kind.default_settings().subscriber(identity.clone());
        let mut client =
            Self { half, now_ns: 1_000_000_000, out: Vec::with_capacity(4096), seen: Seen::default() };
        client.input(|half, io| half.connected(io));
        let head = client.answer(kind);
        client.receive(&head);
        assert_eq!(client.seen.ready, 1, "{kind}");
        client
    }

    fn answer(&self, kind: Kind) -> Vec<u8> {
        match kind {
            Kind::ShortPolling | Kind::LongPolling => empty_reply(),
            Kind::Sse => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
                [head.as_bytes(), &chunk(&encode_prologue(Period::from_secs(3), 41))].concat()
            }
            Kind::WebSocket => {
                let asked = std::str::from_utf8(&self.out).unwrap();
                let key = asked.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: {}\r\npushbench-cursor: 41\r\n\r\n",
                    derive_accept_key(key.as_bytes())
                )
                .into_bytes()
            }
        }
    }

    fn input(&mut self, feed: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) -> Step {
        let mut io = Io { now_ns: self.now_ns, out: &mut self.out, observer: &mut self.seen };
        feed(self.half.as_mut(), &mut io)
    }

    /// Reads, and lets a poll clock come to its next poll. What is written goes away, as to a socket.
    fn receive(&mut self, bytes: &[u8]) {
        self.out.clear();
        let step = self.input(|half, io| half.received(bytes, io));
        match step {
            Step::Hold { wake_ns: Some(wake_ns) } if self.out.is_empty() => {
                self.now_ns = wake_ns;
                self.input(|half, io| half.woken(io));
            }
            Step::Hold { .. } => self.now_ns += 1000,
            step => panic!("{step:?}"),
        }
    }
}

fn identity() -> Identity {
    Identity { host: "127.0.0.1:9".into(), topic: "all".into(), seed: 7, phase: 0.25, resume: true }
}

fn payload(n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    encode(Stamp { n, due_ns: 8_123_456_789_012, published_ns: 8_123_456_799_012 }, "all", 256, &mut out);
    out
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

fn empty_reply() -> Vec<u8> {
    b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\npushbench-cursor: 41\r\n\r\n".to_vec()
}

/// One read of that many events.
fn read_of(kind: Kind, events: std::ops::Range<u64>) -> Vec<u8> {
    match kind {
        Kind::Sse => {
            events.flat_map(|n| chunk(&encode_event(n, std::str::from_utf8(&payload(n)).unwrap()))).collect()
        }
        Kind::WebSocket => events
            .flat_map(|n| {
                let payload = payload(n);
                [&[0x81, 126][..], &(payload.len() as u16).to_be_bytes(), &payload].concat()
            })
            .collect(),
        Kind::ShortPolling | Kind::LongPolling => {
            let elements: Vec<_> = events.clone().map(|n| element(&payload(n))).collect();
            let body = encode_reply(events.end - 1, &elements, false, false);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            [head.as_bytes(), &body].concat()
        }
    }
}

#[test]
fn events_are_received_without_an_allocation() {
    for kind in Kind::ALL {
        for (reads, events) in [(1000, 1), (100, 10), (20, 50)] {
            let reads: Vec<_> =
                (0..reads).map(|read| read_of(*kind, 42 + read * events..42 + (read + 1) * events)).collect();
            let mut client = Client::begin(*kind, &identity());
            client.receive(&read_of(*kind, 41..42));
            let before = asked().allocations;
            for read in &reads {
                client.receive(read);
            }
            assert_eq!(asked().allocations - before, 0, "{kind}, {events} events in each read");
            assert_eq!(client.seen.stamps, 1001, "{kind}");
        }
    }
}

#[test]
fn empty_polls_heartbeats_and_pings_need_no_allocation() {
    let table = [
        (Kind::ShortPolling, empty_reply()),
        (Kind::LongPolling, empty_reply()),
        (Kind::Sse, chunk(b":\n\n")),
        (Kind::WebSocket, vec![0x89, 2, b'h', b'i']),
    ];
    for (kind, bytes) in table {
        let mut client = Client::begin(kind, &identity());
        let before = asked().allocations;
        for _ in 0..100 {
            client.receive(&bytes);
        }
        assert_eq!(asked().allocations - before, 0, "{kind}");
    }
}

#[test]
fn an_idle_client_is_small_also_after_an_event_that_was_cut() {
    let table =
        [(Kind::ShortPolling, 200), (Kind::LongPolling, 176), (Kind::Sse, 128), (Kind::WebSocket, 136)];
    let identity = identity();
    for (kind, bytes) in table {
        // What a thread keeps for all of its clients.
        drop(Client::begin(kind, &identity));
        let before = asked().held_bytes;
        let mut client = Client::begin(kind, &identity);
        for event in 41..50 {
            let read = read_of(kind, event..event + 1);
            for piece in read.chunks(100) {
                client.out.clear();
                client.input(|half, io| half.received(piece, io));
            }
            if client.out.is_empty() {
                client.now_ns += 1_000_000_000;
                client.input(|half, io| half.woken(io));
            }
        }
        assert_eq!(client.seen.stamps, 9, "{kind}");
        let held = asked().held_bytes - before - client.out.capacity().cast_signed();
        assert_eq!(held, bytes, "{kind}");
    }
}
