//! Pattern `chat`: clients that send, their second connections, and whose turn it is to send.

use pushbench_scenario::Source;
use pushbench_transport::client::Identity;
use pushbench_transport::uplink::Uplink;
use std::collections::VecDeque;
use std::rc::Rc;

use super::Driver;
use crate::client::{Client, UPLINK};
use crate::sends::Sends;
use crate::thread::{Left, Turn};

/// Messages that are sent, each with a system call: no more than that before others get their turn.
const SENDS_IN_A_ROW: usize = 32;

/// The client with that index, or the second connection.
pub(super) fn at<'c>(clients: &'c mut [Client], uplinks: &'c mut [Client], index: u32) -> &'c mut Client {
    if index & UPLINK == 0 { &mut clients[index as usize] } else { &mut uplinks[(index & !UPLINK) as usize] }
}

impl Driver {
    /// Gives a client that arrives what it sends with, where clients send anything: an outbox, or a second connection that
    /// has it, which is returned on its way.
    pub(super) fn give_outbox(&mut self, client: &mut Client, identity: Identity) -> Option<Client> {
        let share = &self.thread.share;
        if share.plan.events.source != Source::Members {
            return None;
        }
        self.recorder.own.push(VecDeque::new());
        let topic = Rc::clone(&identity.topic);
        if !share.posts() {
            client.give_outbox(topic);
            return None;
        }
        let mut uplink = Client::new(self.clients.len() as u32 | UPLINK, Box::new(Uplink::of(identity)));
        uplink.give_outbox(topic);
        uplink.on_time(&mut Turn { thread: &mut self.thread, recorder: &mut self.recorder });
        Some(uplink)
    }

    /// Sends some of the messages that are due.
    pub(super) fn send_due(&mut self, now_ns: u64) -> Left {
        let Some(sends) = &mut self.sends else { return Left::Nothing };
        for _ in 0..SENDS_IN_A_ROW {
            let Some((nth, due)) = sends.take_due(now_ns) else { return Left::Nothing };
            self.recorder.dispatched(due.due_ns, pushbench_probe::clock::now_ns());
            let senders = if self.uplinks.is_empty() { &mut self.clients } else { &mut self.uplinks };
            match senders.get_mut(nth as usize) {
                Some(sender) => {
                    sender.send(due, &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder });
                }
                // It has not arrived, and so never will in time.
                None => self.recorder.never_sent(due.due_ns),
            }
        }
        Left::More
    }

    /// Notes the messages that were due and have not been sent, at the end of a step.
    pub(super) fn note_unsent_messages(&mut self, now_ns: u64) {
        for client in self.clients.iter().chain(&self.uplinks) {
            for due_ns in client.waiting_messages() {
                self.recorder.waited_in_vain(due_ns);
            }
        }
        self.recorder.messages.unsent += self.sends.as_mut().map_or(0, |sends| sends.missed(now_ns));
    }

    /// The messages of a step whose phases are known now.
    pub(super) fn sends_from(&mut self, edges: pushbench_measure::PhaseEdges) {
        self.sends = Sends::new(&self.thread.share, edges);
    }
}
