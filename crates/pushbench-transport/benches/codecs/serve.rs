//! The serving halves: what the target does for an event of each subscriber, without the socket.

use divan::{Bencher, black_box};
use pushbench_transport::Kind;
use pushbench_transport::polling::serve::write_event;
use pushbench_transport::server::{Answer, Event, Parsed, Query, Question, ReplyForm, Stream, parse};

use crate::payload;

const DATE: &str = "Fri, 20 Nov 2026 10:05:46 GMT";
const KINDS: [Kind; 2] = [Kind::Sse, Kind::WebSocket];

fn request(kind: Kind) -> String {
    format!(
        "GET {}?topic=all&after=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        kind.path()
    )
}

fn answer(kind: Kind, request: &str, out: &mut Vec<u8>) -> Option<Answer> {
    let parsed = parse(request.as_bytes(), |head| {
        let query = Query::parse(head.query).ok()?;
        let question =
            Question { head, query: &query, form: ReplyForm::of(head), date: DATE, now_ns: 1, jitter: 0.0 };
        kind.default_settings().serve(&question, out).ok()
    });
    match parsed {
        Parsed::Complete(answer, _) => answer,
        _ => None,
    }
}

fn stream(kind: Kind) -> Box<dyn Stream> {
    let mut out = Vec::new();
    let Some(Answer::Stream(mut stream)) = answer(kind, &request(kind), &mut out) else {
        panic!("{kind} did not answer with a stream")
    };
    stream.open(1, DATE, 1, &mut out);
    stream
}

/// An event that was made for another subscriber before: what each further one costs.
#[divan::bench(args = KINDS)]
fn event_of_a_subscriber(bencher: Bencher<'_, '_>, kind: Kind) {
    let (stream, event) = (stream(kind), Event::new(2, payload(2)));
    bencher.bench_local(|| assert!(!black_box(&stream).event(black_box(&event)).is_empty()));
}

/// The first subscriber's event is made for all.
#[divan::bench(args = KINDS)]
fn event_made_for_all(bencher: Bencher<'_, '_>, kind: Kind) {
    let (stream, payload) = (stream(kind), payload(2));
    bencher.bench_local(|| {
        let event = Event::new(2, black_box(&payload).clone());
        assert!(!stream.event(&event).is_empty());
    });
}

/// A long poll that was waiting gets its event.
#[divan::bench]
fn reply_with_an_event(bencher: Bencher<'_, '_>) {
    const PLAIN: ReplyForm =
        ReplyForm { head_only: false, other_origin: false, minor_version: 1, keeps_connection: true };
    let (event, mut out) = (std::rc::Rc::new(Event::new(2, payload(2))), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        write_event(black_box(&event), PLAIN, DATE, &mut out);
    });
    assert!(out.starts_with(b"HTTP/1.1 200 "));
}

/// A request is read and understood.
#[divan::bench(args = Kind::ALL.iter().copied())]
fn understand_a_request(bencher: Bencher<'_, '_>, kind: Kind) {
    let (request, mut out) = (request(kind), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        assert!(answer(kind, black_box(&request), &mut out).is_some());
    });
}
