//! The order of bytes around an event that a socket took in part only.

use super::*;
use crate::config::Limits;
use crate::driver::connection::Pipe;
use pushbench_scenario::Coalesce;
use std::io::IoSlice;

/// More than the buffers of the sockets hold.
const LARGE: usize = 24 << 20;

const SSE: &[u8] = b"GET /sse HTTP/1.1\r\nhost: a\r\n\r\n";
const WEBSOCKET: &[u8] = b"GET /ws HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// Masked with nothing, without a payload.
const PING: &[u8] = &[0x89, 0x80, 0, 0, 0, 0];
const CLOSE: &[u8] = &[0x88, 0x80, 0, 0, 0, 0];
const PONG: &[u8] = &[0x8a, 0];

fn ends_with(end: &[u8]) -> impl FnMut(&[u8]) -> bool {
    move |bytes| bytes.len() > LARGE && bytes.ends_with(end)
}

/// A client whose first event is half written.
fn half_written(rig: &mut Rig, request: &[u8]) -> (TcpStream, Key) {
    let (mut client, key) = rig.connect();
    client.write_all(request).unwrap();
    rig.turns();
    rig.publish("x".repeat(LARGE));
    rig.turn();
    let pipe = &rig.driver.get(key).unwrap().pipe;
    assert!(pipe.is_blocked() && pipe.has_unsent());
    (client, key)
}

/// What follows the payload of the first event.
fn behind(bytes: &[u8]) -> &[u8] {
    let begin = bytes.windows(9).position(|window| window == b"xxxxxxxxx").unwrap();
    assert!(bytes[begin..begin + LARGE].iter().all(|byte| *byte == b'x'), "the event is whole");
    &bytes[begin + LARGE..]
}

#[test]
fn a_gap_is_told_between_the_rest_of_a_cut_event_and_the_next() {
    run(|| {
        for coalesce in [Coalesce::Off, Coalesce::Tick] {
            let limits = Limits { queue_bytes: 0, ..Limits::default() };
            let address = "127.0.0.1:0".parse().unwrap();
            let mut rig = Rig::with(&Config { limits, ring_events: 1, coalesce, ..Config::new(address) });
            let (mut client, key) = half_written(&mut rig, SSE);
            // Too many for the ring, before anybody is visited.
            for payload in ["b", "c", "d"] {
                rig.publish(payload);
            }
            let bytes = read_until(&mut client, || rig.ready(key), ends_with(b"id: 4\ndata: d\n\n\r\n"));
            let text = String::from_utf8_lossy(behind(&bytes)).into_owned();
            let gap = text.find("event: gap\ndata: {\"gap\":true,\"oldest\":4}\n\n").unwrap();
            assert!(gap < text.find("id: 4").unwrap(), "{text}");
            assert!(!text.contains("id: 2") && !text.contains("id: 3"), "{text}");
            assert_eq!(rig.driver.hub.sent, 2);
        }
    });
}

#[test]
fn a_heartbeat_waits_for_the_rest_of_an_event() {
    run(|| {
        let mut rig = Rig::new();
        let (mut client, key) = half_written(&mut rig, SSE);
        rig.driver.timers.take_due(u64::MAX, &mut rig.driver.due);
        rig.driver.wake_due(now_ns() + 3600 * SECOND_NS);
        rig.publish("next");
        let end = b"data: next\n\n\r\n";
        let bytes = read_until(&mut client, || rig.ready(key), ends_with(end));
        let text = String::from_utf8_lossy(behind(&bytes)).into_owned();
        let heartbeat = text.find(":\n\n").unwrap();
        assert!(heartbeat < text.find("id: 2").unwrap(), "{text}");
    });
}

#[test]
fn control_frames_wait_for_the_rest_of_a_message() {
    run(|| {
        let mut rig = Rig::new();
        let (mut client, key) = half_written(&mut rig, WEBSOCKET);
        rig.driver.take_in(key, PING, now_ns());
        rig.publish("next");
        let next = [PONG, &[0x81, 4], b"next"].concat();
        let bytes = read_until(&mut client, || rig.ready(key), ends_with(&next));
        assert_eq!(behind(&bytes), next);

        let mut rig = Rig::new();
        let (mut client, key) = half_written(&mut rig, WEBSOCKET);
        rig.driver.take_in(key, CLOSE, now_ns());
        rig.publish("never");
        let bytes = read_until(&mut client, || rig.ready(key), |_| false);
        assert_eq!(behind(&bytes)[0], 0x88, "{:?}", behind(&bytes));
        assert_eq!(usize::from(behind(&bytes)[1]) + 2, behind(&bytes).len());
    });
}

#[test]
fn of_several_events_in_one_go_the_one_that_is_cut_waits_with_its_rest() {
    const SIZE: usize = 300_000;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let socket = listener.accept().unwrap().0;
    socket.set_nonblocking(true).unwrap();
    let mut pipe = Pipe::new(socket.into(), 0);
    let events: Vec<Vec<u8>> = (0..60).map(|at| vec![at; SIZE]).collect();
    let slices: Vec<_> = events.iter().map(|event| IoSlice::new(event)).collect();
    let taken = pipe.write_events(&slices, 0).unwrap() as usize;
    assert!((2..events.len()).contains(&taken), "{taken}");
    assert!(pipe.is_blocked());
    // Of one that is not counted, nothing is sent; of the last that is, all.
    let all = events[..taken].concat();
    let go_on = || {
        if pipe.is_blocked() {
            pipe.flush(0).unwrap();
        }
    };
    assert!(read_until(&mut client, go_on, |bytes| bytes.len() >= all.len()) == all);
    assert!(!pipe.is_blocked() && !pipe.has_unsent());
}
