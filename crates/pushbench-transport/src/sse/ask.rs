//! The client half of Server-Sent Events that asks: each answer is a response of its own, on a connection that is kept.
//!
//! Asked for by `POST`, the response is the answer, and one that is cut off cannot be had again. Asked for by `GET`, it is
//! had as an `EventSource` has it: the same request again, with the id of the last event.

use std::rc::Rc;

use super::exchange::{Exchange, Progress, Purpose};
use super::{AskMethod, Settings};
use crate::asking::{Awaited, Watch};
use crate::client::{self, Closed, Identity, Io, Note, Reopen, Step};
use crate::http::Request;

/// A client that asks for answers on one connection after another.
#[derive(Debug)]
pub struct Asker {
    path: &'static str,
    host: Rc<str>,
    topic: Rc<str>,
    method: AskMethod,
    resume: bool,
    exchange: Exchange,
    awaited: Awaited,
    /// Asked for when the response before is complete: its answer has ended, and its last bytes are under way.
    waiting: bool,
}

const IDLE: Step = Step::Hold { wake_ns: None };

/// A client of the endpoint at `path`.
#[must_use]
pub fn asker(settings: &Settings, path: &'static str, identity: Identity) -> Asker {
    Asker {
        path,
        host: identity.host,
        topic: identity.topic,
        method: settings.ask,
        resume: identity.resume && settings.ask == AskMethod::Get,
        exchange: Exchange::new(settings, Purpose::Asking, true),
        awaited: Awaited::default(),
        waiting: false,
    }
}

impl Asker {
    fn request(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        self.waiting = false;
        let request = match self.method {
            AskMethod::Post => Request::post(self.path, 0, io.out),
            AskMethod::Get => Request::get(self.path, io.out),
        };
        let request = request.query("topic", &self.topic).query_id("ask", Some(ask));
        io.observer.note(Note::Request);
        self.exchange.ask(request, &self.host, io.now_ns)
    }

    /// Lets the exchange do its part, with an eye on the answer.
    fn pass(
        &mut self,
        io: &mut Io<'_>,
        input: impl FnOnce(&mut Exchange, &mut Io<'_>) -> Progress,
    ) -> Progress {
        let mut watch = Watch { observer: io.observer, awaited: &mut self.awaited, became_ready: false };
        input(&mut self.exchange, &mut Io { now_ns: io.now_ns, out: io.out, observer: &mut watch })
    }

    /// The connection is of no use any more, or gone.
    fn lose(&mut self, io: &mut Io<'_>) -> Step {
        if !self.resume && !self.waiting {
            self.awaited.cut_short(io.observer);
        }
        self.exchange.reconnect(io)
    }

    /// The answer has ended, and with it the response.
    fn complete(&mut self, io: &mut Io<'_>) -> Step {
        self.exchange.end();
        match self.awaited.ask() {
            Some(ask) => self.begin(ask, io),
            None => IDLE,
        }
    }

    /// Sends a new ask.
    fn begin(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        self.exchange.begin_anew();
        self.request(ask, io)
    }

    /// Whether the answer has ended whose response is under way.
    fn has_ended(&self) -> bool {
        self.waiting || self.awaited.ask().is_none()
    }

    /// The response is not the answer, and none is to be had by asking for it again.
    fn refused(&mut self, io: &mut Io<'_>) -> Step {
        self.awaited.cut_short(io.observer);
        self.exchange.reconnect(io)
    }
}

impl client::Subscriber for Asker {
    fn connected(&mut self, io: &mut Io<'_>) -> Step {
        io.observer.ready();
        match self.awaited.ask() {
            Some(ask) if self.waiting => self.begin(ask, io),
            Some(ask) => self.request(ask, io),
            None => IDLE,
        }
    }

    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step {
        match self.pass(io, |exchange, io| exchange.received(bytes, io)) {
            Progress::On { wake_ns } => Step::Hold { wake_ns },
            Progress::Complete if self.has_ended() => self.complete(io),
            // It has ended in order, but before the answer did: the target shuts down.
            Progress::Complete | Progress::Lost => self.lose(io),
            Progress::Stop | Progress::Refused => self.refused(io),
        }
    }

    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        let was_idle = !self.exchange.is_under_way();
        let progress = self.pass(io, |exchange, io| exchange.closed(why, io));
        let in_order = was_idle || (progress == Progress::Complete && self.has_ended());
        if in_order && why == Closed::Eof {
            // The server has closed a connection that it had kept for a while, or whose end was the response's.
            self.exchange.end();
            return Step::Open { at_ns: io.now_ns, why: Reopen::Planned };
        }
        self.lose(io)
    }

    fn woken(&mut self, io: &mut Io<'_>) -> Step {
        match self.pass(io, Exchange::woken) {
            Progress::On { wake_ns } => Step::Hold { wake_ns },
            _ => self.lose(io),
        }
    }

    fn farewell(&mut self, _: &mut Io<'_>) {
        // HTTP has no goodbye: the socket is closed.
    }

    fn ask(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        self.awaited = Awaited::of(ask);
        if self.exchange.is_under_way() {
            self.waiting = true;
            return IDLE;
        }
        self.begin(ask, io)
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
