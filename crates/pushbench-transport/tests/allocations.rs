//! What is done for each event and each subscriber takes no memory.

mod counting;

use pushbench_transport::Kind;
use pushbench_transport::polling::serve::{write, write_event};
use pushbench_transport::server::{
    Answer, Batch, Event, Go, Parsed, Query, Question, ReplyForm, Stream, parse,
};
use std::rc::Rc;

use crate::counting::asked;

const DATE: &str = "Fri, 20 Nov 2026 10:05:46 GMT";
const LATER: &str = "Fri, 20 Nov 2026 10:05:47 GMT";

/// How often memory was taken while `work` ran.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = asked().allocations;
    work();
    asked().allocations - before
}

fn answer(kind: Kind, out: &mut Vec<u8>) -> Answer {
    let asked = format!(
        "GET {}?after=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        kind.path()
    );
    let parsed = parse(asked.as_bytes(), |head| {
        let query = Query::parse(head.query).unwrap_or_else(|refusal| panic!("{}", refusal.why));
        let question =
            Question { head, query: &query, form: ReplyForm::of(head), date: DATE, now_ns: 1, jitter: 0.0 };
        kind.default_settings().serve(&question, out).unwrap_or_else(|refusal| panic!("{}", refusal.why))
    });
    match parsed {
        Parsed::Complete(answer, _) => answer,
        _ => panic!("not a head"),
    }
}

fn streams(out: &mut Vec<u8>) -> Vec<Box<dyn Stream>> {
    let stream = |kind: &Kind| match answer(*kind, out) {
        Answer::Stream(stream) => Some(stream),
        _ => None,
    };
    let mut streams: Vec<_> = Kind::ALL.iter().filter_map(stream).collect();
    for stream in &mut streams {
        stream.open(1, DATE, 1, out);
    }
    streams
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn an_event_takes_memory_once_however_many_subscribers_a_stream_has() {
    let mut out = Vec::with_capacity(1 << 16);
    for stream in streams(&mut out) {
        let event = Event::new(2, "{\"n\":2}".to_owned());
        assert!(allocations(|| assert!(!stream.event(&event).is_empty())) > 0, "it is made");
        let again = allocations(|| {
            for _ in 0..1000 {
                out.clear();
                out.extend_from_slice(stream.event(&event));
            }
        });
        assert_eq!(again, 0);
    }
}

#[test]
fn heartbeats_pings_and_pongs_take_none() {
    let mut out = Vec::with_capacity(1 << 16);
    let pong = b"\x8a\x80\x01\x02\x03\x04";
    for mut stream in streams(&mut out) {
        let taken = allocations(|| {
            for second in 1..1000 {
                out.clear();
                let now_ns = second * 60_000_000_000;
                assert!(matches!(stream.woken(now_ns, 0, &mut out), Go::WakeAt(_)));
                assert!(!out.is_empty());
                for piece in pong.chunks(4) {
                    assert_eq!(stream.received(piece, now_ns, &mut Vec::new(), &mut out), Go::On);
                }
            }
        });
        assert_eq!(taken, 0);
    }
}

#[test]
fn a_reply_takes_none_beyond_the_room_it_is_written_to() {
    const PLAIN: ReplyForm =
        ReplyForm { head_only: false, other_origin: false, minor_version: 1, keeps_connection: true };
    let mut out = Vec::with_capacity(1 << 16);
    let events: Vec<_> = (1..=3).map(|id| Rc::new(Event::new(id, format!("{{\"n\":{id}}}")))).collect();
    let news = Batch { events: events[2..].to_vec(), cursor: 3, ..Batch::default() };
    let several = Batch { events, cursor: 3, gap: true, ..Batch::default() };
    let nothing = Batch { cursor: 3, ..Batch::default() };
    for batch in [&news, &several, &nothing] {
        write(batch, PLAIN, DATE, &mut out);
    }
    let taken = allocations(|| {
        for _ in 0..1000 {
            out.clear();
            write_event(&news.events[0], PLAIN, DATE, &mut out);
            for batch in [&news, &several, &nothing] {
                for form in [PLAIN, ReplyForm { other_origin: true, minor_version: 0, ..PLAIN }] {
                    // The second date is not the one that is kept with the event.
                    write(batch, form, DATE, &mut out);
                    write(batch, form, LATER, &mut out);
                }
            }
        }
    });
    assert_eq!(taken, 0);
}

#[test]
fn a_poll_is_understood_without_memory_of_its_own() {
    let mut out = Vec::new();
    for kind in [Kind::ShortPolling, Kind::LongPolling] {
        let settings = kind.default_settings();
        let asked = format!("GET {}?topic=t7&after=1 HTTP/1.1\r\nHost: a\r\n\r\n", kind.path());
        let taken = allocations(|| {
            let parsed = parse(asked.as_bytes(), |head| {
                let query = Query::parse(head.query).unwrap();
                let question = Question {
                    head,
                    query: &query,
                    form: ReplyForm::of(head),
                    date: DATE,
                    now_ns: 1,
                    jitter: 0.0,
                };
                settings.serve(&question, &mut out).is_ok()
            });
            assert!(matches!(parsed, Parsed::Complete(true, _)));
        });
        assert_eq!(taken, 0, "{kind}");
    }
}
