//! The record of one worker thread: sums, histograms, and the accounts of its clients.
//!
//! Nothing is allocated per event but what grows with what is out of the ordinary: the holes of a ledger that lost something,
//! the list of absences, and the queue of what a client has sent and not received, which keeps its room. A histogram is made
//! when its first value comes, unless it was prepared. What a client's state machine tells comes in by [`observer`].

mod observer;

use pushbench_measure::fates::MessageTally;
use pushbench_measure::snapshot::WorkerSnapshot;
use pushbench_measure::{Counters, Figure, Histograms, Phase, PhaseEdges, ledger::Reception, micros};
use pushbench_transport::client::{Note, Reopen};
use pushbench_transport::envelope;
use std::collections::VecDeque;

use crate::absences::{Absences, Due};
use crate::account::Account;
use crate::answers::{AnswerBook, Over};

pub(crate) use self::observer::ClientObserver;

/// Everything that is counted on this thread.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) counters: Counters,
    pub(crate) histograms: Histograms,
    /// The phases, once they are known.
    pub(crate) edges: Option<PhaseEdges>,
    /// Clients whose transport is ready now.
    pub(crate) ready_now: u32,
    /// Clients whose transport has been ready.
    pub(crate) ever_connected: u32,
    pub(crate) accounts: Vec<Account>,
    /// In steps in which clients are away at times.
    pub(crate) absences: Option<Box<Absences>>,
    /// What went wrong on connections of clients that are slow by plan.
    pub(crate) slow_errors: u64,
    /// The answers, where clients ask for such, once the phases are known.
    pub(crate) answers: Option<Box<AnswerBook>>,
    /// What clients have sent and not received yet, where they send anything: numbers in their order.
    pub(crate) own: Vec<VecDeque<u64>>,
    /// What became of the messages that clients were to send.
    pub(crate) messages: MessageTally,
    /// Whose age is looked at next.
    pub(crate) next_aged: usize,
}

/// Clients whose age is looked at each time.
const AGES_AT_ONCE: usize = 16;

impl Recorder {
    /// The phase of an instant; before the phases are known it is the ramp.
    pub(crate) fn phase_at(&self, instant_ns: u64) -> Phase {
        self.edges.map_or(Phase::Ramp, |edges| edges.phase_at(instant_ns))
    }

    /// The report due at `tick_ns`: what was recorded since the one before.
    pub(crate) fn report(&mut self, tick_ns: u64) -> WorkerSnapshot {
        WorkerSnapshot {
            tick_ns,
            connected: self.ready_now,
            ever_connected: self.ever_connected,
            counters: self.counters,
            histograms: self.histograms.take(),
        }
    }

    /// Notes that a socket was connected.
    pub(crate) fn connected(&mut self, why: Reopen) {
        self.counters.opened += 1;
        self.counters.reconnects += u64::from(why == Reopen::Lost);
    }

    /// Notes that a client's connection is gone and not by plan; the clock is read only where that matters.
    pub(crate) fn lost_connection(&mut self, client: u32, now_ns: impl FnOnce() -> u64) {
        if std::mem::take(&mut self.accounts[client as usize].ready) {
            self.ready_now -= 1;
            if let Some(absences) = &mut self.absences {
                absences.lost(client, now_ns());
            }
        }
    }

    /// Notes that a connection ended on which nothing was under way, and that the next is opened when it is needed: only
    /// where the target takes connections away is anything lost by that.
    pub(crate) fn idle_connection_ended(&mut self, client: u32, now_ns: u64) {
        if self.absences.as_ref().is_some_and(|absences| absences.takes_idle(now_ns)) {
            self.lost_connection(client, || now_ns);
        }
    }

    /// Notes that a client leaves by plan, as it was to at `at_ns`.
    pub(crate) fn left(&mut self, client: u32, at_ns: u64, now_ns: u64) {
        let account = &mut self.accounts[client as usize];
        if std::mem::take(&mut account.ready) {
            self.ready_now -= 1;
        }
        // The next event it gets stands in no relation to the last one.
        account.received_ns = 0;
        if let Some(edges) = self.edges {
            account.age.leave(now_ns, edges.measure_ns, edges.drain_ns);
        }
        if let Some(absences) = &mut self.absences {
            absences.left(client, at_ns);
        }
    }

    /// Notes that a client that had left connects again.
    pub(crate) fn returns(&mut self, client: u32, now_ns: u64) {
        if let Some(absences) = &mut self.absences {
            absences.returns(client, now_ns);
        }
    }

    /// Notes a read of so many bytes before they are parsed; the answer is to be given to [`Self::end_read`].
    pub(crate) fn begin_read(&mut self, bytes: usize) -> u64 {
        self.counters.reads += 1;
        self.counters.down.framing += bytes as i64;
        self.counters.events
    }

    /// Notes how many events the read completed.
    pub(crate) fn end_read(&mut self, now_ns: u64, events_before: u64) {
        let events = self.counters.events - events_before;
        if events > 0 {
            self.counters.event_reads += 1;
            let phase = self.phase_at(now_ns);
            self.histograms.record(Figure::EventsPerRead, phase, events);
        }
    }

    /// The same of a client that is slow by plan: how many there are says how slow it is.
    pub(crate) fn end_slow_read(&mut self, events_before: u64) {
        self.counters.event_reads += u64::from(self.counters.events > events_before);
    }

    /// Notes that a client's connection broke.
    pub(crate) fn broken(&mut self, client: u32) {
        let is_slow = self.accounts.get(client as usize).is_some_and(|account| account.slow);
        let counter = if is_slow { &mut self.slow_errors } else { &mut self.counters.broken };
        *counter += 1;
    }

    /// Looks at the age of some clients, others each time. What they hold must have no part in the choice of the instant.
    pub(crate) fn look_at_ages(&mut self, now_ns: u64) {
        let phase = self.phase_at(now_ns);
        for _ in 0..AGES_AT_ONCE.min(self.accounts.len()) {
            self.next_aged = (self.next_aged + 1) % self.accounts.len();
            let account = &self.accounts[self.next_aged];
            if let Some(age_ns) = account.age.at(now_ns).filter(|_| !account.slow) {
                self.histograms.record(Figure::Age, phase, micros(age_ns));
            }
        }
    }

    /// Notes that it was the turn of a message that was due at `due_ns`. How late that is is the generator's own doing; what
    /// it then waits for a connection or a reply is not.
    pub(crate) fn dispatched(&mut self, due_ns: u64, now_ns: u64) {
        let phase = self.phase_at(due_ns);
        self.histograms.record(Figure::Slip, phase, micros(now_ns.saturating_sub(due_ns)));
    }

    /// Notes that a message that was due at `due_ns` is never sent.
    pub(crate) fn never_sent(&mut self, due_ns: u64) {
        self.messages.unsent += u64::from(self.phase_at(due_ns) == Phase::Measure);
    }

    /// Notes that a message has to wait.
    pub(crate) fn message_waits(&mut self, due_ns: u64) {
        self.messages.late += u64::from(self.phase_at(due_ns) == Phase::Measure);
    }

    /// Notes that a message that has waited is never sent: then it is not among those sent late.
    pub(crate) fn waited_in_vain(&mut self, due_ns: u64) {
        let late = u64::from(self.phase_at(due_ns) == Phase::Measure);
        self.messages.late = self.messages.late.saturating_sub(late);
        self.never_sent(due_ns);
    }

    /// Notes that a client sends message `n`.
    pub(crate) fn sent(&mut self, client: u32, n: u64, due_ns: u64) {
        self.messages.sent += u64::from(self.phase_at(due_ns) == Phase::Measure);
        self.own[client as usize].push_back(n);
    }

    /// Whether message `n` is one that the client has sent itself; it will not be asked for again.
    fn is_own(&mut self, client: u32, n: u64) -> bool {
        let Some(own) = self.own.get_mut(client as usize) else { return false };
        // Numbers of a room rise in the order of the schedule, in which they are sent.
        own.binary_search(&n).is_ok_and(|at| own.remove(at).is_some())
    }

    fn event(&mut self, client: u32, payload: &[u8], now_ns: u64) {
        if self.answers.is_some() && envelope::end_of(payload).is_some() {
            // It is no part: its bytes are what answers cost beside their parts.
            return self.answer_is_over(client, Over::Ended);
        }
        let bytes = payload.len() as i64;
        self.counters.down.framing -= bytes;
        self.counters.down.payload += bytes;
        self.counters.events += 1;
        let Some(stamp) = envelope::stamp_of(payload) else {
            self.counters.foreign_payloads += 1;
            return;
        };
        let Some(edges) = self.edges else { return };
        let phase = edges.phase_at(stamp.due_ns);
        match self.receive(client, stamp.n, now_ns) {
            Some(Reception::New | Reception::Reordered) => {}
            Some(Reception::Duplicate) => return,
            None => {
                self.counters.foreign_payloads += 1;
                return;
            }
        }
        let is_own = self.is_own(client, stamp.n);
        let latency_us = micros(now_ns.saturating_sub(stamp.due_ns));
        if self.accounts[client as usize].slow {
            self.histograms.record(Figure::SlowDelivery, phase, latency_us);
            return;
        }
        if self.is_of_an_absence(client, stamp.due_ns, now_ns, &edges) {
            return;
        }
        let account = &mut self.accounts[client as usize];
        if phase == Phase::Measure && is_own {
            account.echoed(edges.phase_at(now_ns));
        } else if phase == Phase::Measure {
            account.measured(latency_us, edges.phase_at(now_ns));
        }
        let last_ns = std::mem::replace(&mut account.received_ns, now_ns);
        // What a client holds of an answer does not age: the answer is over, and no newer part is to come.
        let peak_ns = match self.answers {
            Some(_) => None,
            None => account.age.receive(stamp.due_ns, now_ns, edges.measure_ns, edges.drain_ns),
        };
        if is_own {
            self.histograms.record(Figure::Echo, phase, latency_us);
        } else {
            let uncorrected_us = micros(now_ns.saturating_sub(stamp.published_ns));
            self.histograms.record(Figure::Delivery, phase, latency_us);
            self.histograms.record(Figure::Uncorrected, phase, uncorrected_us);
        }
        if last_ns != 0 {
            self.histograms.record(Figure::Gap, phase, micros(now_ns - last_ns));
        }
        if let Some(peak_ns) = peak_ns {
            self.histograms.record(Figure::AgePeak, phase, micros(peak_ns));
        }
    }

    /// Whether an event says nothing about the transport, because its client has left, or wanted to be away when it was due.
    /// What comes after an absence, wanted or not, is noted as caught up.
    #[inline]
    fn is_of_an_absence(&mut self, client: u32, due_ns: u64, now_ns: u64, edges: &PhaseEdges) -> bool {
        let Some(absences) = &mut self.absences else { return false };
        // Only a transport with a goodbye of its own reads on: it would be the only one to have these.
        if absences.is_gone(client) {
            return true;
        }
        let due = absences.due(client, due_ns, now_ns);
        if due != Due::There {
            let phase = edges.phase_at(due_ns);
            self.histograms.record(Figure::CatchUp, phase, micros(now_ns.saturating_sub(due_ns)));
            if phase == Phase::Measure {
                absences.caught_up();
            }
        }
        // How long a client wanted to be away says nothing about the transport.
        if due == Due::Left {
            let age = &mut self.accounts[client as usize].age;
            age.receive(due_ns, now_ns, edges.measure_ns, edges.drain_ns);
        }
        due == Due::Left
    }

    /// Traffic is everybody's; what follows from slowness by plan is nobody's fault.
    fn note_slow(&mut self, note: Note) {
        match note {
            Note::Request => self.counters.requests += 1,
            Note::EmptyReply => self.counters.empty_replies += 1,
            // Slow readers ask for no answers.
            Note::Gap | Note::PollLate | Note::PollSkipped | Note::CutShort => {}
            Note::ErrorReply | Note::ProtocolError | Note::Timeout => self.slow_errors += 1,
        }
    }

    /// Notes event `n` of a client's topic, or part `n` of its answer; `None` for a part of no answer.
    fn receive(&mut self, client: u32, n: u64, now_ns: u64) -> Option<Reception> {
        match &mut self.answers {
            Some(answers) => answers.part(client, n, now_ns, &mut self.histograms),
            None => Some(self.accounts[client as usize].ledger.receive(n)),
        }
    }

    fn answer_is_over(&mut self, client: u32, how: Over) {
        if let Some(answers) = &mut self.answers {
            answers.over(client, how, &mut self.histograms);
        }
    }

    fn ready(&mut self, client: u32, now_ns: u64) {
        if let Some(answers) = &mut self.answers {
            answers.may_ask(client);
        }
        let phase = self.phase_at(now_ns);
        if let Some(back_us) = self.absences.as_mut().and_then(|absences| absences.ready(client, now_ns)) {
            self.histograms.record(Figure::Back, phase, back_us);
        }
        let account = &mut self.accounts[client as usize];
        if !std::mem::replace(&mut account.ready, true) {
            self.ready_now += 1;
        }
        if account.first_ready_ns == 0 {
            account.first_ready_ns = now_ns;
            self.ever_connected += 1;
            if !account.slow {
                let latency_us = micros(now_ns.saturating_sub(account.arrival_ns));
                self.histograms.record(Figure::Connect, phase, latency_us);
            }
        }
    }
}

#[cfg(test)]
mod tests;
