//! What the loop is ordered to do, and the end of a step, which takes a while.

use pushbench_measure::snapshot::{WorkerFinal, WorkerSnapshot};
use pushbench_measure::{Counters, PhaseEdges};
use pushbench_probe::bell::Bell;
use pushbench_scenario::patience;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;
use tokio::sync::oneshot;

use super::{Course, Driver};
use crate::arrivals::Arrivals;
use crate::books;
use crate::errands::Errands;

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
    Finish { tick_ns: u64, reply: oneshot::Sender<Box<(WorkerSnapshot, WorkerFinal)>> },
}

/// Where orders come from, and the bell that rings when there is one.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) orders: Receiver<Order>,
    pub(crate) bell: Arc<Bell>,
}

/// The end of a step, ordered and under way.
pub(super) struct Finish {
    /// What was recorded until then, and the books.
    closed: Box<(WorkerSnapshot, WorkerFinal)>,
    stage: Stage,
    reply: oneshot::Sender<Box<(WorkerSnapshot, WorkerFinal)>>,
}

/// What is waited for at the end of a step, and until when: whoever is not done by then is cut off.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The last reading of the sockets.
    Reading { until_ns: u64 },
    /// The goodbyes of the clients.
    Leaving { until_ns: u64 },
}

impl Finish {
    /// When it goes on at the latest.
    pub(super) fn until_ns(&self) -> u64 {
        match self.stage {
            Stage::Reading { until_ns } | Stage::Leaving { until_ns } => until_ns,
        }
    }
}

impl Driver {
    /// Takes the orders there are.
    pub(super) fn obey(&mut self, now_ns: u64) -> Course {
        if !std::mem::take(&mut self.is_called) {
            return Course::GoesOn;
        }
        loop {
            match self.orders.orders.try_recv() {
                Ok(order) => self.take(order, now_ns),
                Err(TryRecvError::Empty) => return Course::GoesOn,
                Err(TryRecvError::Disconnected) => return Course::Ends,
            }
        }
    }

    fn take(&mut self, order: Order, now_ns: u64) {
        match order {
            Order::Connect { start_ns, reply } => self.connect(start_ns, reply),
            Order::Begin(edges) => {
                self.recorder.edges = Some(edges);
                let errands = self.errands.get_or_insert_with(|| self.thread.errands(edges.start_ns));
                errands.begin(edges, &self.thread.meter);
            }
            Order::Report { tick_ns, reply } => {
                let _ = reply.send(self.recorder.report(tick_ns));
            }
            Order::Count { reply } => {
                let _ = reply.send(self.recorder.counters);
            }
            Order::Finish { tick_ns, reply } => {
                let last = self.recorder.report(tick_ns);
                let at_edges = self.errands.as_ref().map(Errands::at_edges).unwrap_or_default();
                let sums = books::close(&self.thread.share, &mut self.recorder, &at_edges, now_ns);
                let until_ns = after(now_ns, patience::last_reading(self.thread.share.clients));
                let stage = Stage::Reading { until_ns };
                self.finish = Some(Finish { closed: Box::new((last, sums)), stage, reply });
            }
        }
    }

    fn connect(&mut self, start_ns: u64, reply: oneshot::Sender<()>) {
        self.all_ready = Some(reply);
        if self.arrivals.is_some() {
            return;
        }
        self.clients.reserve_exact(self.clients_in_all as usize);
        self.arrivals = Some(Arrivals::new(Rc::clone(&self.thread.share), start_ns));
        self.errands = Some(self.thread.errands(start_ns));
    }

    /// Says that everybody is ready as soon as that is so.
    pub(super) fn tell_ready(&mut self) {
        if self.all_ready.is_some() && self.recorder.ever_connected == self.clients_in_all {
            let _ = self.all_ready.take().map(|reply| reply.send(()));
        }
    }

    /// Brings a step whose end was ordered nearer to it.
    pub(super) fn conclude(&mut self, now_ns: u64) -> Course {
        let (is_reading, is_deserted) = (self.is_reading(now_ns), self.is_deserted());
        let Some(finish) = &mut self.finish else { return Course::GoesOn };
        match finish.stage {
            Stage::Reading { until_ns } if is_reading && now_ns < until_ns => Course::GoesOn,
            Stage::Reading { .. } => {
                self.thread.is_over = true;
                let until_ns = after(now_ns, patience::farewell(self.thread.share.clients));
                finish.stage = Stage::Leaving { until_ns };
                Course::GoesOn
            }
            Stage::Leaving { until_ns } if !is_deserted && now_ns < until_ns => Course::GoesOn,
            Stage::Leaving { .. } => {
                self.hand_over();
                Course::Ends
            }
        }
    }

    /// Completes the books by what the sockets carried until now, and gives them away.
    fn hand_over(&mut self) {
        let Some(Finish { mut closed, reply, .. }) = self.finish.take() else { return };
        let (_, sums) = &mut *closed;
        sums.wire = self.thread.meter.log();
        let at_readings = self.errands.as_ref().map(Errands::at_readings);
        let [begin, end, idle_begin, idle_end] = at_readings.unwrap_or_default();
        sums.at_readings = [begin, end, idle_begin, idle_end, self.recorder.counters];
        let _ = reply.send(closed);
    }

    /// Whether the step is over and everybody has left.
    pub(super) fn is_deserted(&self) -> bool {
        self.thread.is_over && self.thread.held == 0
    }

    /// Whether sockets are still to be read. The last reading begins with the end of the step; a step that is ended early has
    /// none.
    fn is_reading(&self, now_ns: u64) -> bool {
        self.recorder.edges.is_some_and(|edges| edges.end_ns <= now_ns)
            && self.errands.as_ref().is_some_and(Errands::has_readings)
    }
}

fn after(now_ns: u64, time: Duration) -> u64 {
    now_ns.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
