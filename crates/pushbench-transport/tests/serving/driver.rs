//! A driver without sockets: it plays requests, events and instants from a script, as an event loop would.

use pushbench_transport::polling;
use pushbench_transport::server::{
    Answer, Batch, Event, Go, Parsed, PollAnswer, Query, Question, Refusal, ReplyForm, RequestHead, Stream,
    parse,
};
use pushbench_transport::{Kind, Settings};

/// A second, in nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;
/// The date of every response.
pub(crate) const DATE: &str = "Fri, 20 Nov 2026 10:05:46 GMT";
/// When every request comes.
pub(crate) const NOW_NS: u64 = 100 * SECOND;

/// Settings with some of their keys.
pub(crate) fn settings(kind: Kind, keys: &str) -> Settings {
    let mut json: serde_json::Value = serde_json::from_str(keys).unwrap();
    json["kind"] = kind.name().into();
    serde_json::from_value(json).unwrap()
}

/// A request as bytes; `headers` are lines with their ends.
pub(crate) fn request(method: &str, target: &str, version: &str, headers: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/{version}\r\nHost: a\r\n{headers}\r\n").into_bytes()
}

/// What a half made of a request.
pub(crate) struct Asked {
    pub(crate) answer: Result<Answer, Refusal>,
    pub(crate) form: ReplyForm,
    pub(crate) out: Vec<u8>,
}

/// Asks a half.
pub(crate) fn ask(settings: &Settings, request: &[u8], jitter: f64) -> Asked {
    ask_in(settings, request, jitter, ReplyForm::of)
}

/// Asks a half, in a form that the driver decides on.
fn ask_in(
    settings: &Settings,
    request: &[u8],
    jitter: f64,
    form: impl FnOnce(&RequestHead<'_>) -> ReplyForm,
) -> Asked {
    let parsed = parse(request, |head| {
        let (form, mut out) = (form(head), Vec::new());
        let answer = Query::parse(head.query).and_then(|query| {
            let question = Question { head, query: &query, form, date: DATE, now_ns: NOW_NS, jitter };
            settings.serve(&question, &mut out)
        });
        Asked { answer, form, out }
    });
    match parsed {
        Parsed::Complete(asked, size) if size == request.len() => asked,
        other => panic!("{}", if matches!(other, Parsed::Partial) { "partial" } else { "not a head" }),
    }
}

/// The poll that a request is answered with.
pub(crate) fn poll(settings: &Settings, request: &[u8], jitter: f64) -> PollAnswer {
    let asked = ask(settings, request, jitter);
    assert_eq!(asked.out, b"");
    match asked.answer {
        Ok(Answer::Poll(poll)) => poll,
        Ok(_) => panic!("not a poll"),
        Err(refusal) => panic!("{}", refusal.why),
    }
}

/// The stream that a request is answered with.
pub(crate) fn stream(settings: &Settings, request: &[u8]) -> Box<dyn Stream> {
    let asked = ask(settings, request, 0.0);
    assert_eq!(asked.out, b"");
    match asked.answer {
        Ok(Answer::Stream(stream)) => stream,
        Ok(_) => panic!("not a stream"),
        Err(refusal) => panic!("{}", refusal.why),
    }
}

/// A stream after its response head: what it wanted next, and what it wrote.
pub(crate) fn opened(settings: &Settings, request: &[u8]) -> (Box<dyn Stream>, Go, Vec<u8>) {
    let mut stream = stream(settings, request);
    let mut out = Vec::new();
    let go = stream.open(0, DATE, NOW_NS, &mut out);
    (stream, go, out)
}

/// The header fields of a proper request for an upgrade.
pub(crate) const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A request for events that any kind serves.
pub(crate) fn subscription(kind: Kind, query: &str) -> Vec<u8> {
    request("GET", &format!("{}{query}", kind.path()), "1.1", UPGRADE)
}

/// The whole response to a request: what a driver writes before it waits for anything.
///
/// A poll finds `batch`; a stream begins after the batch's cursor.
pub(crate) fn response(settings: &Settings, request: &[u8], batch: &Batch) -> String {
    written(ask(settings, request, 0.0), batch)
}

/// The same from a driver that ends the connection after it.
pub(crate) fn last_response(settings: &Settings, request: &[u8], batch: &Batch) -> String {
    let form = |head: &RequestHead<'_>| ReplyForm { keeps_connection: false, ..ReplyForm::of(head) };
    written(ask_in(settings, request, 0.0, form), batch)
}

fn written(asked: Asked, batch: &Batch) -> String {
    let Asked { answer, form, mut out } = asked;
    match answer {
        Ok(Answer::Whole) => {}
        Ok(Answer::Poll(poll)) => polling::serve::write(batch, poll.form, DATE, &mut out),
        Ok(Answer::Stream(mut stream)) => {
            let go = stream.open(batch.cursor, DATE, NOW_NS, &mut out);
            assert!(matches!(go, Go::On | Go::WakeAt(_)));
        }
        Ok(Answer::Ticket(_) | Answer::Asked(_) | Answer::AskedAgain(_)) => panic!("nothing was asked for"),
        Err(refusal) => refusal.write(form, DATE, &mut out),
    }
    String::from_utf8(out).unwrap()
}

/// A batch of all of these events.
pub(crate) fn batch(payloads: &[&str]) -> Batch {
    let events =
        (1..).zip(payloads).map(|(id, payload)| std::rc::Rc::new(Event::new(id, (*payload).to_owned())));
    Batch { events: events.collect(), cursor: payloads.len() as u64, ..Batch::default() }
}
