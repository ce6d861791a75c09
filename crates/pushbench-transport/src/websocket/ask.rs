//! The client half of WebSocket that asks: on the socket on which it listens, by a message.
//!
//! The answer comes into the client's own topic, so one that is cut off finds the rest of it after its cursor, where it
//! resumes; it says then which answer it waits for, as one that a target has never heard of would never end.

use super::{Settings, Subscriber};
use crate::asking::{Ask, Awaited, Watch};
use crate::client::{self, Closed, Identity, Io, Note, Step};

/// A client that asks for answers on one connection after another.
#[derive(Debug)]
pub struct Asker {
    connection: Subscriber,
    awaited: Awaited,
    resume: bool,
}

/// A client of the endpoint at `path`.
#[must_use]
pub fn asker(settings: &Settings, path: &'static str, identity: Identity) -> Asker {
    let resume = identity.resume;
    Asker { connection: Subscriber::of(settings, path, identity), awaited: Awaited::default(), resume }
}

impl Asker {
    /// Lets the connection do its part, and sees to what that means for the answer under way.
    fn pass(&mut self, io: &mut Io<'_>, input: impl FnOnce(&mut Subscriber, &mut Io<'_>) -> Step) -> Step {
        let mut watch = Watch { observer: io.observer, awaited: &mut self.awaited, became_ready: false };
        let step =
            input(&mut self.connection, &mut Io { now_ns: io.now_ns, out: io.out, observer: &mut watch });
        let became_ready = watch.became_ready;
        match (step, self.awaited.ask()) {
            (Step::Hold { .. }, Some(ask)) if became_ready => {
                self.say(Ask::Resumed(ask), io);
            }
            (Step::Open { .. } | Step::End, Some(_)) if !self.resume => self.awaited.give_up(io.observer),
            _ => {}
        }
        step
    }

    /// Says something, which is a request of this transport; false where the peer has closed.
    fn say(&mut self, ask: Ask, io: &mut Io<'_>) -> bool {
        let is_said = self.connection.say(ask.message().as_bytes(), io);
        if is_said {
            io.observer.note(Note::Request);
        }
        is_said
    }
}

impl client::Subscriber for Asker {
    fn connected(&mut self, io: &mut Io<'_>) -> Step {
        self.pass(io, client::Subscriber::connected)
    }

    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step {
        self.pass(io, |connection, io| connection.received(bytes, io))
    }

    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step {
        self.pass(io, |connection, io| connection.closed(why, io))
    }

    fn woken(&mut self, io: &mut Io<'_>) -> Step {
        self.pass(io, client::Subscriber::woken)
    }

    fn farewell(&mut self, io: &mut Io<'_>) {
        self.connection.farewell(io);
    }

    fn ask(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        self.awaited.begin(ask);
        if !self.say(Ask::New(ask), io) {
            // The peer has closed, and its end is under way.
            self.awaited.cut_short(io.observer);
        }
        self.connection.woken(io)
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
