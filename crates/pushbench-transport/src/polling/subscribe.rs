//! The cycle of request and reply that both polling clients go through.
//!
//! When the next request is due is the business of a [`Pace`]; all else is here: the socket kept or renewed, the
//! cursor, replies that do not come, and errors. One that asks for answers (`ask.rs`) goes through the same cycle, as
//! long as an answer is under way.

use std::rc::Rc;

use crate::client::Direction::{Down, Up};
use crate::client::{Closed, Identity, Io, Note, Observer, Part, Reopen, Step, Subscriber};
use crate::http::Request;
use crate::polling::ask::Asking;
use crate::polling::hold::Hold;
use crate::polling::reply::{Reply, ReplyReader};
use crate::polling::wire::decode_reply;
use crate::settings::Connection;

/// What differs between polling clients: when to ask.
pub trait Pace {
    /// A connection was made for the first time.
    fn begin(&mut self, now_ns: u64);
    /// The ticket of an answer came: what is asked for from now on is that answer, and the first time not before
    /// [`Pace::after_reply`] says so.
    fn begin_answer(&mut self, now_ns: u64);
    /// An answer was complete at `now_ns`: when to ask again. Nothing more is there to be had right now.
    fn after_reply(&self, now_ns: u64) -> u64;
    /// From `now_ns` on the next request could be sent, or a socket for it opened: the last answer was complete, and
    /// so was the close, where the server was to close the connection.
    fn free(&mut self, now_ns: u64);
    /// It is back after it had left by itself: what was not asked meanwhile was not due.
    fn back(&mut self, now_ns: u64) {
        let _ = now_ns;
    }
    /// A request is sent.
    fn sending(&mut self, now_ns: u64, observer: &mut dyn Observer);
}

/// What the settings say about the cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Path of the endpoint.
    pub path: &'static str,
    /// `timeout` in the query: how long the server may hold the request.
    pub hold: Option<Hold>,
    /// Whether the socket is kept.
    pub connection: Connection,
    /// How long after a request its reply is given up, nanoseconds.
    pub reply_timeout_ns: u64,
    /// Pause after a failure, nanoseconds.
    pub retry_ns: u64,
}

impl Rules {
    /// The value of `Connection` in each request.
    fn connection(&self) -> &'static str {
        match self.connection {
            Connection::KeepAlive => "keep-alive",
            Connection::Close => "close",
        }
    }
}

/// A polling client.
#[derive(Debug)]
pub struct Poller<P> {
    pub(super) pace: P,
    rules: Rules,
    host: Rc<str>,
    topic: Rc<str>,
    pub(super) state: State,
    reader: ReplyReader,
    /// The newest event id that replies have accounted for.
    pub(super) cursor: Option<u64>,
    /// Of one that asks for answers and polls for them; the others poll for all there is.
    pub(super) asking: Option<Box<Asking>>,
    /// Bytes of the request under way.
    request_bytes: u32,
    clock: Clock,
    /// Whether it asks for what it missed.
    resume: bool,
    /// An answer has come since the connection was last lost.
    ready: bool,
}

/// Whether polls are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// It has never been connected.
    Unset,
    Runs,
    /// It has left by itself.
    Rests,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No connection; one is on its way, and a request with it.
    Away,
    /// Between two requests.
    Idle(Taken),
    /// A request is under way.
    Waiting { give_up_ns: u64 },
    /// The reply was complete; the server is to close the connection, so that TIME_WAIT is on its side.
    Closing { taken: Taken, give_up_ns: u64 },
}

/// What a complete reply asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// When to ask again; `None`: not before it is told to.
    pub(super) due_ns: Option<u64>,
    /// Why a connection that ends with this reply, or before the next request, is opened again: an error status that
    /// takes the connection with it is no working transport.
    pub(super) reopen: Reopen,
}

impl Taken {
    /// When a connection is opened for what is next: where nothing is, it is there in advance.
    fn open_ns(self, now_ns: u64) -> u64 {
        self.due_ns.map_or(now_ns, |due_ns| due_ns.max(now_ns))
    }
}

impl<P: Pace> Poller<P> {
    /// A client that has not begun.
    pub fn new(pace: P, rules: Rules, identity: Identity) -> Self {
        Self {
            pace,
            rules,
            host: identity.host,
            topic: identity.topic,
            state: State::Away,
            reader: ReplyReader::default(),
            cursor: None,
            asking: None,
            request_bytes: 0,
            clock: Clock::Unset,
            resume: identity.resume,
            ready: false,
        }
    }

    /// Polls.
    pub(super) fn poll(&mut self, io: &mut Io<'_>) -> Step {
        let ask = self.asking.as_ref().and_then(|asking| asking.awaited.ask());
        let mut request = Request::get(self.rules.path, io.out)
            .query("topic", &self.topic)
            .query_id("ask", ask)
            .query_id("after", self.cursor);
        if let Some(hold) = &self.rules.hold {
            // Without a cursor there is nothing to hold the request for: the first one asks where the topic stands.
            request = request.query("timeout", if self.cursor.is_some() { hold.as_str() } else { "0s" });
        }
        self.request_bytes = request.headers(&self.host, self.rules.connection(), "*/*").end() as u32;
        self.pace.sending(io.now_ns, io.observer);
        self.wait(io)
    }

    /// Asks for an answer.
    pub(super) fn post(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        let request =
            Request::post(self.rules.path, 0, io.out).query("topic", &self.topic).query_id("ask", Some(ask));
        self.request_bytes = request.headers(&self.host, self.rules.connection(), "*/*").end() as u32;
        self.wait(io)
    }

    /// A request is written.
    fn wait(&mut self, io: &mut Io<'_>) -> Step {
        io.observer.note(Note::Request);
        let give_up_ns = io.now_ns.saturating_add(self.rules.reply_timeout_ns);
        self.state = State::Waiting { give_up_ns };
        Step::Hold { wake_ns: Some(give_up_ns) }
    }

    /// What holds a client up after a failure is the pause, not a slow answer.
    fn note_free(&mut self, reopen: Reopen, now_ns: u64) {
        if reopen == Reopen::Planned {
            self.pace.free(now_ns);
        }
    }

    /// The connection has ended after a complete reply.
    fn reopen(&mut self, taken: Taken, io: &mut Io<'_>) -> Step {
        self.note_free(taken.reopen, io.now_ns);
        self.away(taken.open_ns(io.now_ns), taken.reopen, io)
    }

    /// Gives the connection up after a failure.
    fn lose(&mut self, io: &mut Io<'_>) -> Step {
        self.away(io.now_ns.saturating_add(self.rules.retry_ns), Reopen::Lost, io)
    }

    fn away(&mut self, at_ns: u64, why: Reopen, io: &mut Io<'_>) -> Step {
        if why == Reopen::Lost {
            self.lose_touch();
            if let Some(asking) = &mut self.asking {
                asking.lost(io.observer);
            }
        }
        self.state = State::Away;
        self.reader = ReplyReader::default();
        Step::Open { at_ns, why }
    }

    /// A connection is gone that was to stay.
    fn lose_touch(&mut self) {
        self.ready = false;
        if !self.resume {
            self.cursor = None;
        }
    }

    fn lose_with(&mut self, note: Note, io: &mut Io<'_>) -> Step {
        io.observer.note(note);
        self.lose(io)
    }

    /// The transport is ready, unless it was before.
    pub(super) fn note_ready(&mut self, observer: &mut dyn Observer) {
        if !std::mem::replace(&mut self.ready, true) {
            observer.ready();
        }
    }

    /// After an error status: a pause.
    pub(super) fn pause(&self, now_ns: u64) -> Taken {
        let due_ns = now_ns.saturating_add(self.rules.retry_ns);
        Taken { due_ns: Some(due_ns), reopen: Reopen::Lost }
    }

    /// Takes a complete reply; `None` when it was not sound.
    fn take(&mut self, reply: &Reply<'_>, io: &mut Io<'_>) -> Option<Taken> {
        if self.asking.is_some() {
            return self.take_for_answer(reply, io);
        }
        let more = match reply.status {
            200 => self.take_events(reply, io.observer)?,
            204 => {
                self.take_nothing(reply, io.observer);
                false
            }
            _ => {
                io.observer.note(Note::ErrorReply);
                return Some(self.pause(io.now_ns));
            }
        };
        self.note_ready(io.observer);
        Some(self.next(more, io.now_ns))
    }

    /// What follows a reply, be there more at once or not.
    pub(super) fn next(&self, more: bool, now_ns: u64) -> Taken {
        let due_ns = if more { now_ns } else { self.pace.after_reply(now_ns) };
        Taken { due_ns: Some(due_ns), reopen: Reopen::Planned }
    }

    /// Takes events; whether there are more at once, or `None` when the reply was not sound.
    pub(super) fn take_events(&mut self, reply: &Reply<'_>, observer: &mut dyn Observer) -> Option<bool> {
        let summary = decode_reply(&reply.body, |payload| observer.event(payload)).ok()?;
        self.cursor = Some(summary.cursor);
        if summary.gap {
            observer.note(Note::Gap);
        }
        Some(summary.more)
    }

    /// Takes a reply that says "nothing yet".
    pub(super) fn take_nothing(&mut self, reply: &Reply<'_>, observer: &mut dyn Observer) {
        let opening = self.cursor.is_none() && self.rules.hold.is_some();
        let part = if opening { Part::Connecting } else { Part::EmptyPoll };
        if !opening {
            observer.note(Note::EmptyReply);
        }
        self.cursor = reply.cursor.or(self.cursor);
        observer.reclassify(Up, part, u64::from(self.request_bytes));
        observer.reclassify(Down, part, reply.stream_bytes);
    }

    /// The reply is complete and the connection still there.
    fn go_on(&mut self, taken: Taken, keeps_connection: bool, io: &mut Io<'_>) -> Step {
        if !keeps_connection || self.rules.connection == Connection::Close {
            let give_up_ns = io.now_ns.saturating_add(self.rules.reply_timeout_ns);
            self.state = State::Closing { taken, give_up_ns };
            return Step::Hold { wake_ns: Some(give_up_ns) };
        }
        self.note_free(taken.reopen, io.now_ns);
        if taken.due_ns.is_some_and(|due_ns| due_ns <= io.now_ns) {
            self.poll(io)
        } else {
            self.state = State::Idle(taken);
            Step::Hold { wake_ns: taken.due_ns }
        }
    }

    /// The connection ended while a request was under way: that may be the end of the reply.
    fn cut(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        let begun = self.reader.has_begun();
        match self.reader.end() {
            Ok(Some(reply)) if why == Closed::Eof => match self.take(&reply, io) {
                Some(taken) => self.reopen(taken, io),
                None => self.lose_with(Note::ProtocolError, io),
            },
            // A reset is counted by who drives the socket.
            _ if begun && why == Closed::Eof => self.lose_with(Note::ProtocolError, io),
            _ => self.lose(io),
        }
    }
}

impl<P: Pace> Subscriber for Poller<P> {
    fn connected(&mut self, io: &mut Io<'_>) -> Step {
        if let Some(step) = self.connected_to_ask(io) {
            return step;
        }
        match std::mem::replace(&mut self.clock, Clock::Runs) {
            Clock::Unset => self.pace.begin(io.now_ns),
            Clock::Rests => self.pace.back(io.now_ns),
            Clock::Runs => {}
        }
        self.poll(io)
    }

    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step {
        match self.state {
            State::Waiting { give_up_ns } => {
                let mut reader = std::mem::take(&mut self.reader);
                let step = match reader.feed(bytes) {
                    Ok(None) => {
                        self.reader = reader;
                        return Step::Hold { wake_ns: Some(give_up_ns) };
                    }
                    Ok(Some(reply)) => {
                        self.take(&reply, io).map(|taken| self.go_on(taken, reply.keeps_connection, io))
                    }
                    Err(_) => None,
                };
                step.unwrap_or_else(|| self.lose_with(Note::ProtocolError, io))
            }
            // After the last reply of a connection nothing counts any more.
            State::Closing { give_up_ns, .. } => Step::Hold { wake_ns: Some(give_up_ns) },
            // An answer that nobody asked for.
            State::Idle(_) | State::Away => self.lose_with(Note::ProtocolError, io),
        }
    }

    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        match self.state {
            State::Waiting { .. } if why != Closed::ConnectFailed => self.cut(why, io),
            // The server has closed a connection that it had kept for a while, as servers do.
            State::Idle(taken) => {
                // A ticket is as good on the next connection.
                if self.asking.is_none() {
                    self.lose_touch();
                }
                self.away(taken.open_ns(io.now_ns), taken.reopen, io)
            }
            State::Closing { taken, .. } => self.reopen(taken, io),
            State::Waiting { .. } | State::Away => self.lose(io),
        }
    }

    fn woken(&mut self, io: &mut Io<'_>) -> Step {
        let wake_ns = match self.state {
            State::Idle(Taken { due_ns: Some(due_ns), .. }) if due_ns <= io.now_ns => return self.poll(io),
            State::Waiting { give_up_ns } if give_up_ns <= io.now_ns => {
                return self.lose_with(Note::Timeout, io);
            }
            State::Closing { taken, give_up_ns } if give_up_ns <= io.now_ns => {
                return self.reopen(taken, io);
            }
            State::Idle(Taken { due_ns, .. }) => due_ns,
            State::Waiting { give_up_ns } | State::Closing { give_up_ns, .. } => Some(give_up_ns),
            State::Away => None,
        };
        Step::Hold { wake_ns }
    }

    fn farewell(&mut self, _: &mut Io<'_>) {
        // HTTP has no goodbye: the socket is closed.
        self.lose_touch();
        if self.clock == Clock::Runs {
            self.clock = Clock::Rests;
        }
        self.state = State::Away;
        self.reader = ReplyReader::default();
    }

    fn ask(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        self.ask_for(ask, io)
    }
}

#[cfg(test)]
#[path = "lateness_tests.rs"]
mod lateness_tests;
#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
