//! What the loop is ordered to do, and the end of a step, which takes a while.

use pushbench_measure::snapshot::{WorkerFinal, WorkerSnapshot};
use pushbench_measure::{Counters, PhaseEdges};
use pushbench_probe::bell::Bell;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::patience;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;
use tokio::sync::oneshot;

use super::{Course, Driver};
use crate::absences::Absences;
use crate::arrivals::Arrivals;
use crate::books::{self, Beside};
use crate::errands::Errands;
use crate::lives::Lives;

/// The last report, and the books closed at the same instant.
pub(crate) type Closed = (WorkerSnapshot, WorkerFinal);

/// One order; an answer that nobody waits for any more is not missed.
#[derive(Debug)]
pub(crate) enum Order {
    /// Let the clients arrive, the first of the step at `start_ns`, and say when every one has been ready once.
    Connect { start_ns: u64, reply: oneshot::Sender<()> },
    /// These are the phases.
    Begin(PhaseEdges),
    /// Say what was recorded since the last time.
    Report { tick_ns: u64, reply: oneshot::Sender<WorkerSnapshot> },
    /// Say what was counted since the beginning.
    Count { reply: oneshot::Sender<Counters> },
    /// The same for the last time, with the books; then see everybody off.
    Finish { tick_ns: u64, reply: oneshot::Sender<Box<Closed>> },
}

/// Where orders come from, and the bell that rings when there is one.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) channel: Receiver<Order>,
    pub(crate) bell: Arc<Bell>,
}

/// The end of a step, ordered and under way.
pub(super) struct Ending {
    /// What was recorded until then, and the books.
    closed: Box<Closed>,
    stage: Stage,
    reply: oneshot::Sender<Box<Closed>>,
}

/// What is waited for at the end of a step, and until when: whoever is not done by then is cut off.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The last reading of the sockets.
    Reading { until_ns: u64 },
    /// The goodbyes of the clients.
    Leaving { until_ns: u64 },
}

impl Ending {
    /// When it goes on at the latest.
    pub(super) fn until_ns(&self) -> u64 {
        match self.stage {
            Stage::Reading { until_ns } | Stage::Leaving { until_ns } => until_ns,
        }
    }
}

impl Driver {
    /// Takes the orders there are.
    pub(super) fn obey(&mut self) -> Course {
        loop {
            match self.orders.channel.try_recv() {
                Ok(order) => self.take(order),
                Err(TryRecvError::Empty) => return Course::GoesOn,
                Err(TryRecvError::Disconnected) => return Course::Ends,
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Connect { start_ns, reply } => self.connect(start_ns, reply),
            Order::Begin(edges) => {
                self.recorder.edges = Some(edges);
                self.begin_lives(&edges);
                if let Some(slow) = &mut self.thread.slow {
                    slow.begin(edges);
                }
                self.errands_from(edges.start_ns);
                self.sends_from(edges);
                if let Some(errands) = &mut self.errands {
                    errands.begin(edges, &self.thread.meter);
                }
                self.ask_from_now_on();
            }
            Order::Report { tick_ns, reply } => {
                let _ = reply.send(self.recorder.report(tick_ns));
            }
            Order::Count { reply } => {
                let _ = reply.send(self.recorder.counters);
            }
            Order::Finish { tick_ns, reply } if self.ending.is_none() => self.finish(tick_ns, reply),
            Order::Finish { .. } => {}
        }
    }

    /// Only where clients come, go or are dropped is there anything to begin.
    fn begin_lives(&mut self, edges: &PhaseEdges) {
        let share = &self.thread.share;
        self.lives = Lives::of(share, edges);
        self.recorder.absences = Absences::of(share, edges);
        if let Some(absences) = &mut self.recorder.absences {
            absences.begin(&self.recorder.accounts);
        }
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.begin(edges.start_ns);
        }
    }

    fn connect(&mut self, start_ns: u64, reply: oneshot::Sender<()>) {
        self.all_ready.push(reply);
        if self.arrivals.is_none() {
            self.clients.reserve_exact(self.clients_in_all as usize);
            if self.thread.share.posts() {
                self.uplinks.reserve_exact(self.clients_in_all as usize);
            }
            let mut arrivals = Arrivals::new(Rc::clone(&self.thread.share), start_ns);
            if let Some(edges) = self.recorder.edges {
                arrivals.begin(edges.start_ns);
            }
            self.arrivals = Some(arrivals);
            self.errands_from(start_ns);
        }
    }

    /// Sees to it that there are errands, in a step that begins at `start_ns` at the latest.
    fn errands_from(&mut self, start_ns: u64) {
        let share = &self.thread.share;
        self.errands.get_or_insert_with(|| Errands::new(share.plan.seed, share.worker, start_ns));
    }

    fn finish(&mut self, tick_ns: u64, reply: oneshot::Sender<Box<Closed>>) {
        // Not the instant of the turn: the end of the step may have come since.
        let now_ns = now_ns();
        let last = self.recorder.report(tick_ns);
        let at_edges = self.errands.as_ref().map(Errands::at_edges).unwrap_or_default();
        self.note_unsent_messages(now_ns);
        let sums = books::close(
            &self.thread.share,
            &mut self.recorder,
            Beside { slow: self.thread.slow.as_ref(), asks: self.asks.as_ref() },
            &at_edges,
            now_ns,
        );
        // The last reading begins with the end of the step; a step that is ended early has none.
        let has_ended = self.recorder.edges.is_some_and(|edges| edges.end_ns <= now_ns);
        let patience =
            if has_ended { patience::last_reading(self.thread.share.clients) } else { Duration::ZERO };
        let stage = Stage::Reading { until_ns: after(now_ns, patience) };
        self.ending = Some(Ending { closed: Box::new((last, sums)), stage, reply });
    }

    /// Says that everybody is ready who arrives in the ramp, as soon as that is so.
    pub(super) fn tell_ready(&mut self) {
        if self.recorder.ever_connected >= self.clients_in_ramp {
            for reply in self.all_ready.drain(..) {
                let _ = reply.send(());
            }
        }
    }

    /// Brings a step whose end was ordered nearer to it.
    pub(super) fn conclude(&mut self, now_ns: u64) -> Course {
        if !self.is_conclusion_due(now_ns) {
            return Course::GoesOn;
        }
        match self.ending.take() {
            Some(Ending { closed, stage: Stage::Reading { .. }, reply }) => {
                self.thread.is_over = true;
                let until_ns = after(now_ns, patience::farewell(self.thread.share.clients));
                self.ending = Some(Ending { closed, stage: Stage::Leaving { until_ns }, reply });
                Course::GoesOn
            }
            Some(Ending { closed, stage: Stage::Leaving { .. }, reply }) => {
                let _ = reply.send(self.completed(closed));
                Course::Ends
            }
            None => Course::GoesOn,
        }
    }

    /// Whether what is waited for at the end of a step has come, or will not be waited for any longer.
    pub(super) fn is_conclusion_due(&self, now_ns: u64) -> bool {
        let is_left = match self.ending.as_ref().map(|ending| ending.stage) {
            Some(Stage::Reading { .. }) => self.errands.as_ref().is_some_and(Errands::has_readings),
            Some(Stage::Leaving { .. }) => self.thread.held > 0,
            None => return false,
        };
        !is_left || self.ending.as_ref().is_some_and(|ending| ending.until_ns() <= now_ns)
    }

    /// The books with what the sockets carried until now.
    fn completed(&self, mut closed: Box<Closed>) -> Box<Closed> {
        let (_, sums) = &mut *closed;
        sums.wire = self.thread.meter.log();
        let at_readings = self.errands.as_ref().map(Errands::at_readings);
        let [begin, end, idle_begin, idle_end] = at_readings.unwrap_or_default();
        sums.at_readings = [begin, end, idle_begin, idle_end, self.recorder.counters];
        closed
    }
}

fn after(now_ns: u64, time: Duration) -> u64 {
    now_ns.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
