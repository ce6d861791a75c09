//! The client half of Server-Sent Events, after the processing model of WHATWG HTML 9.2.3.
//!
//! One deviation, on purpose: a wrong status or content type ends an `EventSource` for good; a load generator counts
//! it and connects again after the reconnection time, because a server that is restarted must get its clients back.

use std::rc::Rc;

use super::Settings;
use super::exchange::{Exchange, Progress, Purpose};
use crate::client::{Closed, Identity, Io, Note, Step};
use crate::http::Request;

/// A client of one event stream after another.
#[derive(Debug)]
pub struct Subscriber {
    path: &'static str,
    host: Rc<str>,
    topic: Rc<str>,
    exchange: Exchange,
}

impl Subscriber {
    /// A client of the endpoint at `path`.
    #[must_use]
    pub fn of(settings: &Settings, path: &'static str, identity: Identity) -> Self {
        let exchange = Exchange::new(settings, Purpose::Subscribing, identity.resume);
        Self { path, host: identity.host, topic: identity.topic, exchange }
    }

    fn step(&mut self, progress: Progress, io: &Io<'_>) -> Step {
        match progress {
            Progress::On { wake_ns } => Step::Hold { wake_ns },
            Progress::Complete | Progress::Refused | Progress::Lost => self.exchange.reconnect(io),
            Progress::Stop => {
                self.exchange.end();
                Step::End
            }
        }
    }
}

impl crate::client::Subscriber for Subscriber {
    fn connected(&mut self, io: &mut Io<'_>) -> Step {
        let request = Request::get(self.path, io.out).query("topic", &self.topic);
        io.observer.note(Note::Request);
        self.exchange.ask(request, &self.host, io.now_ns)
    }

    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step {
        let progress = self.exchange.received(bytes, io);
        self.step(progress, io)
    }

    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        let progress = self.exchange.closed(why, io);
        self.step(progress, io)
    }

    fn woken(&mut self, io: &mut Io<'_>) -> Step {
        let progress = self.exchange.woken(io);
        self.step(progress, io)
    }

    fn farewell(&mut self, _: &mut Io<'_>) {
        // HTTP has no goodbye: the socket is closed.
        self.exchange.end();
    }
}

#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
