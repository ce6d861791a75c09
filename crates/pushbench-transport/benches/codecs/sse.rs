//! Event streams: encoder, parser, and the client half with its chunks.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pushbench_transport::Kind;
use pushbench_transport::sse::wire::{Parser, encode_event};

use crate::client::Client;
use crate::{MANY, payload};

mod op {
    use super::Client;
    use bytes::Bytes;
    use pushbench_transport::sse::wire::{self, Item, Parser};

    #[inline(never)]
    pub(super) fn sse_encode(id: u64, payload: &str) -> Bytes {
        wire::encode_event(id, payload)
    }

    #[inline(never)]
    pub(super) fn sse_parse_one(parser: &mut Parser, read: &[u8]) -> u64 {
        parse(parser, read)
    }

    #[inline(never)]
    pub(super) fn sse_parse_sixteen(parser: &mut Parser, read: &[u8]) -> u64 {
        parse(parser, read)
    }

    #[inline(never)]
    pub(super) fn sse_parse_one_cut_in_two(parser: &mut Parser, [front, back]: [&[u8]; 2]) -> u64 {
        parse(parser, front) + parse(parser, back)
    }

    #[inline(never)]
    pub(super) fn sse_client_read(client: &mut Client, read: &[u8]) {
        client.read(read);
    }

    fn parse(parser: &mut Parser, read: &[u8]) -> u64 {
        let mut events = 0;
        let sound = parser.feed(read, |item| events += u64::from(matches!(item, Item::Event { .. })));
        assert!(sound.is_ok());
        events
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn stream(events: u64) -> Vec<u8> {
    (1..=events).flat_map(|n| encode_event(n, &payload(n))).collect()
}

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let payload = payload(42);
    bencher.bench_local(|| op::sse_encode(black_box(42), black_box(&payload)));
}

#[divan::bench]
fn parse_one(bencher: Bencher<'_, '_>) {
    let (read, mut parser) = (stream(1), Parser::default());
    bencher.bench_local(|| assert_eq!(op::sse_parse_one(&mut parser, black_box(&read)), 1));
}

#[divan::bench]
fn parse_sixteen(bencher: Bencher<'_, '_>) {
    let (read, mut parser) = (stream(MANY), Parser::default());
    bencher
        .counter(ItemsCount::new(MANY))
        .bench_local(|| assert_eq!(op::sse_parse_sixteen(&mut parser, black_box(&read)), MANY));
}

#[divan::bench]
fn parse_one_cut_in_two(bencher: Bencher<'_, '_>) {
    let (read, mut parser) = (stream(1), Parser::default());
    let halves = read.split_at(read.len() / 2);
    let halves = [halves.0, halves.1];
    bencher.bench_local(|| assert_eq!(op::sse_parse_one_cut_in_two(&mut parser, black_box(halves)), 1));
}

/// An event in a chunk of its own, as the target writes it.
#[divan::bench]
fn client_read(bencher: Bencher<'_, '_>) {
    let mut client = Client::subscribed(Kind::Sse, |_| HEAD.to_owned());
    let event = stream(1);
    let chunk = [format!("{:x}\r\n", event.len()).into_bytes(), event, b"\r\n".to_vec()].concat();
    let mut reads = 0;
    bencher.bench_local(|| {
        op::sse_client_read(&mut client, black_box(&chunk));
        reads += 1;
    });
    assert_eq!(client.found.events, reads, "an event a read");
}
