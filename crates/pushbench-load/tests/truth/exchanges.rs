//! Bytes of exchanges that are known byte by byte, told apart by what they were for; and clients that never connect.

use pushbench_measure::StreamBytes;
use pushbench_measure::snapshot::WorkerSnapshot;
use pushbench_probe::clock::now_ns;
use pushbench_transport::envelope::{Stamp, encode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tungstenite::handshake::derive_accept_key;

use crate::script::{accept, follow, request, watch};

/// Exchanges of a polling client before the server stops to answer: every third brings one event, every other third two.
const POLLS: usize = 9;

fn payload(n: u64, bytes: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    encode(Stamp { n, due_ns: now_ns(), published_ns: now_ns() }, "all", bytes, &mut payload);
    payload
}

/// Both directions of what a client is to have counted.
#[derive(Debug, Default, PartialEq)]
struct Account {
    down: StreamBytes,
    up: StreamBytes,
    requests: u64,
    empty_replies: u64,
    events: u64,
}

impl Account {
    fn of(report: &WorkerSnapshot) -> Self {
        let counters = &report.counters;
        Self {
            down: counters.down,
            up: counters.up,
            requests: counters.requests,
            empty_replies: counters.empty_replies,
            events: counters.events,
        }
    }
}

/// The reply of a poll that brings so many events of 100 bytes, and what of it is payload.
fn polling_reply(cursor: u64, events: u64) -> (Vec<u8>, i64) {
    if events == 0 {
        let head = format!("HTTP/1.1 204 No Content\r\nPushbench-Cursor: {cursor}\r\n\r\n");
        return (head.into_bytes(), 0);
    }
    let payloads: Vec<Vec<u8>> = (1..=events).map(|at| payload(cursor - events + at, 100)).collect();
    let body = format!(
        "{{\"cursor\":{cursor},\"events\":[{}]}}",
        String::from_utf8(payloads.join(&b','.to_owned())).unwrap()
    );
    let length = body.len();
    let reply =
        format!("HTTP/1.1 200 OK\r\nPushbench-Cursor: {cursor}\r\nContent-Length: {length}\r\n\r\n{body}");
    (reply.into_bytes(), payloads.iter().map(Vec::len).sum::<usize>() as i64)
}

/// Answers polls by hand. A first request that only asks where the topic stands belongs to connecting.
async fn answer_polls(listener: TcpListener, first_connects: bool) -> Account {
    let mut stream = accept(&listener).await;
    let (mut account, mut cursor) = (Account::default(), 0);
    for poll in 0..POLLS {
        let asked = request(&mut stream).await.len() as i64;
        let events = if poll == 0 { 0 } else { poll as u64 % 3 };
        cursor += events;
        let (reply, payload) = polling_reply(cursor, events);
        stream.write_all(&reply).await.unwrap();
        let answered = reply.len() as i64;
        account.requests += 1;
        account.events += events;
        if poll == 0 && first_connects {
            account.up.connecting += asked;
            account.down.connecting += answered;
        } else if events == 0 {
            account.empty_replies += 1;
            account.up.empty_polls += asked;
            account.down.empty_polls += answered;
        } else {
            account.up.framing += asked;
            account.down.framing += answered - payload;
            account.down.payload += payload;
        }
    }
    // The request that is never answered: what it is for is not known, so it is what carries events.
    account.up.framing += request(&mut stream).await.len() as i64;
    account.requests += 1;
    follow(stream);
    account
}

#[test]
fn bytes_of_a_known_polling_exchange_are_counted_to_the_byte_and_by_what_they_were_for() {
    let table = [("kind = \"short-polling\"\ninterval = \"20ms\"", false), ("kind = \"long-polling\"", true)];
    for (transport, first_connects) in table {
        let watched =
            watch(transport, 1, 1, async move |listener, _| answer_polls(listener, first_connects).await);
        let expected = watched.server;
        assert_eq!(Account::of(&watched.report), expected, "{transport}");
        assert_eq!(expected.events, 9, "{transport}");
    }
}

/// An unmasked frame (RFC 6455, section 5.2), its header written by hand.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = vec![0x80 | opcode];
    if length < 126 {
        frame.push(length as u8);
    } else {
        frame.push(126);
        frame.extend((length as u16).to_be_bytes());
    }
    frame.extend(payload);
    frame
}

#[test]
fn bytes_of_a_known_websocket_exchange_are_counted_to_the_byte_and_by_what_they_were_for() {
    let watched = watch("kind = \"websocket\"", 1, 1, async |listener, edges| {
        let mut stream = accept(&listener).await;
        let upgrade = request(&mut stream).await;
        let key = upgrade.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {}\r\nPushbench-Cursor: 0\r\n\r\n",
            derive_accept_key(key.as_bytes())
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let _ = edges.await;
        // A header of two bytes, one of four, and a ping of two that is answered with six: two, and four of mask.
        for frame in [frame(1, &payload(1, 100)), frame(1, &payload(2, 300)), frame(9, b"")] {
            stream.write_all(&frame).await.unwrap();
        }
        let mut pong = [0; 6];
        stream.read_exact(&mut pong).await.unwrap();
        assert_eq!(pong[..2], [0x8a, 0x80]);
        follow(stream);
        (upgrade.len() as i64, head.len() as i64)
    });
    let (upgrade, head) = watched.server;
    let expected = Account {
        down: StreamBytes { payload: 400, framing: 2 + 4 + 2, connecting: head, ..StreamBytes::default() },
        up: StreamBytes { framing: 6, connecting: upgrade, ..StreamBytes::default() },
        requests: 1,
        empty_replies: 0,
        events: 2,
    };
    assert_eq!(Account::of(&watched.report), expected);
}

#[test]
fn a_client_that_never_connects_is_owed_nothing_and_counted_by_itself() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let watched = watch("kind = \"sse\"", 3, 1, async |listener, edges| {
        let mut answered = accept(&listener).await;
        answered.write_all(HEAD.as_bytes()).await.unwrap();
        // Accepted, and never answered.
        let silent = [accept(&listener).await, accept(&listener).await];
        let _ = edges.await;
        (answered, silent)
    });
    let tally = watched.sums.tally;
    assert_eq!((tally.intended, tally.connected), (3, 1));
    // Of 20 events the one client got none; those of the others are in the sum over all that were asked for alone.
    assert_eq!((tally.expected, tally.expected_of_intended, tally.lost), (20, 60, 20));
    assert_eq!((watched.report.ever_connected, watched.report.connected), (1, 1));
}
