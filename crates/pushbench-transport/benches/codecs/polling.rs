//! Polling replies: their body, and the turns of a client half.

use bytes::Bytes;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pushbench_transport::Kind;
use pushbench_transport::polling::wire::{element, encode_reply};

use crate::client::Client;
use crate::{MANY, payload};

mod op {
    use super::Client;
    use bytes::Bytes;
    use pushbench_transport::polling::wire;

    #[inline(never)]
    pub(super) fn polling_element(payload: &[u8]) -> Bytes {
        wire::element(payload)
    }

    #[inline(never)]
    pub(super) fn polling_encode_one(elements: &[Bytes]) -> Bytes {
        wire::encode_reply(42, elements, false, false)
    }

    #[inline(never)]
    pub(super) fn polling_encode_sixteen(elements: &[Bytes]) -> Bytes {
        wire::encode_reply(42, elements, false, false)
    }

    #[inline(never)]
    pub(super) fn polling_decode_one(body: &[u8]) -> u64 {
        decode(body)
    }

    #[inline(never)]
    pub(super) fn polling_decode_sixteen(body: &[u8]) -> u64 {
        decode(body)
    }

    #[inline(never)]
    pub(super) fn polling_client_turn(client: &mut Client, reply: &[u8]) {
        client.wake();
        client.read(reply);
    }

    fn decode(body: &[u8]) -> u64 {
        let mut events = 0;
        assert!(wire::decode_reply(body, |_| events += 1).is_ok());
        events
    }
}

fn elements(events: u64) -> Vec<Bytes> {
    (1..=events).map(|n| element(payload(n).as_bytes())).collect()
}

fn decode_by(bencher: Bencher<'_, '_>, events: u64, op: fn(&[u8]) -> u64) {
    let body = encode_reply(42, &elements(events), false, false);
    bencher.counter(ItemsCount::new(events)).bench_local(|| assert_eq!(op(black_box(&body)), events));
}

fn encode_by(bencher: Bencher<'_, '_>, events: u64, op: fn(&[Bytes]) -> Bytes) {
    let elements = elements(events);
    bencher.counter(ItemsCount::new(events)).bench_local(|| op(black_box(&elements)));
}

#[divan::bench(name = "element")]
fn one_element(bencher: Bencher<'_, '_>) {
    let payload = payload(42);
    bencher.bench_local(|| op::polling_element(black_box(payload.as_bytes())));
}

#[divan::bench]
fn encode_one(bencher: Bencher<'_, '_>) {
    encode_by(bencher, 1, op::polling_encode_one);
}

#[divan::bench]
fn encode_sixteen(bencher: Bencher<'_, '_>) {
    encode_by(bencher, MANY, op::polling_encode_sixteen);
}

#[divan::bench]
fn decode_one(bencher: Bencher<'_, '_>) {
    decode_by(bencher, 1, op::polling_decode_one);
}

#[divan::bench]
fn decode_sixteen(bencher: Bencher<'_, '_>) {
    decode_by(bencher, MANY, op::polling_decode_sixteen);
}

/// A request of short polling, and the answer that there is nothing yet.
#[divan::bench]
fn client_turn(bencher: Bencher<'_, '_>) {
    const NOTHING: &[u8] = b"HTTP/1.1 204 No Content\r\npushbench-cursor: 0\r\n\r\n";
    let mut client = Client::connected(&Kind::ShortPolling.default_settings());
    client.read(NOTHING);
    let mut turns = client.found.empty_replies;
    bencher.bench_local(|| {
        op::polling_client_turn(&mut client, black_box(NOTHING));
        turns += 1;
    });
    assert_eq!(client.found.empty_replies, turns, "an answer a turn");
}
