//! What is different for a polling client that asks: it begins with a `POST`, gets a ticket, and polls for that answer alone.
//!
//! The ticket is a `202` with the cursor after which the answer's parts are to be found. A poll for it names the ask too, so
//! that a target that has never heard of it says so. "Nothing yet" is the same `204` as to any poll, and another server's
//! `202`.

use crate::asking::{Awaited, Watch};
use crate::client::{Identity, Io, Note, Observer, Reopen, Step};
use crate::polling::reply::Reply;
use crate::polling::subscribe::{Pace, Poller, Rules, State, Taken};

/// A client's asks.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) awaited: Awaited,
    /// Whether there is a ticket for the answer under way.
    ticket: bool,
    resume: bool,
}

impl Asking {
    /// The connection is lost: what was under way on it is over, unless there is a ticket and it is to be of use.
    pub(super) fn lost(&mut self, observer: &mut dyn Observer) {
        if !(self.ticket && self.resume) {
            self.awaited.cut_short(observer);
        }
    }
}

/// Nothing is asked for.
const NOTHING_DUE: Taken = Taken { due_ns: None, reopen: Reopen::Planned };

impl<P: Pace> Poller<P> {
    /// A client that asks, and has not begun.
    pub fn asking(pace: P, rules: Rules, identity: Identity) -> Self {
        let asking = Asking { awaited: Awaited::default(), ticket: false, resume: identity.resume };
        let mut poller = Self::new(pace, rules, identity);
        poller.asking = Some(Box::new(asking));
        poller
    }

    /// A socket is there for what is asked for, if anything; `None` for a client that polls for all there is.
    pub(super) fn connected_to_ask(&mut self, io: &mut Io<'_>) -> Option<Step> {
        let asking = self.asking.as_ref()?;
        let (ask, ticket) = (asking.awaited.ask(), asking.ticket);
        self.note_ready(io.observer);
        match ask {
            None => {
                self.state = State::Idle(NOTHING_DUE);
                Some(Step::Hold { wake_ns: None })
            }
            Some(ask) if !ticket => Some(self.post(ask, io)),
            Some(_) => Some(self.poll(io)),
        }
    }

    /// Asks now, or on the next connection if the server is about to close this one.
    pub(super) fn ask_for(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        if let Some(asking) = &mut self.asking {
            (asking.awaited, asking.ticket) = (Awaited::of(ask), false);
        }
        match self.state {
            State::Idle(_) => self.post(ask, io),
            State::Closing { give_up_ns, .. } => Step::Hold { wake_ns: Some(give_up_ns) },
            State::Waiting { .. } | State::Away => {
                debug_assert!(false, "no connection is free");
                Step::Hold { wake_ns: None }
            }
        }
    }

    /// Takes a complete reply; `None` when it was not sound.
    pub(super) fn take_for_answer(&mut self, reply: &Reply<'_>, io: &mut Io<'_>) -> Option<Taken> {
        let mut asking = self.asking.take()?;
        let taken = match (reply.status, asking.ticket) {
            (202, false) => self.take_ticket(reply, &mut asking, io),
            (200, true) => {
                let mut watch =
                    Watch { observer: io.observer, awaited: &mut asking.awaited, became_ready: false };
                self.take_events(reply, &mut watch).map(|more| self.next(more, io.now_ns))
            }
            (202 | 204, true) => {
                self.take_nothing(reply, io.observer);
                Some(self.next(false, io.now_ns))
            }
            (200..300, _) => None,
            (status, ticket) => {
                io.observer.note(Note::ErrorReply);
                // A server in trouble may still have the answer; one that does not know it never will.
                if !ticket || status < 500 {
                    asking.awaited.cut_short(io.observer);
                }
                Some(self.pause(io.now_ns))
            }
        };
        let is_over = asking.awaited.ask().is_none();
        self.asking = Some(asking);
        taken.map(|taken| if is_over { Taken { due_ns: None, ..taken } } else { taken })
    }

    fn take_ticket(&mut self, reply: &Reply<'_>, asking: &mut Asking, io: &Io<'_>) -> Option<Taken> {
        self.cursor = Some(reply.cursor?);
        asking.ticket = true;
        self.pace.begin_answer(io.now_ns);
        Some(self.next(false, io.now_ns))
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
