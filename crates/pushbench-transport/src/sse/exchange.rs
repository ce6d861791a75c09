//! One request for a stream and the response to it, which both clients go through.
//!
//! What is asked for, and what follows the end, is their business; the last event id and the reconnection time survive from
//! one exchange to the next.

use super::Settings;
use super::wire::{Item, Parser};
use crate::client::Direction::{Down, Up};
use crate::client::{Closed, Io, Note, Part, Reopen, Step};
use crate::error::WireError;
use crate::http::{Body, Framing, HeadReader, Request, ResponseHead};

const STREAM_TYPE: &str = "text/event-stream";

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A subscription: its response head makes the client ready, and opens what comes.
    Subscribing,
    /// An answer: the request and its head are a part of what the answer costs.
    Asking,
}

/// A client's end of the streams on its connections.
#[derive(Debug)]
pub(super) struct Exchange {
    purpose: Purpose,
    reply_timeout_ns: u64,
    /// The reconnection time; the server may change it.
    retry_ns: u64,
    state: State,
    parser: Parser,
}

#[derive(Debug)]
enum State {
    /// No request is under way.
    None,
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

/// How an exchange goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It goes on; it is to be woken at this instant, if any.
    On {
        /// Instant of the wake-up.
        wake_ns: Option<u64>,
    },
    /// The response is complete.
    Complete,
    /// `204`: never come back.
    Stop,
    /// An error status.
    Refused,
    /// Anything else that ends it; what had to be noted is noted.
    Lost,
}

/// What a response head means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Stream(Framing),
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

impl Exchange {
    pub(super) fn new(settings: &Settings, purpose: Purpose, resume: bool) -> Self {
        Self {
            purpose,
            reply_timeout_ns: settings.reply_timeout.as_ns(),
            retry_ns: settings.retry.as_ns(),
            state: State::None,
            parser: if resume { Parser::default() } else { Parser::forgetting() },
        }
    }

    /// Whether a request is under way.
    pub(super) fn is_under_way(&self) -> bool {
        !matches!(self.state, State::None)
    }

    /// Forgets after which event to resume.
    pub(super) fn begin_anew(&mut self) {
        self.parser = Parser::default();
    }

    /// Sends the request whose line is written, with the headers of an event source, and waits for the response.
    pub(super) fn ask(&mut self, request: Request<'_>, host: &str, now_ns: u64) -> Step {
        let mut request =
            request.headers(host, "keep-alive", STREAM_TYPE).header("Cache-Control", b"no-cache");
        let last_id = self.parser.last_event_id();
        if !last_id.is_empty() {
            request = request.header("Last-Event-ID", last_id);
        }
        let request_bytes = request.end();
        let give_up_ns = now_ns.saturating_add(self.reply_timeout_ns);
        let head = HeadReader::default();
        self.state = State::Asking(Box::new(Asking { head, request_bytes, give_up_ns }));
        Step::Hold { wake_ns: Some(give_up_ns) }
    }

    /// A step that ends the connection and opens the next after the reconnection time.
    pub(super) fn reconnect(&mut self, io: &Io<'_>) -> Step {
        self.end();
        Step::Open { at_ns: io.now_ns.saturating_add(self.retry_ns), why: Reopen::Lost }
    }

    /// Ends the exchange; the connection may be good for another one.
    pub(super) fn end(&mut self) {
        self.state = State::None;
        self.parser.restart();
    }

    pub(super) fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Progress {
        let read = self.read_head(bytes, io).map(|stream| self.read_stream(stream, io));
        match read {
            Ok(Ok(progress)) | Err(progress) => progress,
            Ok(Err(_)) => lost_with(Note::ProtocolError, io),
        }
    }

    /// The connection has ended: perhaps that is the response's end.
    pub(super) fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Progress {
        let incomplete = match &self.state {
            State::None => false,
            State::Asking(asking) => asking.head.has_begun(),
            State::Streaming(body) if body.end().is_ok() && why == Closed::Eof => return Progress::Complete,
            State::Streaming(_) => true,
        };
        // A reset is counted by who drives the socket.
        if incomplete && why == Closed::Eof { lost_with(Note::ProtocolError, io) } else { Progress::Lost }
    }

    pub(super) fn woken(&mut self, io: &mut Io<'_>) -> Progress {
        match &self.state {
            State::Asking(asking) if asking.give_up_ns > io.now_ns => {
                Progress::On { wake_ns: Some(asking.give_up_ns) }
            }
            State::Asking(_) => lost_with(Note::Timeout, io),
            State::None | State::Streaming(_) => Progress::On { wake_ns: None },
        }
    }

    /// Reads on in the head; returns the progress, or else what of `bytes` belongs to the stream.
    fn read_head<'a>(&mut self, bytes: &'a [u8], io: &mut Io<'_>) -> Result<&'a [u8], Progress> {
        let State::Asking(asking) = &mut self.state else { return Ok(bytes) };
        let Asking { head, request_bytes, give_up_ns } = &mut **asking;
        let found = match head.feed(bytes, Answer::of) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(Progress::On { wake_ns: Some(*give_up_ns) }),
            Err(_) => return Err(lost_with(Note::ProtocolError, io)),
        };
        if self.purpose == Purpose::Subscribing {
            io.observer.reclassify(Up, Part::Connecting, *request_bytes);
            io.observer.reclassify(Down, Part::Connecting, found.stream_bytes);
        }
        match found.value {
            Answer::Stream(framing) => {
                self.state = State::Streaming(Body::new(framing));
                if self.purpose == Purpose::Subscribing {
                    io.observer.ready();
                }
            }
            Answer::Stop => return Err(Progress::Stop),
            Answer::Error => {
                io.observer.note(Note::ErrorReply);
                return Err(Progress::Refused);
            }
            Answer::WrongType => return Err(lost_with(Note::ProtocolError, io)),
        }
        Ok(&bytes[found.used..])
    }

    fn read_stream(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Result<Progress, WireError> {
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
        Ok(if complete { Progress::Complete } else { Progress::On { wake_ns: None } })
    }
}

fn lost_with(note: Note, io: &mut Io<'_>) -> Progress {
    io.observer.note(note);
    Progress::Lost
}
