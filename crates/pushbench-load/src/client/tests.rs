mod leaving;
mod sending;

use super::*;
use crate::account::Account;
use crate::recorder::Recorder;
use crate::thread::Thread;
use crate::within_a_minute;
use pushbench_measure::wire::Opened;
use pushbench_probe::readiness::{Ready, Set};
use pushbench_scenario::{Overrides, WorkerShare};
use pushbench_transport::meter::Meter;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;

/// What a half was told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Connected,
    Received(Vec<u8>),
    Closed(Closed),
    Woken,
    Farewell,
}

/// A half that notes what it is told, and always answers the same.
struct Noting {
    told: Rc<RefCell<Vec<Told>>>,
    /// What it sends when it is connected.
    greeting: Vec<u8>,
    /// What it sends when the step is over.
    goodbye: Rc<RefCell<Vec<u8>>>,
    answer: Step,
}

impl Noting {
    fn note(&mut self, told: Told) -> Step {
        self.told.borrow_mut().push(told);
        self.answer
    }
}

impl Subscriber for Noting {
    fn connected(&mut self, io: &mut Io<'_>) -> Step {
        io.out.extend(&self.greeting);
        self.note(Told::Connected);
        Step::Hold { wake_ns: None }
    }

    fn received(&mut self, bytes: &[u8], _: &mut Io<'_>) -> Step {
        self.note(Told::Received(bytes.to_vec()))
    }

    fn closed(&mut self, why: Closed, _: &mut Io<'_>) -> Step {
        self.note(Told::Closed(why));
        Step::End
    }

    fn woken(&mut self, _: &mut Io<'_>) -> Step {
        self.note(Told::Woken)
    }

    fn farewell(&mut self, io: &mut Io<'_>) {
        io.out.extend(&*self.goodbye.borrow());
        self.note(Told::Farewell);
    }
}

/// One client and its thread, without a driver.
struct Rig {
    client: Client,
    thread: Thread,
    recorder: Recorder,
    told: Rc<RefCell<Vec<Told>>>,
    goodbye: Rc<RefCell<Vec<u8>>>,
}

const HOLD: Step = Step::Hold { wake_ns: None };

impl Rig {
    fn new(target: SocketAddr, greeting: Vec<u8>, answer: Step) -> Self {
        let scenario = "name = \"one\"\n[clients]\ncount = 1\n[events]\npattern = \"broadcast\"\nrate = \"1/s\"\n\
                        size = \"100B\"\n[phases]\nmeasure = \"1s\"\n[[transports]]\nkind = \"sse\"";
        let plan = pushbench_scenario::parse(scenario, "one.toml", &Overrides::default()).unwrap();
        let share = WorkerShare {
            plan,
            transport: 0,
            clients: 1,
            worker: 0,
            workers: 1,
            targets: vec![target],
            source: None,
        };
        let told = Rc::<RefCell<Vec<Told>>>::default();
        let goodbye = Rc::default();
        let half = Noting { told: Rc::clone(&told), greeting, goodbye: Rc::clone(&goodbye), answer };
        let meter = Rc::new(Meter::new(Opened::Here, target));
        Self {
            client: Client::new(0, Box::new(half)),
            thread: Thread::new(Rc::new(share), meter, Set::new().unwrap()),
            recorder: Recorder { accounts: vec![Account::new(0, 0)], ..Recorder::default() },
            told,
            goodbye,
        }
    }

    fn input<T>(&mut self, input: impl FnOnce(&mut Client, &mut Turn<'_>) -> T) -> T {
        input(&mut self.client, &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder })
    }

    /// What is reported of its sockets.
    fn look(&self) -> Vec<Readiness> {
        let mut ready = Ready::new();
        self.thread.sockets.look(&mut ready).unwrap();
        ready.iter().collect()
    }

    /// What is reported of its sockets, as soon as there is something.
    fn wait(&self) -> Vec<Readiness> {
        let mut ready = Ready::new();
        self.thread.sockets.wait(&mut ready).unwrap();
        ready.iter().collect()
    }

    /// Waits until its socket can be read, and tells it.
    fn readable(&mut self) {
        loop {
            let reports = self.wait();
            for ready in &reports {
                self.input(|client, turn| client.on_ready(*ready, turn));
            }
            if reports.iter().any(|ready| ready.readable) {
                return;
            }
        }
    }

    fn take_told(&self) -> Vec<Told> {
        self.told.take()
    }
}

/// A client that is connected, and the other end of its connection.
fn connected(greeting: Vec<u8>, answer: Step) -> (Rig, TcpStream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut rig = Rig::new(listener.local_addr().unwrap(), greeting, answer);
    rig.input(Client::on_time);
    let (stream, _) = listener.accept().unwrap();
    rig.input(Client::on_writable);
    assert_eq!(rig.take_told(), [Told::Connected]);
    (rig, stream, listener)
}

#[test]
fn what_is_reported_of_a_closed_socket_is_no_news_of_the_next() {
    within_a_minute(|| {
        let again = Step::Open { at_ns: 0, why: Reopen::Planned };
        let (mut rig, mut stream, listener) = connected(Vec::new(), again);
        stream.write_all(b"a").unwrap();
        let stale = loop {
            if let Some(ready) = rig.wait().into_iter().find(|ready| ready.readable) {
                break ready;
            }
        };
        rig.input(|client, turn| client.on_ready(stale, turn));
        assert_eq!(rig.take_told(), [Told::Received(b"a".to_vec())]);
        let (at_ns, _) = rig.thread.wheel.pop_due(0).unwrap();
        rig.input(|client, turn| client.wake(at_ns, 0, turn));
        let _second = listener.accept().unwrap();
        let stage = rig.client.stage;
        rig.take_told();
        for ready in [stale, Readiness { ended: true, ..stale }] {
            rig.input(|client, turn| client.on_ready(ready, turn));
        }
        assert_eq!((rig.take_told(), rig.client.stage), (vec![], stage));
        rig.input(Client::on_writable);
        assert_eq!((rig.recorder.counters.opened, rig.recorder.counters.closed, rig.thread.held), (2, 1, 1));
    });
}

/// A port where nobody answers: the queue of connections to be accepted is full.
fn silent() -> (OwnedFd, Vec<TcpStream>, SocketAddr) {
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&listener, 0).unwrap();
    let address = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap();
    let wait = std::time::Duration::from_millis(100);
    let waiting = (0..8).map_while(|_| TcpStream::connect_timeout(&address, wait).ok()).collect();
    (listener, waiting, address)
}

#[test]
fn a_connect_that_nobody_answers_is_given_up() {
    within_a_minute(|| {
        let (_listener, _waiting, address) = silent();
        let mut rig = Rig::new(address, Vec::new(), HOLD);
        rig.input(Client::on_time);
        assert_eq!((rig.client.stage, rig.thread.held), (Stage::Connecting(Reopen::Planned), 1));
        assert_eq!(rig.look(), []);
        let give_up_ns = rig.thread.wheel.next_ns().unwrap();
        assert!(give_up_ns <= now_ns() + CONNECT_TIMEOUT_NS);
        let (at_ns, _) = rig.thread.wheel.pop_due(give_up_ns).unwrap();
        rig.input(|client, turn| client.wake(at_ns, give_up_ns, turn));
        assert_eq!(rig.take_told(), [Told::Closed(Closed::ConnectFailed)]);
        let counters = rig.recorder.counters;
        assert_eq!(
            (counters.connect_errors, counters.opened, counters.closed, rig.thread.held),
            (1, 0, 0, 0)
        );
    });
}

#[test]
fn an_end_that_is_reported_with_the_last_bytes_is_heard() {
    within_a_minute(|| {
        let (mut rig, mut stream, _listener) = connected(Vec::new(), HOLD);
        stream.write_all(b"last").unwrap();
        drop(stream);
        while rig.thread.held > 0 {
            rig.readable();
        }
        assert_eq!(rig.take_told(), [Told::Received(b"last".to_vec()), Told::Closed(Closed::Eof)]);
    });
}

#[test]
fn bytes_that_come_after_the_word_to_stop_are_counted_and_not_parsed() {
    within_a_minute(|| {
        let (mut rig, mut stream, _listener) = connected(Vec::new(), HOLD);
        rig.thread.is_over = true;
        rig.input(Client::on_end);
        assert_eq!(rig.take_told(), [Told::Farewell]);
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "its direction has ended");
        stream.write_all(b"too late").unwrap();
        rig.readable();
        assert_eq!((rig.recorder.counters.down.framing, rig.thread.held), (8, 1));
        drop(stream);
        rig.readable();
        assert_eq!((rig.thread.held, rig.recorder.counters.closed), (0, 1));
        assert_eq!((rig.take_told(), rig.client.stage), (vec![], Stage::Over));
    });
}

#[test]
fn a_socket_that_has_much_is_left_for_others_and_read_again_once() {
    within_a_minute(|| {
        let (mut rig, mut stream, _listener) = connected(Vec::new(), HOLD);
        rig.thread.read_buffer = vec![0; 2].into_boxed_slice();
        let sent: Vec<u8> = (0..100).collect();
        stream.write_all(&sent).unwrap();
        rig.readable();
        assert_eq!((rig.recorder.counters.reads, rig.thread.again.len()), (16, 1));
        rig.input(|client, turn| client.on_readable(false, turn));
        assert_eq!((rig.recorder.counters.reads, rig.thread.again.len()), (32, 1));
        while rig.thread.again.pop_front().is_some() {
            rig.input(Client::on_turn_again);
        }
        let received = rig.take_told().into_iter().flat_map(|told| match told {
            Told::Received(bytes) => bytes,
            other => panic!("{other:?}"),
        });
        assert_eq!(received.collect::<Vec<_>>(), sent);
    });
}

/// More than a socket takes at once.
const MUCH: usize = 16 << 20;

fn much() -> Vec<u8> {
    (0..MUCH).map(|at| (at % 251) as u8).collect()
}

/// Reads so many bytes on a thread of its own, and tells them with the other end of the connection.
fn reader(stream: TcpStream, bytes: usize) -> std::thread::JoinHandle<(TcpStream, Vec<u8>)> {
    std::thread::spawn(move || {
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        let mut got = vec![0; bytes];
        (&stream).read_exact(&mut got).unwrap();
        (stream, got)
    })
}

impl Rig {
    /// Tells the client that its socket is ready until it has written everything.
    fn written(&mut self) {
        while !self.client.unsent.is_empty() {
            for ready in self.wait() {
                self.input(|client, turn| client.on_ready(ready, turn));
            }
        }
    }
}

#[test]
fn what_a_socket_does_not_take_is_written_when_it_does() {
    within_a_minute(|| {
        let (mut rig, stream, _listener) = connected(much(), HOLD);
        assert!(!rig.client.unsent.is_empty(), "no socket takes so much at once");
        let reader = reader(stream, MUCH);
        rig.written();
        let (_stream, got) = reader.join().unwrap();
        assert!(got == much());
        assert_eq!((rig.recorder.counters.up.framing, rig.client.unsent.capacity()), (MUCH as i64, 0));
        assert_eq!(rig.client.stage, Stage::Holding);
    });
}

#[test]
fn a_request_that_is_half_written_at_the_end_is_written_before_its_direction_ends() {
    within_a_minute(|| {
        let (mut rig, stream, _listener) = connected(much(), HOLD);
        rig.thread.is_over = true;
        rig.input(Client::on_end);
        assert_eq!(rig.take_told(), [Told::Farewell]);
        let reader = reader(stream, MUCH);
        rig.written();
        let (mut stream, got) = reader.join().unwrap();
        assert!(got == much());
        assert_eq!(rig.client.stage, Stage::SeenOff);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "its direction has ended");
        drop(stream);
        while rig.thread.held > 0 {
            rig.readable();
        }
        assert_eq!((rig.recorder.counters.closed, rig.recorder.counters.broken), (1, 0));
    });
}

#[test]
fn who_says_goodbye_behind_what_was_half_written_hears_the_answer() {
    within_a_minute(|| {
        let (mut rig, stream, _listener) = connected(much(), HOLD);
        rig.goodbye.borrow_mut().extend(b"goodbye");
        rig.thread.is_over = true;
        rig.input(Client::on_end);
        let reader = reader(stream, MUCH + b"goodbye".len());
        rig.written();
        let (mut stream, got) = reader.join().unwrap();
        assert!(got.ends_with(b"goodbye"));
        assert_eq!(rig.client.stage, Stage::Holding);
        stream.write_all(b"farewell").unwrap();
        rig.readable();
        assert_eq!(rig.take_told(), [Told::Farewell, Told::Received(b"farewell".to_vec())]);
    });
}

#[test]
fn a_client_is_small() {
    // Kept for every client of a worker beside its half and its account.
    assert!(size_of::<Client>() <= 104, "{}", size_of::<Client>());
}
