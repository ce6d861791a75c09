//! The connection on which a client publishes what the connection that it receives on does not carry: one request after
//! the other, `POST /publish`, as `fetch` of a page would send them.
//!
//! A state machine like the client halves, and driven like one. One request is under way at a time; what else is to be
//! sent waits with whoever drives it, so that a message is written when it is really sent. It subscribes to nothing.
//!
//! No message is sent twice. Publishing is not idempotent (RFC 9110, section 9.2.2), and of a request without a reply
//! nobody knows whether it was carried out.

use std::rc::Rc;

use crate::backoff::Backoff;
use crate::client::Direction::Up;
use crate::client::{Closed, Identity, Io, Note, Part, Reopen, Step, Subscriber};
use crate::http::Request;
use crate::polling::{Reply, ReplyReader};
use crate::random::Random;

/// The target's endpoint.
const PATH: &str = "/publish";
/// How long after a request its reply is given up.
const REPLY_TIMEOUT_NS: u64 = 10_000_000_000;
/// Bound of the first pause after a failure; it doubles up to 16 times this, with full jitter.
const RETRY_NS: u64 = 1_000_000_000;
/// Sets this connection's random choices apart from those of the client's other one.
const SEED: u64 = 0x7570_6c69_6e6b;
/// When there is something to be sent again, and no sooner.
const ON_DEMAND: Step = Step::Open { at_ns: u64::MAX, why: Reopen::Planned };

/// The second connection of a client.
#[derive(Debug)]
pub struct Uplink {
    host: Rc<str>,
    topic: Rc<str>,
    backoff: Backoff,
    random: Random,
    state: State,
    reader: ReplyReader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No connection.
    Away,
    /// Connected, and nothing is under way.
    Idle,
    /// A request is under way.
    Waiting { give_up_ns: u64 },
    /// The reply was complete; the server is to close the connection.
    Closing { give_up_ns: u64 },
}

impl Uplink {
    /// The second connection of that client.
    #[must_use]
    pub fn of(identity: Identity) -> Self {
        Self {
            host: identity.host,
            topic: identity.topic,
            backoff: Backoff::new(RETRY_NS),
            random: Random::new(identity.seed ^ SEED),
            state: State::Away,
            reader: ReplyReader::default(),
        }
    }

    /// Gives the connection up after a failure.
    fn lose(&mut self, now_ns: u64) -> Step {
        self.leave();
        let pause_ns = self.backoff.next_ns(&mut self.random);
        Step::Open { at_ns: now_ns.saturating_add(pause_ns), why: Reopen::Lost }
    }

    fn lose_with(&mut self, note: Note, io: &mut Io<'_>) -> Step {
        io.observer.note(note);
        self.lose(io.now_ns)
    }

    fn leave(&mut self) {
        self.state = State::Away;
        self.reader = ReplyReader::default();
    }

    /// Takes a complete reply: published is what was answered with 2xx.
    fn take(&mut self, reply: &Reply<'_>, io: &mut Io<'_>) {
        if (200..300).contains(&reply.status) {
            self.backoff.reset();
        } else {
            io.observer.note(Note::ErrorReply);
        }
    }
}

impl Subscriber for Uplink {
    fn connected(&mut self, _: &mut Io<'_>) -> Step {
        self.state = State::Idle;
        Step::Hold { wake_ns: None }
    }

    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step {
        let State::Waiting { give_up_ns } = self.state else {
            // Nobody has asked for that.
            return self.lose_with(Note::ProtocolError, io);
        };
        match self.reader.feed(bytes) {
            Ok(None) => Step::Hold { wake_ns: Some(give_up_ns) },
            Ok(Some(reply)) => {
                self.take(&reply, io);
                if reply.keeps_connection {
                    self.state = State::Idle;
                    return Step::Hold { wake_ns: None };
                }
                self.state = State::Closing { give_up_ns };
                Step::Hold { wake_ns: Some(give_up_ns) }
            }
            Err(_) => self.lose_with(Note::ProtocolError, io),
        }
    }

    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        match self.state {
            State::Away => self.lose(io.now_ns),
            State::Idle | State::Closing { .. } => {
                self.leave();
                ON_DEMAND
            }
            State::Waiting { .. } => match self.reader.end() {
                // Its body ended with the connection.
                Ok(Some(reply)) => {
                    self.take(&reply, io);
                    self.leave();
                    ON_DEMAND
                }
                Err(_) if why == Closed::Eof => self.lose_with(Note::ProtocolError, io),
                // A reset is counted by who drives the socket.
                Ok(None) | Err(_) => self.lose(io.now_ns),
            },
        }
    }

    fn woken(&mut self, io: &mut Io<'_>) -> Step {
        match self.state {
            State::Away | State::Idle => Step::Hold { wake_ns: None },
            State::Waiting { give_up_ns } | State::Closing { give_up_ns } if give_up_ns > io.now_ns => {
                Step::Hold { wake_ns: Some(give_up_ns) }
            }
            State::Waiting { .. } => self.lose_with(Note::Timeout, io),
            State::Closing { .. } => {
                self.leave();
                ON_DEMAND
            }
        }
    }

    fn farewell(&mut self, _: &mut Io<'_>) {}

    fn can_send(&self) -> bool {
        self.state == State::Idle
    }

    fn send(&mut self, message: &[u8], io: &mut Io<'_>) -> Step {
        let head = Request::post(PATH, message.len() as u64, io.out)
            .query("topic", &self.topic)
            .headers(&self.host, "keep-alive", "*/*")
            .header("Content-Type", b"application/json");
        let _ = head.end();
        io.out.extend_from_slice(message);
        io.observer.note(Note::Request);
        io.observer.reclassify(Up, Part::Message, message.len() as u64);
        let give_up_ns = io.now_ns.saturating_add(REPLY_TIMEOUT_NS);
        self.state = State::Waiting { give_up_ns };
        Step::Hold { wake_ns: Some(give_up_ns) }
    }
}

#[cfg(test)]
#[path = "uplink_tests.rs"]
mod tests;
