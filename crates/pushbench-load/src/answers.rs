//! What is kept of the answer that each client has under way (pattern `stream`), and what became of those that are over.
//!
//! A worker of another pattern has none of this. Nothing is allocated per part, except the holes of an answer that lost some.

use std::collections::VecDeque;
use std::ops::Range;

use pushbench_measure::fates::AnswerTally;
use pushbench_measure::ledger::{Ledger, Reception, Tally};
use pushbench_measure::{Figure, Histograms, Phase, PhaseEdges, micros};
use pushbench_scenario::Answers;

use crate::asks::Ask;

/// The answers of a worker's clients.
#[derive(Debug)]
pub(crate) struct AnswerBook {
    answers: Answers,
    seed: u64,
    edges: PhaseEdges,
    clients: Box<[Asker]>,
    /// Clients that may ask again, in the order in which they became free.
    free: VecDeque<u32>,
    under_way: u64,
    tally: AnswerTally,
    duplicated: u64,
    reordered: u64,
}

/// One client.
#[derive(Debug, Default)]
struct Asker {
    answer: Option<Answer>,
    /// Asks that it has sent.
    sent: usize,
    /// Parts that it got of answers whose ask was due in the measure phase.
    delivered: u64,
    is_in_queue: bool,
}

/// An answer under way.
#[derive(Debug)]
struct Answer {
    /// When its ask was due, and the phase of that.
    due_ns: u64,
    phase: Phase,
    parts: u32,
    ledger: Ledger,
    /// When the first part was received and when the last; 0 before.
    first_ns: u64,
    last_ns: u64,
}

/// Whether an ask is sent when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Punctuality {
    OnTime,
    /// Its client could not ask then: it had an answer before under way, or no connection.
    Late,
}

/// How an answer is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Its end was received.
    Ended,
    CutShort,
}

impl AnswerBook {
    /// The book of so many clients, none of whom has asked.
    pub(crate) fn new(answers: Answers, seed: u64, edges: PhaseEdges, clients: usize) -> Self {
        Self {
            answers,
            seed,
            edges,
            clients: std::iter::repeat_with(Asker::default).take(clients).collect(),
            free: VecDeque::with_capacity(clients),
            under_way: 0,
            tally: AnswerTally::default(),
            duplicated: 0,
            reordered: 0,
        }
    }

    /// Every client by its place.
    pub(crate) fn clients(&self) -> Range<u32> {
        0..self.clients.len() as u32
    }

    /// Whether a client has an answer under way.
    pub(crate) fn is_busy(&self, client: u32) -> bool {
        self.clients[client as usize].answer.is_some()
    }

    /// How many asks a client has sent.
    pub(crate) fn sent(&self, client: u32) -> usize {
        self.clients[client as usize].sent
    }

    /// Notes that a client, who has no answer under way, asks at `now_ns`.
    pub(crate) fn ask(&mut self, client: u32, ask: Ask, punctuality: Punctuality, now_ns: u64) {
        let asker = &mut self.clients[client as usize];
        let phase = self.edges.phase_at(ask.due_ns);
        asker.sent += 1;
        asker.answer = Some(Answer {
            due_ns: ask.due_ns,
            phase,
            parts: self.answers.parts_of(self.seed, ask.k),
            ledger: Ledger::default(),
            first_ns: 0,
            last_ns: 0,
        });
        self.under_way += 1;
        if phase == Phase::Measure {
            self.tally.late += u64::from(punctuality == Punctuality::Late);
        }
        if self.edges.phase_at(now_ns) == Phase::Measure {
            self.tally.at_once_peak = self.tally.at_once_peak.max(self.under_way);
        }
    }

    /// Notes the reception of part `n` (from 1); `None` when no answer of that client has such a part.
    pub(crate) fn part(
        &mut self,
        client: u32,
        n: u64,
        now_ns: u64,
        histograms: &mut Histograms,
    ) -> Option<Reception> {
        let asker = &mut self.clients[client as usize];
        let answer = asker.answer.as_mut().filter(|answer| (1..=answer.parts.into()).contains(&n))?;
        let reception = answer.ledger.receive(n);
        if reception == Reception::Duplicate {
            return Some(reception);
        }
        let is_measured = answer.phase == Phase::Measure;
        asker.delivered += u64::from(is_measured);
        if answer.first_ns == 0 {
            answer.first_ns = now_ns;
            let latency_us = micros(now_ns.saturating_sub(answer.due_ns));
            histograms.record(Figure::FirstPart, answer.phase, latency_us);
        } else {
            let gap_ns = now_ns - answer.last_ns;
            histograms.record(Figure::PartGap, answer.phase, micros(gap_ns));
            self.tally.stalls += u64::from(is_measured && gap_ns > self.answers.stall_ns);
        }
        answer.last_ns = now_ns;
        Some(reception)
    }

    /// Notes that a client's answer is over; nothing where it has none.
    pub(crate) fn over(&mut self, client: u32, how: Over, histograms: &mut Histograms) {
        let Some(answer) = self.clients[client as usize].answer.take() else { return };
        self.under_way -= 1;
        let parts = u64::from(answer.parts);
        let ledger = answer.ledger.close(1, parts + 1);
        self.duplicated += ledger.duplicated;
        self.reordered += ledger.reordered;
        if how == Over::Ended && ledger.lost == 0 {
            self.tally.completed += u64::from(answer.phase == Phase::Measure);
            let whole_us = micros(answer.last_ns.saturating_sub(answer.due_ns));
            histograms.record(Figure::Answer, answer.phase, whole_us);
            if let Some(per_part_ns) = (answer.last_ns - answer.first_ns).checked_div(parts - 1) {
                histograms.record(Figure::PerPart, answer.phase, micros(per_part_ns));
            }
        }
        self.may_ask(client);
    }

    /// Notes that a client can ask, or may be able to.
    pub(crate) fn may_ask(&mut self, client: u32) {
        let asker = &mut self.clients[client as usize];
        if asker.answer.is_none() && !std::mem::replace(&mut asker.is_in_queue, true) {
            self.free.push_back(client);
        }
    }

    /// The next one of those that may ask again.
    pub(crate) fn take_free(&mut self) -> Option<u32> {
        let client = self.free.pop_front()?;
        self.clients[client as usize].is_in_queue = false;
        Some(client)
    }

    /// Whether anybody may ask again.
    pub(crate) fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// What a client was owed and got, whose asks these are. An answer that is still under way has been cut short.
    pub(crate) fn close(&mut self, client: u32, asks: impl Iterator<Item = Ask>) -> Tally {
        // Of an answer that is not over nothing goes into the histograms, which have been handed over.
        self.over(client, Over::CutShort, &mut Histograms::new());
        let Asker { sent, delivered, .. } = self.clients[client as usize];
        let mut expected = 0;
        for (at, ask) in asks.enumerate() {
            if self.edges.phase_at(ask.due_ns) != Phase::Measure {
                continue;
            }
            self.tally.asked += 1;
            self.tally.unsent += u64::from(at >= sent);
            expected += u64::from(self.answers.parts_of(self.seed, ask.k));
        }
        Tally { expected, delivered, lost: expected - delivered, ..Tally::default() }
    }

    /// The sums, once every client's account is closed: what became of answers, and parts that came twice or late.
    pub(crate) fn sums(&self) -> (AnswerTally, Tally) {
        let AnswerTally { asked, completed, unsent, .. } = self.tally;
        let tally = AnswerTally { cut_short: asked - unsent - completed, ..self.tally };
        let parts = Tally { duplicated: self.duplicated, reordered: self.reordered, ..Tally::default() };
        (tally, parts)
    }
}

#[cfg(test)]
mod tests;
