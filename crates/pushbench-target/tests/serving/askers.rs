//! The client half of every transport that asks, against its server half: whole answers, one after the other, also over
//! connections that are lost.

use pushbench_probe::clock::now_ns;
use pushbench_target::Config;
use pushbench_transport::client::{Closed, Direction, Identity, Note, Observer, Part};
use pushbench_transport::envelope::{end_of, stamp_of};
use pushbench_transport::{Io, Kind, Settings, Step, Subscriber};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::answers::five_parts;
use crate::rig::{config, with_target, within};

#[derive(Default)]
struct Seen {
    /// Numbers of parts, a list per ask.
    answers: Vec<Vec<u64>>,
    ready: u32,
    notes: Vec<Note>,
    ended: usize,
    was_cut: bool,
    cut_short: usize,
}

impl Observer for Seen {
    fn event(&mut self, payload: &[u8]) {
        match end_of(payload) {
            Some(end) => {
                assert_eq!((end.parts, end.ask), (5, self.answers.len() as u64 - 1));
                self.ended += 1;
            }
            None => self.answers.last_mut().unwrap().push(stamp_of(payload).unwrap().n),
        }
    }

    fn ready(&mut self) {
        self.ready += 1;
    }

    fn note(&mut self, note: Note) {
        self.cut_short += usize::from(note == Note::CutShort);
        self.notes.push(note);
    }

    fn reclassify(&mut self, _: Direction, _: Part, _: u64) {}
}

/// A client half with its sockets.
struct Driver {
    half: Box<dyn Subscriber>,
    seen: Seen,
    address: SocketAddr,
    /// Asks that are to be made.
    asks: u64,
    /// After how many parts of the first answer the connection is lost.
    cut_after: Option<usize>,
}

impl Driver {
    fn input(&mut self, input: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) -> (Step, Vec<u8>) {
        let mut out = Vec::new();
        let mut io = Io { now_ns: now_ns(), out: &mut out, observer: &mut self.seen };
        let step = input(self.half.as_mut(), &mut io);
        (step, out)
    }

    fn is_idle(&self) -> bool {
        self.seen.answers.len() == self.seen.ended + self.seen.cut_short
    }

    fn is_to_be_cut(&self) -> bool {
        let parts = self.seen.answers.first().map_or(0, Vec::len);
        self.cut_after.is_some_and(|after| parts >= after)
    }

    /// Asks one after the other until all is answered or cut short.
    async fn run(&mut self) {
        loop {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            let (mut step, mut out) = self.input(|half, io| half.connected(io));
            loop {
                stream.write_all(&out).await.unwrap();
                let wake_ns = match step {
                    Step::Hold { wake_ns } => wake_ns,
                    Step::Open { at_ns, .. } => {
                        drop(stream);
                        sleep_until(at_ns).await;
                        break;
                    }
                    Step::End => panic!("it never comes back"),
                };
                if self.is_idle() && self.seen.ready > 0 {
                    let ask = self.seen.answers.len() as u64;
                    if ask == self.asks {
                        return;
                    }
                    self.seen.answers.push(Vec::new());
                    (step, out) = self.input(|half, io| half.ask(ask, io));
                } else if self.is_to_be_cut() {
                    self.cut_after = None;
                    self.seen.was_cut = true;
                    (step, out) = self.input(|half, io| half.closed(Closed::Broken, io));
                } else {
                    (step, out) = self.wait(&mut stream, wake_ns.unwrap_or(u64::MAX)).await;
                }
            }
        }
    }

    async fn wait(&mut self, stream: &mut TcpStream, wake_ns: u64) -> (Step, Vec<u8>) {
        let mut bytes = [0; 700];
        tokio::select! {
            count = stream.read(&mut bytes) => match count.unwrap() {
                0 => self.input(|half, io| half.closed(Closed::Eof, io)),
                count => self.input(|half, io| half.received(&bytes[..count], io)),
            },
            () = sleep_until(wake_ns) => self.input(|half, io| half.woken(io)),
        }
    }
}

async fn sleep_until(at_ns: u64) {
    // A wait without an end is cut by the test's own deadline.
    let wait_ns = at_ns.saturating_sub(now_ns()).min(3600 * 1_000_000_000);
    tokio::time::sleep(Duration::from_nanos(wait_ns)).await;
}

/// Settings with quick values for those of the keys that a kind has.
fn settings(kind: Kind, connection: &str, ask: &str) -> Settings {
    let mut json = serde_json::to_value(kind.default_settings()).unwrap();
    for (key, value) in [
        ("connection", connection),
        ("interval", "5ms"),
        ("timeout", "100ms"),
        ("retry", "2ms"),
        ("ask", ask),
    ] {
        if let Some(present) = json.get_mut(key) {
            *present = value.into();
        }
    }
    serde_json::from_value(json).unwrap()
}

/// What a client sees that asks so often.
fn play(settings: &Settings, asks: u64, resume: bool, cut_after: Option<usize>) -> Seen {
    let mut played = Seen::default();
    let server = Config { settings: vec![settings.clone()], answers: Some(five_parts()), ..config() };
    with_target(server, |address, _| {
        let played = &mut played;
        async move {
            let host = address.to_string().into();
            let identity = Identity { host, topic: "t7".into(), seed: 1, phase: 0.5, resume };
            let half = settings.asker(identity);
            let mut driver = Driver { half, seen: Seen::default(), address, asks, cut_after };
            within(driver.run()).await;
            *played = driver.seen;
        }
    });
    played
}

#[test]
fn every_half_that_asks_gets_answer_after_answer() {
    for kind in Kind::ALL {
        for (connection, ask) in [("keep-alive", "post"), ("close", "get")] {
            let seen = play(&settings(*kind, connection, ask), 3, true, None);
            assert_eq!(seen.answers, vec![vec![1, 2, 3, 4, 5]; 3], "{kind} {connection} {ask}");
            assert_eq!((seen.ended, seen.cut_short, seen.ready), (3, 0, 1), "{kind} {connection} {ask}");
            let usual = |note: &Note| {
                matches!(note, Note::Request | Note::EmptyReply | Note::PollLate | Note::PollSkipped)
            };
            assert!(seen.notes.iter().all(usual), "{kind}: {:?}", seen.notes);
        }
    }
}

#[test]
fn an_answer_whose_connection_is_lost_is_resumed_or_cut_short_once() {
    for kind in Kind::ALL {
        for (ask, resume) in [("get", true), ("get", false), ("post", true)] {
            let settings = settings(*kind, "keep-alive", ask);
            // On a machine that stands still meanwhile the whole answer may come at once.
            let mut plays = (0..20).map(|_| play(&settings, 1, resume, Some(2)));
            let seen = plays.find(|seen| seen.was_cut).expect("a cut amid an answer");
            let by_post = serde_json::to_value(&settings).unwrap()["ask"] == "post";
            // Between two polls there is nothing that could be lost with a connection.
            let whole = (resume && !by_post) || *kind == Kind::ShortPolling;
            assert_eq!(
                (seen.ended, seen.cut_short),
                (usize::from(whole), usize::from(!whole)),
                "{kind} {ask}"
            );
            let numbers = &seen.answers[0];
            assert!((1..).zip(numbers).all(|(n, seen)| n == *seen), "{kind} {ask}: {numbers:?}");
            assert!(!whole || numbers.len() == 5, "{kind} {ask}: {numbers:?}");
        }
    }
}
