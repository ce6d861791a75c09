//! Polling replies: their body, and the turns of a client half.

use bytes::Bytes;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pushbench_transport::Kind;
use pushbench_transport::polling::wire::{decode_reply, element, encode_reply};

use crate::client::Client;
use crate::{MANY, payload};

fn elements(events: u64) -> Vec<Bytes> {
    (1..=events).map(|n| element(payload(n).as_bytes())).collect()
}

fn decode_by(bencher: Bencher<'_, '_>, events: u64) {
    let body = encode_reply(42, &elements(events), false, false);
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        let mut decoded = 0;
        assert!(decode_reply(black_box(&body), |_| decoded += 1).is_ok());
        assert_eq!(decoded, events);
    });
}

fn encode_by(bencher: Bencher<'_, '_>, events: u64) {
    let elements = elements(events);
    bencher
        .counter(ItemsCount::new(events))
        .bench_local(|| encode_reply(42, black_box(&elements), false, false));
}

#[divan::bench(name = "element")]
fn one_element(bencher: Bencher<'_, '_>) {
    let payload = payload(42);
    bencher.bench_local(|| element(black_box(payload.as_bytes())));
}

#[divan::bench]
fn encode_one(bencher: Bencher<'_, '_>) {
    encode_by(bencher, 1);
}

#[divan::bench]
fn encode_sixteen(bencher: Bencher<'_, '_>) {
    encode_by(bencher, MANY);
}

#[divan::bench]
fn decode_one(bencher: Bencher<'_, '_>) {
    decode_by(bencher, 1);
}

#[divan::bench]
fn decode_sixteen(bencher: Bencher<'_, '_>) {
    decode_by(bencher, MANY);
}

/// A request of short polling, and the answer that there is nothing yet.
#[divan::bench]
fn client_turn(bencher: Bencher<'_, '_>) {
    const NOTHING: &[u8] = b"HTTP/1.1 204 No Content\r\npushbench-cursor: 0\r\n\r\n";
    let mut client = Client::connected(&Kind::ShortPolling.default_settings());
    client.read(NOTHING);
    let mut turns = client.found.empty_replies;
    bencher.bench_local(|| {
        client.wake();
        client.read(black_box(NOTHING));
        turns += 1;
    });
    assert_eq!(client.found.empty_replies, turns, "an answer a turn");
}
