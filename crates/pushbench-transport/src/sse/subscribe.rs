//! The client half of Server-Sent Events, after the processing model of WHATWG HTML 9.2.3.
//!
//! One deviation, on purpose: a wrong status or content type ends an `EventSource` for good; a load generator counts
//! it and connects again after the reconnection time, because a server that is restarted must get its clients back.

use std::rc::Rc;

use super::Settings;
use super::wire::{Item, Parser};
use crate::client::Direction::{Down, Up};
use crate::client::{Closed, Identity, Io, Note, Part, Reopen, Step};
use crate::error::WireError;
use crate::http::{Body, Framing, Get, HeadReader, ResponseHead};

const STREAM_TYPE: &str = "text/event-stream";

/// A client of one event stream after another.
#[derive(Debug)]
pub struct Subscriber {
    path: &'static str,
    host: Rc<str>,
    topic: Rc<str>,
    reply_timeout_ns: u64,
    /// The reconnection time; the server may change it.
    retry_ns: u64,
    state: State,
    parser: Parser,
}

#[derive(Debug)]
enum State {
    /// No connection.
    Away,
    /// The request is sent, the response head is not complete. In a box, because a stream has no use for the room.
    Asking(Box<Asking>),
    /// In the stream.
    Streaming(Body),
}

#[derive(Debug)]
struct Asking {
    head: HeadReader,
    request_bytes: u64,
    give_up_ns: u64,
}

/// What a response head means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Stream(Framing),
    /// `204`: never come back.
    Stop,
    Error,
    WrongType,
}

impl Answer {
    fn of(head: &ResponseHead<'_>) -> Result<Self, WireError> {
        Ok(match head.status {
            200 if head.is_of_type(STREAM_TYPE) => Self::Stream(head.framing()?),
            200 => Self::WrongType,
            204 => Self::Stop,
            _ => Self::Error,
        })
    }
}

impl Subscriber {
    /// A client of the endpoint at `path`.
    #[must_use]
    pub fn of(settings: &Settings, path: &'static str, identity: Identity) -> Self {
        Self {
            path,
            host: identity.host,
            topic: identity.topic,
            reply_timeout_ns: settings.reply_timeout.as_ns(),
            retry_ns: settings.retry.as_ns(),
            state: State::Away,
            parser: if identity.resume { Parser::default() } else { Parser::forgetting() },
        }
    }

    /// There is no connection.
    fn leave_stream(&mut self) {
        self.state = State::Away;
        self.parser.restart();
    }

    fn reconnect(&mut self, io: &Io<'_>) -> Step {
        self.leave_stream();
        Step::Open { at_ns: io.now_ns.saturating_add(self.retry_ns), why: Reopen::Lost }
    }

    fn reconnect_with(&mut self, note: Note, io: &mut Io<'_>) -> Step {
        io.observer.note(note);
        self.reconnect(io)
    }

    /// Reads on in the head; returns the step, or else what of `bytes` belongs to the stream.
    fn read_head<'a>(&mut self, bytes: &'a [u8], io: &mut Io<'_>) -> Result<&'a [u8], Step> {
        let State::Asking(asking) = &mut self.state else { return Ok(bytes) };
        let Asking { head, request_bytes, give_up_ns } = &mut **asking;
        let found = match head.feed(bytes, Answer::of) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(Step::Hold { wake_ns: Some(*give_up_ns) }),
            Err(_) => return Err(self.reconnect_with(Note::ProtocolError, io)),
        };
        io.observer.reclassify(Up, Part::Connecting, *request_bytes);
        io.observer.reclassify(Down, Part::Connecting, found.stream_bytes);
        match found.value {
            Answer::Stream(framing) => {
                self.state = State::Streaming(Body::new(framing));
                io.observer.ready();
            }
            Answer::Stop => {
                self.state = State::Away;
                return Err(Step::End);
            }
            Answer::Error => return Err(self.reconnect_with(Note::ErrorReply, io)),
            Answer::WrongType => {
                return Err(self.reconnect_with(Note::ProtocolError, io));
            }
        }
        Ok(&bytes[found.used..])
    }

    fn read_stream(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Result<Step, WireError> {
        let State::Streaming(body) = &mut self.state else { return Err(WireError::Surplus) };
        let (mut rest, mut retry_ms) = (bytes, None);
        while let Some(data) = body.next(&mut rest)? {
            self.parser.feed(data, |item| match item {
                Item::Event { kind: b"" | b"message", data } => io.observer.event(data),
                Item::Event { kind: b"gap", .. } => io.observer.note(Note::Gap),
                // Nobody listens to events of other types, as with `onmessage`.
                Item::Event { .. } => {}
                Item::Retry(millis) => retry_ms = Some(millis),
            })?;
        }
        let complete = body.is_complete();
        if let Some(millis) = retry_ms {
            self.retry_ns = millis.saturating_mul(1_000_000);
        }
        Ok(if complete { self.reconnect(io) } else { Step::Hold { wake_ns: None } })
    }
}

impl crate::client::Subscriber for Subscriber {
    fn connected(&mut self, io: &mut Io<'_>) -> Step {
        let mut request = Get::new(self.path, io.out)
            .query("topic", &self.topic)
            .headers(&self.host, "keep-alive", STREAM_TYPE)
            .header("Cache-Control", b"no-cache");
        let last_id = self.parser.last_event_id();
        if !last_id.is_empty() {
            request = request.header("Last-Event-ID", last_id);
        }
        let request_bytes = request.end();
        io.observer.note(Note::Request);
        let give_up_ns = io.now_ns.saturating_add(self.reply_timeout_ns);
        self.state =
            State::Asking(Box::new(Asking { head: HeadReader::default(), request_bytes, give_up_ns }));
        Step::Hold { wake_ns: Some(give_up_ns) }
    }

    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step {
        let read = self.read_head(bytes, io).map(|stream| self.read_stream(stream, io));
        match read {
            Ok(Ok(step)) | Err(step) => step,
            Ok(Err(_)) => self.reconnect_with(Note::ProtocolError, io),
        }
    }

    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        let incomplete = match &self.state {
            State::Away => false,
            State::Asking(asking) => asking.head.has_begun(),
            State::Streaming(body) => body.end().is_err(),
        };
        // A reset is counted by who drives the socket.
        if incomplete && why == Closed::Eof {
            self.reconnect_with(Note::ProtocolError, io)
        } else {
            self.reconnect(io)
        }
    }

    fn woken(&mut self, io: &mut Io<'_>) -> Step {
        match &self.state {
            State::Asking(asking) if asking.give_up_ns > io.now_ns => {
                Step::Hold { wake_ns: Some(asking.give_up_ns) }
            }
            State::Asking(_) => self.reconnect_with(Note::Timeout, io),
            State::Away | State::Streaming(_) => Step::Hold { wake_ns: None },
        }
    }

    fn farewell(&mut self, _: &mut Io<'_>) {
        // HTTP has no goodbye: the socket is closed.
        self.leave_stream();
    }
}

#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
