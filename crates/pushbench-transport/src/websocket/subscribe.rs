//! The client half of WebSocket: what an application does around a browser's `WebSocket`, with its own reconnects.

use std::rc::Rc;
use tungstenite::protocol::frame::coding::Data;

use super::Settings;
use super::connection::{Answers, Connection, Found};
use super::handshake::{Answer, Handshake};
use super::settings::Encoding;
use super::wire::gap_of;
use crate::backoff::Backoff;
use crate::client::Direction::{Down, Up};
use crate::client::{Closed, Identity, Io, Note, Observer, Part, Reopen, Step};
use crate::envelope;
use crate::error::WireError;
use crate::http::HeadReader;
use crate::random::Random;

/// A client that connects, listens, and connects again.
#[derive(Debug)]
pub struct Subscriber {
    path: &'static str,
    host: Rc<str>,
    topic: Rc<str>,
    encoding: Encoding,
    reply_timeout_ns: u64,
    backoff: Backoff,
    random: Random,
    cursor: Cursor,
    state: State,
    /// Whether it asks for what it missed.
    resume: bool,
    /// No connection after this one, unless it is told to connect again.
    leaving: bool,
}

#[derive(Debug)]
enum State {
    /// No connection.
    Away,
    /// The upgrade is asked for. In a box, because an open connection has no use for the room.
    Upgrading(Box<Upgrade>),
    /// Messages come.
    Open(Connection),
    /// The close frames are exchanged; the server is to close the connection (RFC 6455, section 7.1.1).
    Closing { give_up_ns: u64 },
}

#[derive(Debug)]
struct Upgrade {
    handshake: Handshake,
    head: HeadReader,
    give_up_ns: u64,
}

/// The newest event id known.
#[derive(Debug, Default)]
struct Cursor(Option<u64>);

impl Cursor {
    fn event(&mut self, payload: &[u8]) {
        // Ids of a topic have no holes, so each message is the next one. An event's own number is not its id where the
        // server lost or doubled some: it stands in where the server did not say with which id it begins.
        self.0 = match self.0 {
            Some(id) => Some(id.saturating_add(1)),
            None => envelope::stamp_of(payload).map(|stamp| stamp.n),
        };
    }
}

impl Subscriber {
    /// A client of the endpoint at `path`.
    #[must_use]
    pub fn of(settings: &Settings, path: &'static str, identity: Identity) -> Self {
        Self {
            path,
            encoding: settings.encoding,
            reply_timeout_ns: settings.reply_timeout.as_ns(),
            backoff: Backoff::new(settings.retry.as_ns()),
            random: Random::new(identity.seed),
            host: identity.host,
            topic: identity.topic,
            cursor: Cursor::default(),
            state: State::Away,
            resume: identity.resume,
            leaving: false,
        }
    }

    /// Sends a text message. False when there is no open connection to send it on.
    pub(super) fn say(&mut self, message: &[u8], io: &mut Io<'_>) -> bool {
        let State::Open(connection) = &self.state else { return false };
        connection.message(Data::Text, message, &mut Answers { out: io.out, masks: &mut self.random })
    }

    fn reconnect(&mut self, io: &Io<'_>) -> Step {
        self.state = State::Away;
        if !self.resume {
            self.cursor = Cursor::default();
        }
        if self.leaving {
            return Step::End;
        }
        let pause_ns = self.backoff.next_ns(&mut self.random);
        Step::Open { at_ns: io.now_ns.saturating_add(pause_ns), why: Reopen::Lost }
    }

    fn reconnect_with(&mut self, note: Note, io: &mut Io<'_>) -> Step {
        io.observer.note(note);
        self.reconnect(io)
    }

    /// Reads on in the head; returns the step, or else what of `bytes` is messages.
    fn read_head<'a>(&mut self, bytes: &'a [u8], io: &mut Io<'_>) -> Result<&'a [u8], Step> {
        let State::Upgrading(upgrade) = &mut self.state else { return Ok(bytes) };
        let Upgrade { handshake, head, give_up_ns } = &mut **upgrade;
        let found = match head.feed(bytes, |head| Ok(handshake.answer(head))) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(Step::Hold { wake_ns: Some(*give_up_ns) }),
            Err(_) => return Err(self.reconnect_with(Note::ProtocolError, io)),
        };
        io.observer.reclassify(Up, Part::Connecting, handshake.request_bytes);
        io.observer.reclassify(Down, Part::Connecting, found.stream_bytes);
        match found.value {
            Answer::Upgraded { cursor } => {
                self.cursor.0 = self.cursor.0.or(cursor);
                self.backoff.reset();
                self.state = State::Open(Connection::new());
                io.observer.ready();
            }
            Answer::Refused => return Err(self.reconnect_with(Note::ErrorReply, io)),
            Answer::Wrong => {
                return Err(self.reconnect_with(Note::ProtocolError, io));
            }
        }
        Ok(&bytes[found.used..])
    }

    fn read_messages(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Result<Step, WireError> {
        let connection = match &mut self.state {
            State::Open(connection) => connection,
            State::Closing { give_up_ns } => return Ok(Step::Hold { wake_ns: Some(*give_up_ns) }),
            State::Away | State::Upgrading(_) => return Err(WireError::Surplus),
        };
        let (cursor, observer) = (&mut self.cursor, &mut *io.observer);
        let mut answers = Answers { out: io.out, masks: &mut self.random };
        let mut closing = false;
        connection.feed(bytes, &mut answers, |found| match found {
            Found::Message(payload) => message(payload, cursor, observer),
            Found::Close => closing = true,
        })?;
        if !closing {
            return Ok(Step::Hold { wake_ns: None });
        }
        let give_up_ns = io.now_ns.saturating_add(self.reply_timeout_ns);
        self.state = State::Closing { give_up_ns };
        Ok(Step::Hold { wake_ns: Some(give_up_ns) })
    }
}

fn message(payload: &[u8], cursor: &mut Cursor, observer: &mut dyn Observer) {
    if let Some(oldest) = gap_of(payload) {
        cursor.0 = Some(oldest.saturating_sub(1));
        observer.note(Note::Gap);
    } else {
        cursor.event(payload);
        observer.event(payload);
    }
}

impl crate::client::Subscriber for Subscriber {
    fn connected(&mut self, io: &mut Io<'_>) -> Step {
        // It may have left for a while, and its last connection may have been cut before the end of the handshake.
        if std::mem::take(&mut self.leaving) && !self.resume {
            self.cursor = Cursor::default();
        }
        let handshake = Handshake::ask(self.path, &self.host, &self.topic, self.cursor.0, io.out);
        io.observer.note(Note::Request);
        let give_up_ns = io.now_ns.saturating_add(self.reply_timeout_ns);
        self.state =
            State::Upgrading(Box::new(Upgrade { handshake, head: HeadReader::default(), give_up_ns }));
        Step::Hold { wake_ns: Some(give_up_ns) }
    }

    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step {
        let read = self.read_head(bytes, io).map(|messages| self.read_messages(messages, io));
        match read {
            Ok(Ok(step)) | Err(step) => step,
            Ok(Err(_)) => self.reconnect_with(Note::ProtocolError, io),
        }
    }

    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        let incomplete = match &self.state {
            State::Away | State::Closing { .. } => false,
            State::Upgrading(upgrade) => upgrade.head.has_begun(),
            // An end without close frame is abnormal: code 1006 of section 7.1.5.
            State::Open(_) => !self.leaving,
        };
        // A reset is counted by who drives the socket.
        if incomplete && why == Closed::Eof {
            self.reconnect_with(Note::ProtocolError, io)
        } else {
            self.reconnect(io)
        }
    }

    fn woken(&mut self, io: &mut Io<'_>) -> Step {
        let (give_up_ns, is_upgrading) = match &self.state {
            State::Upgrading(upgrade) => (upgrade.give_up_ns, true),
            State::Closing { give_up_ns } => (*give_up_ns, false),
            State::Away | State::Open(_) => return Step::Hold { wake_ns: None },
        };
        if give_up_ns > io.now_ns {
            Step::Hold { wake_ns: Some(give_up_ns) }
        } else if is_upgrading {
            self.reconnect_with(Note::Timeout, io)
        } else {
            self.reconnect(io)
        }
    }

    fn can_send(&self) -> bool {
        matches!(self.state, State::Open(_)) && !self.leaving
    }

    fn send(&mut self, message: &[u8], io: &mut Io<'_>) -> Step {
        if let State::Open(connection) = &mut self.state {
            let opcode = match self.encoding {
                Encoding::Text => Data::Text,
                Encoding::Binary => Data::Binary,
            };
            connection.message(opcode, message, &mut Answers { out: io.out, masks: &mut self.random });
            io.observer.reclassify(Up, Part::Message, message.len() as u64);
        }
        Step::Hold { wake_ns: None }
    }

    fn farewell(&mut self, io: &mut Io<'_>) {
        self.leaving = true;
        if let State::Open(connection) = &mut self.state {
            connection.close(&mut Answers { out: io.out, masks: &mut self.random });
        }
    }
}

#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
