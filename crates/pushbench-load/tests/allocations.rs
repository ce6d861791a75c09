//! A worker that receives allocates nothing, whatever the transport: the loop and its clients, the client halves, the
//! record. The allocations of its thread are counted, which is every one that has not said that it is the test's own.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(unsafe_code, reason = "an allocator that counts is an unsafe trait over the system's")]

use pushbench_load::Worker;
use pushbench_measure::PhaseEdges;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Overrides, WorkerShare};
use pushbench_transport::envelope::{Stamp, encode};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use tungstenite::handshake::derive_accept_key;

/// More clients than are reported or woken at once, so that there are full batches and a wheel with many entries.
const CLIENTS: u32 = 300;
/// Events for each client, or polls answered with one event each, that are sent before the clients are waited for: fewer
/// bytes than are read at once.
const AT_ONCE: u64 = 10;
/// So many times before allocations are counted: buffers have grown by then.
const BEFORE: u64 = 3;
/// So many times while they are counted.
const COUNTED: u64 = 10;
/// Most allocations among them. The kernel may still hand over an event in two pieces, and what has come of it is kept then;
/// an allocation per event, per read or per poll would make 30,000.
const OF_PIECES: u64 = 10;
/// The number of the first event, so that all have as many digits: what keeps the last id grows with it.
const FIRST: u64 = 1000;
/// Long enough for a busy machine; never reached by a test that passes.
const DEADLINE: Duration = Duration::from_mins(1);

struct Counting;

/// Allocations of all threads that are not the test's own.
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IS_THE_TESTS_OWN: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    // A thread that ends may free and allocate after its flag is gone; the worker's does not end while it is counted.
    if !IS_THE_TESTS_OWN.try_with(Cell::get).unwrap_or(true) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

/// From now on what this thread allocates is the test's own. Others that allocate wait for the guard to be dropped.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    IS_THE_TESTS_OWN.set(true);
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as promised by the caller.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How the server speaks.
#[derive(Debug, Clone, Copy)]
enum Speech {
    Sse,
    WebSocket,
    Polls,
    /// Over WebSocket, parts of an answer that was asked for and never ends.
    Answers,
}

fn payload(n: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    encode(Stamp { n, due_ns: now_ns(), published_ns: now_ns() }, "all", 100, &mut payload);
    payload
}

/// Reads an ask: a short masked message (RFC 6455, section 5.2).
fn ask(stream: &mut TcpStream) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let length = usize::from(head[1] & 0x7f);
    assert_eq!((head[0], head[1] & 0x80, length < 126), (0x81, 0x80, true));
    stream.read_exact(&mut vec![0; 4 + length]).unwrap();
}

/// Reads a request head. A client sends its next request when this one is answered, so there is nothing behind it.
fn request(stream: &mut TcpStream) -> String {
    let (mut head, mut length) = ([0; 4096], 0);
    while !head[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut head[length..]).unwrap() {
            0 => panic!("the client closed before its request ended"),
            bytes => length += bytes,
        }
    }
    String::from_utf8(head[..length].to_vec()).unwrap()
}

impl Speech {
    /// Whether a client asks for each answer.
    fn is_asked_for(self) -> bool {
        matches!(self, Self::Polls)
    }

    /// Whether a client asks once.
    fn is_by_asks(self) -> bool {
        matches!(self, Self::Answers)
    }

    /// What is published; of answers more parts than are sent, and more asks than a client can have answered.
    fn events(self) -> &'static str {
        if self.is_by_asks() {
            "pattern = \"stream\"\nparts = 1500\ngap = \"0s\"\nrate = \"900/s\""
        } else {
            "pattern = \"broadcast\"\nrate = \"100/s\""
        }
    }

    /// Answers the first request, so that the client is ready.
    fn greet(self, stream: &mut TcpStream) {
        let asked = request(stream);
        let head = match self {
            Self::Sse => "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".to_owned(),
            Self::WebSocket | Self::Answers => {
                let key = asked.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: {}\r\nPushbench-Cursor: 0\r\n\r\n",
                    derive_accept_key(key.as_bytes())
                )
            }
            Self::Polls => "HTTP/1.1 204 No Content\r\nPushbench-Cursor: 0\r\n\r\n".to_owned(),
        };
        stream.write_all(head.as_bytes()).unwrap();
    }

    /// Sends one event; as the answer to a poll that has been read.
    fn send(self, n: u64, stream: &mut TcpStream) {
        let payload = payload(n);
        let message = match self {
            Self::Sse => [format!("id: {n}\ndata: ").as_bytes(), &payload, b"\n\n"].concat(),
            Self::WebSocket | Self::Answers => [&[0x81, payload.len() as u8][..], &payload].concat(),
            Self::Polls => {
                let body = [format!("{{\"cursor\":{n},\"events\":[").as_bytes(), &payload, b"]}"].concat();
                let length = body.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nPushbench-Cursor: {n}\r\nContent-Length: {length}\r\n\r\n");
                [head.as_bytes(), &body].concat()
            }
        };
        stream.write_all(&message).unwrap();
    }
}

/// Serves the clients: greets them, sends each some events each time it is told, and tells when it has.
fn serve(speech: Speech, listener: &TcpListener, go_on: &mpsc::Receiver<()>, sent: &mpsc::Sender<()>) {
    let mut streams: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            speech.greet(&mut stream);
            stream
        })
        .collect();
    for time in 0..BEFORE + COUNTED {
        go_on.recv().unwrap();
        if speech.is_by_asks() && time == 0 {
            streams.iter_mut().for_each(ask);
        }
        for n in FIRST + time * AT_ONCE..FIRST + (time + 1) * AT_ONCE {
            if speech.is_asked_for() {
                for stream in &mut streams {
                    request(stream);
                }
            }
            for stream in &mut streams {
                speech.send(n, stream);
            }
        }
        sent.send(()).unwrap();
    }
    // The clients are the first to end.
    for mut stream in streams {
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

fn share(speech: Speech, transport: &str, target: SocketAddr) -> WorkerShare {
    let events = speech.events();
    let scenario = format!(
        "name = \"lean\"\n[clients]\ncount = {CLIENTS}\nconnect_rate = \"1000/s\"\n[events]\n{events}\n\
         size = \"100B\"\n\
         [phases]\nmeasure = \"1s\"\n[[transports]]\n{transport}"
    );
    let plan = pushbench_scenario::parse(&scenario, "lean.toml", &Overrides::default()).unwrap();
    WorkerShare {
        plan,
        transport: 0,
        clients: CLIENTS,
        worker: 0,
        workers: 1,
        targets: vec![target],
        source: None,
    }
}

/// Waits until a worker has received so many events.
async fn received(worker: &Worker, events: u64) {
    loop {
        let counters = worker.counters().await.unwrap();
        if counters.events >= events {
            assert_eq!((counters.events, counters.errors()), (events, 0));
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Allocations of a worker while each of its clients receives [`COUNTED`] times [`AT_ONCE`] events.
fn allocations(speech: Speech, transport: &str) -> u64 {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let share = share(speech, transport, listener.local_addr().unwrap());
    let ((tell, go_on), (tell_sent, sent)) = (mpsc::channel(), mpsc::channel());
    let server = thread::spawn(move || {
        IS_THE_TESTS_OWN.set(true);
        serve(speech, &listener, &go_on, &tell_sent);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counted = runtime.block_on(async {
        let run = async {
            let worker = Worker::new(share).unwrap();
            worker.connect(now_ns()).await.unwrap();
            // The measure phase begins at once, so that everything is recorded that is recorded per event.
            let now_ns = now_ns();
            let end_ns = now_ns + 2 * DEADLINE.as_nanos() as u64;
            worker.begin(PhaseEdges { start_ns: now_ns, measure_ns: now_ns, drain_ns: end_ns, end_ns });
            let mut before = 0;
            for time in 1..=BEFORE + COUNTED {
                tell.send(()).unwrap();
                sent.recv().unwrap();
                received(&worker, time * AT_ONCE * u64::from(CLIENTS)).await;
                if time == BEFORE {
                    before = ALLOCATIONS.load(Ordering::Relaxed);
                }
            }
            let counted = ALLOCATIONS.load(Ordering::Relaxed) - before;
            worker.finish(end_ns).await.unwrap();
            counted
        };
        tokio::time::timeout(DEADLINE, run).await.expect("the events arrive")
    });
    server.join().unwrap();
    counted
}

#[test]
fn what_counts_allocations_sees_them() {
    let _alone = alone();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let of_another = thread::spawn(|| drop(std::hint::black_box(vec![1, 2, 3])));
    of_another.join().unwrap();
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > before);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    drop(std::hint::black_box(vec![1, 2, 3]));
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), before, "those of the test's own are not its");
}

#[test]
fn an_event_over_sse_allocates_nothing() {
    let allocations = allocations(Speech::Sse, "kind = \"sse\"");
    assert!(allocations <= OF_PIECES, "{allocations}");
}

#[test]
fn an_event_over_websocket_allocates_nothing() {
    let allocations = allocations(Speech::WebSocket, "kind = \"websocket\"");
    assert!(allocations <= OF_PIECES, "{allocations}");
}

/// Nor does an ask that has to wait, of which there are many.
#[test]
fn a_part_of_an_answer_allocates_nothing() {
    let allocations = allocations(Speech::Answers, "kind = \"websocket\"");
    assert!(allocations <= OF_PIECES, "{allocations}");
}

#[test]
fn a_long_poll_allocates_nothing() {
    let allocations = allocations(Speech::Polls, "kind = \"long-polling\"");
    assert!(allocations <= OF_PIECES, "{allocations}");
}

#[test]
fn a_short_poll_allocates_nothing() {
    let allocations = allocations(Speech::Polls, "kind = \"short-polling\"\ninterval = \"1ms\"");
    assert!(allocations <= OF_PIECES, "{allocations}");
}
