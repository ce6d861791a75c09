//! WebSocket messages, as the client half reads them.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pushbench_transport::Kind;
use tungstenite::handshake::derive_accept_key;

use crate::client::Client;
use crate::{MANY, payload};

/// What the server answers to the key of a request.
fn head(request: &str) -> String {
    const FIELD: &str = "sec-websocket-key: ";
    let lower = request.to_ascii_lowercase();
    let begin = lower.find(FIELD).map_or(0, |at| at + FIELD.len());
    let key = request[begin..].lines().next().unwrap_or_default();
    let accept = derive_accept_key(key.trim().as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {accept}\r\npushbench-cursor: 0\r\n\r\n"
    )
}

/// A text message in one frame without a mask, as servers send it (RFC 6455, section 5.2).
fn frame(payload: &str) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    [&[0x81, 126, length[0], length[1]], payload.as_bytes()].concat()
}

fn read_by(bencher: Bencher<'_, '_>, events: u64) {
    let mut client = Client::subscribed(Kind::WebSocket, head);
    let read: Vec<u8> = (1..=events).flat_map(|n| frame(&payload(n))).collect();
    let mut reads = 0;
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        client.read(black_box(&read));
        reads += 1;
    });
    assert_eq!(client.found.events, reads * events, "all events of every read");
}

#[divan::bench]
fn client_read_one(bencher: Bencher<'_, '_>) {
    read_by(bencher, 1);
}

#[divan::bench]
fn client_read_sixteen(bencher: Bencher<'_, '_>) {
    read_by(bencher, MANY);
}
