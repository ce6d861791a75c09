//! The server half: a response that goes on until the client leaves or the target shuts down.
//!
//! The payload of an event travels as lines, and the format has no way to tell CR and CRLF from LF: a payload with a
//! CR arrives with LF in its place.
//!
//! A request that names an `ask` is for one answer (pattern `stream`), and the response ends with it. A `POST` begins it, and
//! is the only one to get it. So does a `GET`, as an `EventSource` can send it; one that says after which event to go on is for
//! the answer that was begun before, and a `404` tells it that there is none.

use bytes::Bytes;
use hyper::StatusCode;

use super::Settings;
use super::wire::{HEARTBEAT, encode_event, encode_gap, encode_prologue};
use crate::http::{Framing, chunk};
use crate::server::{Answer, Event, Go, Question, Refusal, ReplyForm, Start, Stream};
use crate::{Kind, Period};

/// The methods, as `Allow` has them.
pub const METHODS: &str = "GET, HEAD, POST";

/// The stream; to a `HEAD` its head alone, which subscribes to nothing.
///
/// A `Last-Event-ID` header counts more than `after`, as a reconnect has both (WHATWG HTML, 9.2.4).
///
/// # Errors
/// [`Refusal`] when the `Last-Event-ID` is not an id, when a `POST` asks for nothing and when a `HEAD` asks for something.
pub fn serve(settings: &Settings, question: &Question<'_>, out: &mut Vec<u8>) -> Result<Answer, Refusal> {
    let form = question.form;
    let (asks, is_post) = (question.query.ask.is_some(), question.head.method == "POST");
    if is_post && !asks {
        return Err(Refusal::bad_request("a POST asks for an answer here: the query needs ask, as in ask=7"));
    }
    if form.head_only && asks {
        return Err(Refusal::bad_request("an answer is asked for by GET or POST"));
    }
    if form.head_only {
        head(form, Framing::None, question.date, out);
        return Ok(Answer::Whole);
    }
    let start = match question.head.header("last-event-id") {
        Some(id) if !id.is_empty() => Start::parse("Last-Event-ID", std::str::from_utf8(id).unwrap_or("?"))?,
        _ => question.query.start,
    };
    let start = if is_post { Start::Now } else { start };
    let Settings { retry, heartbeat, .. } = *settings;
    let stream = Box::new(EventStream { start, retry, heartbeat_ns: heartbeat.as_ns(), form });
    Ok(match (asks, is_post) {
        (false, _) => Answer::Stream(stream),
        (true, true) => Answer::Asked(stream),
        (true, false) => Answer::AskedAgain(stream),
    })
}

fn head(form: ReplyForm, framing: Framing, date: &str, out: &mut Vec<u8>) {
    let response = form
        .begin(StatusCode::OK, out)
        .header("content-type", "text/event-stream")
        .header("cache-control", "no-cache")
        // Keeps proxies from collecting the stream before they pass it on.
        .header("x-accel-buffering", "no");
    form.end(response, framing, date);
}

/// One stream. Nothing of it changes: when something was sent last is the driver's knowledge.
#[derive(Debug)]
struct EventStream {
    start: Start,
    retry: Period,
    /// 0 for no heartbeat.
    heartbeat_ns: u64,
    form: ReplyForm,
}

impl EventStream {
    /// HTTP/1.0 has no chunks: there the body ends with the connection (RFC 9112, section 6.3).
    fn is_chunked(&self) -> bool {
        self.form.minor_version > 0
    }

    fn put(&self, block: &[u8], out: &mut Vec<u8>) {
        if self.is_chunked() {
            chunk(block, out);
        } else {
            out.extend_from_slice(block);
        }
    }

    fn beat_at(&self, sent_ns: u64) -> Go {
        match self.heartbeat_ns {
            0 => Go::On,
            pause_ns => Go::WakeAt(sent_ns.saturating_add(pause_ns)),
        }
    }
}

impl Stream for EventStream {
    fn start(&self) -> Start {
        self.start
    }

    fn open(&mut self, cursor: u64, date: &str, now_ns: u64, out: &mut Vec<u8>) -> Go {
        let framing = if self.is_chunked() { Framing::Chunked } else { Framing::UntilEof };
        head(self.form, framing, date, out);
        self.put(&encode_prologue(self.retry, cursor), out);
        self.beat_at(now_ns)
    }

    fn event<'e>(&self, event: &'e Event) -> &'e [u8] {
        let chunk = event.encoded(Kind::Sse, chunk_of);
        if self.is_chunked() { chunk } else { data_of(chunk) }
    }

    fn gap(&mut self, oldest: u64, out: &mut Vec<u8>) {
        self.put(&encode_gap(oldest), out);
    }

    fn woken(&mut self, now_ns: u64, sent_ns: u64, out: &mut Vec<u8>) -> Go {
        match self.beat_at(sent_ns) {
            Go::WakeAt(due_ns) if due_ns <= now_ns => {
                self.put(HEARTBEAT, out);
                self.beat_at(now_ns)
            }
            go => go,
        }
    }

    /// A client has nothing to say here.
    fn received(&mut self, _: &[u8], _: u64, _: &mut Vec<String>, _: &mut Vec<u8>) -> Go {
        Go::On
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Option<ReplyForm> {
        if self.is_chunked() {
            chunk(b"", out);
        }
        Some(ReplyForm { keeps_connection: self.form.keeps_connection && self.is_chunked(), ..self.form })
    }

    fn shut_down(&mut self, _: u64, out: &mut Vec<u8>) -> Go {
        if self.is_chunked() {
            chunk(b"", out);
        }
        Go::End
    }
}

/// The event with the chunk around it, as nearly every client gets it.
fn chunk_of(event: &Event) -> Bytes {
    let block = encode_event(event.id(), &event.text());
    let mut out = Vec::with_capacity(block.len() + 12);
    chunk(&block, &mut out);
    out.into()
}

/// What is in a chunk.
fn data_of(chunk: &[u8]) -> &[u8] {
    let begin = memchr::memchr(b'\n', chunk).map_or(0, |end| end + 1);
    &chunk[begin..chunk.len() - 2]
}
