//! Event streams: encoder, parser, and the client half with its chunks.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pushbench_transport::Kind;
use pushbench_transport::sse::wire::{Item, Parser, encode_event};

use crate::client::Client;
use crate::{MANY, payload};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn stream(events: u64) -> Vec<u8> {
    (1..=events).flat_map(|n| encode_event(n, &payload(n))).collect()
}

fn parse(parser: &mut Parser, read: &[u8]) -> u64 {
    let mut events = 0;
    let sound = parser.feed(read, |item| events += u64::from(matches!(item, Item::Event { .. })));
    assert!(sound.is_ok());
    events
}

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let payload = payload(42);
    bencher.bench_local(|| encode_event(black_box(42), black_box(&payload)));
}

#[divan::bench]
fn parse_one(bencher: Bencher<'_, '_>) {
    let (read, mut parser) = (stream(1), Parser::default());
    bencher.bench_local(|| assert_eq!(parse(&mut parser, black_box(&read)), 1));
}

#[divan::bench]
fn parse_sixteen(bencher: Bencher<'_, '_>) {
    let (read, mut parser) = (stream(MANY), Parser::default());
    bencher
        .counter(ItemsCount::new(MANY))
        .bench_local(|| assert_eq!(parse(&mut parser, black_box(&read)), MANY));
}

#[divan::bench]
fn parse_one_cut_in_two(bencher: Bencher<'_, '_>) {
    let (read, mut parser) = (stream(1), Parser::default());
    let halves = read.split_at(read.len() / 2);
    let halves = [halves.0, halves.1];
    bencher.bench_local(|| assert_eq!(halves.map(|half| parse(&mut parser, black_box(half))), [0, 1]));
}

/// An event in a chunk of its own, as the target writes it.
#[divan::bench]
fn client_read(bencher: Bencher<'_, '_>) {
    let mut client = Client::subscribed(Kind::Sse, |_| HEAD.to_owned());
    let event = stream(1);
    let chunk = [format!("{:x}\r\n", event.len()).into_bytes(), event, b"\r\n".to_vec()].concat();
    let mut reads = 0;
    bencher.bench_local(|| {
        client.read(black_box(&chunk));
        reads += 1;
    });
    assert_eq!(client.found.events, reads, "an event a read");
}
