//! What a client is to send, until it is sent (pattern `chat`).
//!
//! A message waits here while there is no connection, and on one that carries requests while the reply to the one before
//! is out. Its envelope is written when it is handed to the half, so that it tells when it was really sent. Per message
//! nothing is allocated once buffers have grown.

use pushbench_probe::clock::now_ns;
use pushbench_transport::client::{Reopen, Step};
use pushbench_transport::envelope::{self, Stamp};
use std::collections::VecDeque;
use std::rc::Rc;

use super::{Client, Stage};
use crate::sends::Outgoing;
use crate::thread::Turn;

/// What one has to send who sends nothing.
static NOTHING: VecDeque<Outgoing> = VecDeque::new();

/// The messages of one client.
#[derive(Debug)]
pub(crate) struct Outbox {
    topic: Rc<str>,
    waiting: VecDeque<Outgoing>,
}

impl Outbox {
    /// Nothing is to be sent yet to that topic.
    pub(crate) fn new(topic: Rc<str>) -> Self {
        Self { topic, waiting: VecDeque::new() }
    }
}

impl Client {
    /// Gives a client something to send with.
    pub(crate) fn give_outbox(&mut self, topic: Rc<str>) {
        self.outbox = Some(Box::new(Outbox::new(topic)));
    }

    /// Sends a message now, or as soon as it can be.
    pub(crate) fn send(&mut self, due: Outgoing, turn: &mut Turn<'_>) {
        let Some(outbox) = &mut self.outbox else { return };
        outbox.waiting.push_back(due);
        if self.stage == Stage::Holding && self.half.can_send() {
            let step = self.send_waiting(Step::Hold { wake_ns: None }, turn);
            return self.settle(step, turn);
        }
        turn.recorder.message_waits(due.due_ns);
        if self.stage == Stage::Away(Reopen::Planned) && self.is_uplink() {
            self.on_time(turn);
        }
    }

    /// When the messages were due that wait.
    pub(crate) fn waiting_messages(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        let waiting = self.outbox.as_ref().map_or(&NOTHING, |outbox| &outbox.waiting);
        waiting.iter().map(|due| due.due_ns)
    }

    /// Hands over what waits, as far as the half takes it. What the half wants next, which is `step` if nothing is sent.
    pub(super) fn send_waiting(&mut self, mut step: Step, turn: &mut Turn<'_>) -> Step {
        while let (Some(outbox), Step::Hold { .. }) = (&mut self.outbox, step) {
            if outbox.waiting.is_empty() || self.stage != Stage::Holding || !self.half.can_send() {
                break;
            }
            let Some(due) = outbox.waiting.pop_front() else { break };
            step = self.hand_over(due, turn);
        }
        step
    }

    fn hand_over(&mut self, due: Outgoing, turn: &mut Turn<'_>) -> Step {
        let Some(outbox) = &self.outbox else { return Step::Hold { wake_ns: None } };
        let published_ns = now_ns();
        let stamp = Stamp { n: due.n, due_ns: due.due_ns, published_ns };
        // Taken out for as long as both are borrowed.
        let mut message = std::mem::take(&mut turn.thread.message);
        message.clear();
        envelope::encode(stamp, &outbox.topic, due.size as usize, &mut message);
        turn.recorder.sent(self.place(), due.n, due.due_ns);
        let step = self.input(published_ns, turn, |half, io| half.send(&message, io));
        turn.thread.message = message;
        step
    }
}
