//! Bytes and segments on the wire: servers that know every byte, and that read the kernel's counts of the other end of each
//! connection when both directions have ended.

use pushbench_measure::PhaseEdges;
use pushbench_measure::results::Summary;
use pushbench_measure::rollup::WorkerSums;
use pushbench_measure::wire::{Wire, WireFacts};
use pushbench_probe::clock::now_ns;
use pushbench_probe::tcp_info::{self, TcpState};
use pushbench_transport::envelope::{Stamp, encode};
use std::os::fd::AsRawFd as _;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::script::{EVENTS, First, accept, watch_until};

const PAYLOAD: usize = 100;
/// IP and TCP with timestamps.
const HEADERS: u64 = 20 + 20 + 12;
/// What SYN and SYN-ACK have on top.
const SYN_MORE: u64 = 8;

/// What the script knows of all connections, seen from the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Known {
    connections: u64,
    up_bytes: u64,
    down_bytes: u64,
    /// Writes of requests and of replies or events: a segment each.
    up_writes: u64,
    down_writes: u64,
    /// By the kernel at the server's end.
    up_segments: u64,
    down_segments: u64,
}

/// A server that is told when the phases are known, and when to end.
struct Server {
    known: Known,
    listener: TcpListener,
    edges: oneshot::Receiver<PhaseEdges>,
}

impl Server {
    async fn accept(&mut self) -> TcpStream {
        let stream = accept(&self.listener).await;
        self.known.connections += 1;
        stream
    }

    /// Reads one request head; `None` at the end of the stream.
    async fn request(&mut self, stream: &mut TcpStream) -> Option<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut head).await.unwrap() == 0 {
                assert!(head.is_empty(), "the client closed before its request ended");
                return None;
            }
        }
        self.known.up_bytes += head.len() as u64;
        self.known.up_writes += 1;
        Some(())
    }

    async fn write(&mut self, stream: &mut TcpStream, bytes: &[u8]) {
        stream.write_all(bytes).await.unwrap();
        self.known.down_bytes += bytes.len() as u64;
        self.known.down_writes += 1;
    }

    /// Ends the server's direction, waits until the client's has ended and all is acknowledged, and takes the counts.
    async fn close(&mut self, mut stream: TcpStream) {
        stream.shutdown().await.unwrap();
        while let Ok(1..) = stream.read(&mut [0; 64]).await {}
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        let info = loop {
            let info = tcp_info::read(stream.as_raw_fd()).unwrap();
            if info.state == TcpState::Closed {
                break info;
            }
            assert!(tokio::time::Instant::now() < deadline, "still {:?}", info.state);
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        // The SYN-ACK is the one segment that the kernel leaves out.
        self.known.down_segments += u64::from(info.segs_out) + 1;
        self.known.up_segments += u64::from(info.segs_in);
    }
}

fn payload(n: u64) -> Vec<u8> {
    let now_ns = now_ns();
    let mut payload = Vec::new();
    encode(Stamp { n, due_ns: now_ns, published_ns: now_ns }, "all", PAYLOAD, &mut payload);
    payload
}

fn event_frame(n: u64) -> Vec<u8> {
    [format!("id: {n}\ndata: ").as_bytes(), &payload(n), b"\n\n"].concat()
}

/// All events are sent inside the measure phase, one write each.
async fn stream_events(mut server: Server) -> Known {
    let mut stream = server.accept().await;
    server.request(&mut stream).await.unwrap();
    server.write(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").await;
    let edges = (&mut server.edges).await.unwrap();
    for n in 1..=EVENTS {
        while now_ns() < edges.measure_ns {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.write(&mut stream, &event_frame(n)).await;
    }
    assert!(server.request(&mut stream).await.is_none(), "the client is the first to end");
    server.close(stream).await;
    server.known
}

/// A poll's answer: an event on every other one.
fn answer(poll: u64, connection: &str) -> Vec<u8> {
    if poll.is_multiple_of(2) {
        return format!(
            "HTTP/1.1 204 No Content\r\nConnection: {connection}\r\npushbench-cursor: {poll}\r\n\r\n"
        )
        .into_bytes();
    }
    let body = [format!(r#"{{"cursor":{poll},"events":["#).as_bytes(), &payload(poll), b"]}"].concat();
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: {connection}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

async fn keep_answering(mut server: Server) -> Known {
    let mut stream = server.accept().await;
    let mut poll = 0;
    while server.request(&mut stream).await.is_some() {
        server.write(&mut stream, &answer(poll, "keep-alive")).await;
        poll += 1;
    }
    server.close(stream).await;
    server.known
}

/// Closes after every answer, until the step is over.
async fn answer_and_close(mut server: Server) -> Known {
    let mut edges = None;
    for poll in 0..500 {
        edges = edges.or_else(|| server.edges.try_recv().ok());
        let over = edges.is_some_and(|edges: PhaseEdges| now_ns() > edges.end_ns);
        let accepted = tokio::time::timeout(Duration::from_millis(300), server.accept()).await;
        let Ok(mut stream) = accepted else {
            if over {
                break;
            }
            continue;
        };
        if server.request(&mut stream).await.is_some() {
            server.write(&mut stream, &answer(poll, "close")).await;
        }
        server.close(stream).await;
    }
    server.known
}

/// Lets one client of a transport meet a server, and gives both accounts.
fn meet<F: Future<Output = Known> + 'static>(
    transport: &str,
    serve: impl FnOnce(Server) -> F + 'static,
) -> (Known, WireFacts) {
    let watched = watch_until(First::Clients, transport, 1, 1, async move |listener, edges| {
        serve(Server { known: Known::default(), listener, edges }).await
    });
    let mut sums = WorkerSums::default();
    sums.add(&watched.sums);
    (watched.server, WireFacts::of(&watched.edges, 1, &sums, None, 0).unwrap())
}

/// What holds of every exchange: the client's account is that of the script and of the kernel at the other end.
fn assert_accounts_agree(known: &Known, client: &Wire) {
    assert_eq!((client.sockets, client.unread), (known.connections, 0));
    assert_eq!((client.stream_out, client.stream_in), (known.up_bytes, known.down_bytes));
    assert_eq!(
        (client.segments_out, client.segments_in),
        (known.up_segments, known.down_segments),
        "{known:?} {client:?}"
    );
    let with_headers =
        |stream: u64, segments: u64| stream + segments * HEADERS + known.connections * SYN_MORE;
    assert_eq!(client.bytes_out(), with_headers(known.up_bytes, known.up_segments));
    assert_eq!(client.bytes_in(), with_headers(known.down_bytes, known.down_segments));
    // Beside bare acknowledgements there is a segment for every write, SYN and FIN.
    assert!(client.segments_out >= known.up_writes + 2 * known.connections);
    assert!(client.segments_in >= known.down_writes + 2 * known.connections);
    assert!(client.segments_in <= known.down_writes + known.up_writes + 3 * known.connections);
    // Three segments open a connection, three close it.
    let connecting = known.connections * (6 * HEADERS + 2 * SYN_MORE);
    assert_eq!(client.connecting_out + client.connecting_in, connecting);
}

#[test]
fn a_stream_is_known_to_the_byte_and_to_the_segment() {
    let (known, facts) = meet("kind = \"sse\"", stream_events);
    assert_accounts_agree(&known, &facts.whole.clients);
    // In the measure phase there is nothing but the events, one segment each, and their acknowledgements.
    let measured = facts.measured;
    let frames: u64 = (1..=EVENTS).map(|n| event_frame(n).len() as u64).sum();
    assert_eq!((measured.counters.events, measured.clients.segments_in), (EVENTS, EVENTS));
    assert_eq!(measured.clients.bytes_in(), frames + EVENTS * HEADERS);
    assert_eq!(measured.clients.bytes_out(), measured.clients.segments_out * HEADERS);
    let mut row = Summary::default();
    facts.fill(&mut row);
    assert_eq!(row.wire_down_payload_bytes_per_event, Some(PAYLOAD as f64));
    let framing = (frames + EVENTS * HEADERS) as f64 / EVENTS as f64 - PAYLOAD as f64;
    assert!((row.wire_down_framing_bytes_per_event.unwrap() - framing).abs() < 1e-9);
    assert_eq!(row.wire_down_connecting_bytes_per_event, Some(0.0));
    assert_eq!(row.idle_wire_bytes_per_client_minute, Some(0.0), "nothing is sent on an idle stream");
}

#[test]
fn polls_on_one_socket_are_known_to_the_byte_and_to_the_segment() {
    let (known, facts) = meet("kind = \"short-polling\"\ninterval = \"30ms\"", keep_answering);
    assert_eq!(known.connections, 1);
    assert_accounts_agree(&known, &facts.whole.clients);
    assert!(facts.measured.counters.requests > 0 && facts.measured.clients.connecting_out == 0);
}

#[test]
fn polls_on_a_socket_each_are_known_to_the_byte_and_to_the_segment() {
    let transport = "kind = \"short-polling\"\ninterval = \"30ms\"\nconnection = \"close\"";
    let (known, facts) = meet(transport, answer_and_close);
    assert!(known.connections > 3, "{known:?}");
    assert_accounts_agree(&known, &facts.whole.clients);
}
