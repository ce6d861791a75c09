//! Clients that ask for answers (pattern `stream`): each at its turn, or as soon as it can.

use pushbench_probe::clock::now_ns;
use pushbench_scenario::WorkerShare;
use pushbench_transport::client::{Identity, Subscriber};

use super::Driver;
use crate::answers::{AnswerBook, Punctuality};
use crate::asks::{Ask, Asks};
use crate::thread::{Left, Turn};

/// Clients that ask, each with a system call: no more than that before others get their turn.
const ASKS_IN_A_ROW: usize = 32;

/// The client half of one that arrives.
pub(super) fn half(share: &WorkerShare, identity: Identity) -> Box<dyn Subscriber> {
    let settings = &share.transport().settings;
    if share.plan.events.answers().is_some() {
        settings.asker(identity)
    } else {
        settings.subscriber(identity)
    }
}

impl Driver {
    /// Makes known when clients are to ask, if they are to, once the phases are known.
    pub(super) fn ask_from_now_on(&mut self) {
        let share = &self.thread.share;
        let (Some(edges), Some(answers)) = (self.recorder.edges, share.plan.events.answers()) else { return };
        let book = AnswerBook::new(answers.clone(), share.plan.seed, edges, self.clients_in_all as usize);
        self.asks = Some(Asks::new(share, &edges));
        self.recorder.answers = Some(Box::new(book));
    }

    /// When the next client is to ask.
    pub(super) fn next_ask_ns(&self) -> Option<u64> {
        self.asks.as_ref().filter(|_| !self.thread.is_over).and_then(Asks::next_ns)
    }

    /// Whether there are clients that may ask again: sockets had their turn since those asked who were free before.
    pub(super) fn is_anybody_free(&self) -> Left {
        let is_anybody = self.recorder.answers.as_ref().is_some_and(|answers| answers.has_free());
        if is_anybody && !self.thread.is_over { Left::More } else { Left::Nothing }
    }

    /// Lets those ask who are free again, then those whose ask has become due.
    pub(super) fn ask(&mut self, now_ns: u64) -> Left {
        if self.thread.is_over {
            return Left::Nothing;
        }
        for _ in 0..ASKS_IN_A_ROW {
            let Some((asks, answers)) = self.asks.as_mut().zip(self.recorder.answers.as_mut()) else {
                return Left::Nothing;
            };
            if let Some(client) = answers.take_free() {
                self.ask_next(client, Punctuality::Late);
            } else if let Some((client, due)) = asks.take_due(now_ns) {
                // One that waits for its turn behind others of the same client is not the one that is sent now.
                let is_next = answers.sent(client) + 1 == due;
                self.ask_next(client, if is_next { Punctuality::OnTime } else { Punctuality::Late });
            } else {
                return Left::Nothing;
            }
        }
        Left::More
    }

    /// Sends the next ask of a client that can ask, if one is due.
    fn ask_next(&mut self, index: u32, punctuality: Punctuality) {
        let Some(ask) = self.next_ask_of(index) else { return };
        let (Some(answers), Some(client)) =
            (&mut self.recorder.answers, self.clients.get_mut(index as usize))
        else {
            return;
        };
        answers.ask(index, ask, punctuality, now_ns());
        client.ask(ask.k, &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder });
    }

    /// What a client is to ask for now; nothing where it cannot ask.
    fn next_ask_of(&self, index: u32) -> Option<Ask> {
        let answers = self.recorder.answers.as_ref()?;
        let is_ready = self.recorder.accounts.get(index as usize)?.ready;
        let can_ask = is_ready && self.clients.get(index as usize)?.is_connected() && !answers.is_busy(index);
        self.asks.as_ref().filter(|_| can_ask)?.waiting(index, answers.sent(index))
    }
}
