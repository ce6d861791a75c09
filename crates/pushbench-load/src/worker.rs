//! One worker: lets its clients arrive, reports, and closes the books.
//!
//! A worker lives on one thread, inside a tokio `LocalSet`. It does not know who asks for its reports.

use pushbench_measure::snapshot::{WorkerFinal, WorkerSnapshot};
use pushbench_measure::wire::{Opened, READINGS};
use pushbench_measure::{Counters, Figure, Histograms, PhaseEdges, micros};
use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::patience;
use pushbench_scenario::plan::topic_of_client;
use pushbench_scenario::schedule::{EventSchedule, events_between, looks};
use pushbench_scenario::share::WorkerShare;
use pushbench_transport::meter::Meter;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use tokio::task::{JoinHandle, spawn_local};

use crate::account::Account;
use crate::arrivals::Arrivals;
use crate::driver::{Driver, Stop};
use crate::recorder::Recorder;
use crate::thread::Thread;

/// How often a worker looks how late its own timer is, and at ages: once in each slot of this length.
const LOOK_SLOT_NS: u64 = 20_000_000;

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No timer could be made.
    #[error("cannot make a timer: {0}")]
    Timer(#[source] io::Error),
    /// No set of sockets could be made.
    #[error("cannot make an epoll set: {0}")]
    Poller(#[source] io::Error),
    /// The share names no target.
    #[error("a worker needs the address of a target")]
    NoTarget,
}

/// A worker with its share of a step.
pub struct Worker {
    share: Rc<WorkerShare>,
    alarm: Alarm,
    recorder: Rc<RefCell<Recorder>>,
    meter: Rc<Meter>,
    stop: Rc<Stop>,
    /// Where the clients are to live; taken when they begin to arrive.
    thread: RefCell<Option<Thread>>,
    /// The task that drives the clients.
    driving: RefCell<Option<JoinHandle<()>>>,
    /// Counters at the begin and the end of the measure phase, once these have been noted.
    edges: Rc<Cell<[Option<Counters>; 2]>>,
    /// Counters at the readings of all sockets.
    at_readings: Rc<Cell<[Counters; READINGS]>>,
    /// The task that takes the readings.
    readings: RefCell<Option<JoinHandle<()>>>,
}

impl Worker {
    /// A worker that has no connection yet. Must be called inside a `LocalSet`.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn new(share: WorkerShare) -> Result<Self, LoadError> {
        let target = *share.targets.first().ok_or(LoadError::NoTarget)?;
        let alarm = Alarm::new().map_err(LoadError::Timer)?;
        spawn_local(alarm.run());
        let meter = Rc::new(Meter::new(Opened::Here, target));
        let share = Rc::new(share);
        let thread = Thread::new(Rc::clone(&share), Rc::clone(&meter)).map_err(LoadError::Poller)?;
        let recorder = Recorder { histograms: Histograms::prepared(), ..Recorder::default() };
        Ok(Self {
            share,
            alarm,
            recorder: Rc::new(RefCell::new(recorder)),
            meter,
            stop: Rc::default(),
            thread: RefCell::new(Some(thread)),
            driving: RefCell::default(),
            edges: Rc::default(),
            at_readings: Rc::default(),
            readings: RefCell::default(),
        })
    }

    /// The thread's alarm clock, for whoever drives the worker.
    #[must_use]
    pub fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// Lets the clients arrive by the schedule; the step's first client is due at `start_ns`. They arrive once: whatever is
    /// said later does nothing.
    pub fn connect(&self, start_ns: u64) {
        let Some(thread) = self.thread.take() else { return };
        let driver = Driver::new(thread, Arrivals::new(Rc::clone(&self.share), start_ns));
        let driving = driver.run(self.alarm.clone(), Rc::clone(&self.recorder), Rc::clone(&self.stop));
        self.driving.replace(Some(spawn_local(driving)));
        let looks = looks(self.share.plan.seed, self.share.worker);
        spawn_local(look_around(self.alarm.clone(), Rc::clone(&self.recorder), start_ns, looks));
    }

    /// Whether every client of this worker has been ready once.
    #[must_use]
    pub fn all_ready(&self) -> bool {
        self.recorder.borrow().ever_connected as usize == self.share.client_numbers().count()
    }

    /// Makes the phases known; must be called before they begin.
    pub fn begin(&self, edges: PhaseEdges) {
        self.recorder.borrow_mut().edges = Some(edges);
        let (alarm, recorder) = (self.alarm.clone(), Rc::clone(&self.recorder));
        let noted = Rc::clone(&self.edges);
        spawn_local(async move {
            for (at, instant_ns) in [edges.measure_ns, edges.drain_ns].into_iter().enumerate() {
                alarm.until(instant_ns).await;
                let mut both = noted.get();
                both[at] = Some(recorder.borrow().counters);
                noted.set(both);
            }
        });
        let (alarm, recorder) = (self.alarm.clone(), Rc::clone(&self.recorder));
        let (meter, noted) = (Rc::clone(&self.meter), Rc::clone(&self.at_readings));
        let readings = spawn_local(async move {
            let note = |at: usize| {
                let mut all = noted.get();
                all[at] = recorder.borrow().counters;
                noted.set(all);
            };
            meter.follow(&alarm, edges, note).await;
        });
        self.readings.replace(Some(readings));
    }

    /// The report due at `tick_ns`: what was recorded since the one before.
    #[must_use]
    pub fn report(&self, tick_ns: u64) -> WorkerSnapshot {
        let mut recorder = self.recorder.borrow_mut();
        WorkerSnapshot {
            tick_ns,
            connected: recorder.ready_now,
            ever_connected: recorder.ever_connected,
            counters: recorder.counters,
            histograms: recorder.histograms.take(),
        }
    }

    /// The last report, due at `tick_ns`, and the books, closed at the same instant; then a goodbye on every connection.
    ///
    /// What arrives after that instant, while the sockets are read once more and while they are closed, is in no
    /// histogram, ledger or edge. Only the counters beside the readings of the sockets go on: what is compared with a
    /// reading has to include what the reading includes.
    pub async fn finish(&self, tick_ns: u64) -> (WorkerSnapshot, WorkerFinal) {
        let last = self.report(tick_ns);
        let mut sums = self.sums();
        // The last reading of the sockets begins with the end of the step; a step that is ended early has none.
        let edges = self.recorder.borrow().edges;
        let ended = edges.is_some_and(|edges| edges.end_ns <= now_ns());
        if let Some(readings) = self.readings.take().filter(|_| ended) {
            let _ = tokio::time::timeout(patience::last_reading(self.share.clients), readings).await;
        }
        // Whoever is not done by then is cut off with the process.
        if let Some(driving) = self.driving.take() {
            self.stop.tell();
            let _ = tokio::time::timeout(patience::farewell(self.share.clients), driving).await;
        }
        sums.wire = self.meter.log();
        let [begin, end, idle_begin, idle_end] = self.at_readings.get();
        sums.at_readings = [begin, end, idle_begin, idle_end, self.recorder.borrow().counters];
        (last, sums)
    }

    /// The books as they are now.
    fn sums(&self) -> WorkerFinal {
        let mut recorder = self.recorder.borrow_mut();
        let (now_ns, counters) = (now_ns(), recorder.counters);
        // An edge that has passed and is not noted yet is being noted; one that never came is nothing.
        let at_edge = |noted: Option<Counters>, edge_ns: fn(&PhaseEdges) -> u64| {
            let has_passed = recorder.edges.is_some_and(|edges| edge_ns(&edges) <= now_ns);
            noted.or(has_passed.then_some(counters)).unwrap_or_default()
        };
        let [at_measure, at_drain] = self.edges.get();
        let at_measure = at_edge(at_measure, |edges| edges.measure_ns);
        let at_drain = at_edge(at_drain, |edges| edges.drain_ns);
        let mut sums = WorkerFinal { edges: [at_measure, at_drain, counters], ..WorkerFinal::default() };
        match recorder.edges {
            Some(edges) => self.close_accounts(&mut recorder.accounts, &edges, &mut sums),
            None => sums.tally.intended = self.share.client_numbers().count() as u64,
        }
        sums
    }

    fn close_accounts(&self, accounts: &mut [Account], edges: &PhaseEdges, sums: &mut WorkerFinal) {
        let topics = self.share.plan.topics(self.share.clients);
        let schedule = EventSchedule::new(self.share.plan.events, topics, self.share.plan.seed);
        let due =
            events_between(schedule, edges.measure_ns - edges.start_ns, edges.drain_ns - edges.start_ns);
        for account in &mut *accounts {
            let tally = account.close(&due[account.topic as usize], edges);
            sums.tally.add(&tally);
            sums.delivered_per_client.record(tally.delivered);
            if let Some(mean_us) = account.latency_mean_us() {
                sums.latency_mean_per_client.record(mean_us);
            }
            sums.age.add(&account.age.finish(edges.measure_ns, edges.drain_ns));
        }
        // Clients whose arrival the step did not live to see.
        for client in self.share.client_numbers().skip(accounts.len()) {
            let topic = topic_of_client(client, topics);
            sums.tally.add(&Account::new(0, topic).close(&due[topic as usize], edges));
        }
    }
}

/// Looks now and then how late this thread's timers are, which is part of the run's own verdict, and how old what its
/// clients hold: once in each slot, at any instant of it. Regular instants would keep step with a regular publisher, and
/// every look would meet the same age.
async fn look_around(
    alarm: Alarm,
    recorder: Rc<RefCell<Recorder>>,
    start_ns: u64,
    looks: impl Iterator<Item = f64>,
) {
    for (slot, at) in (0..).zip(looks) {
        let due_ns = start_ns + slot * LOOK_SLOT_NS + (at * LOOK_SLOT_NS as f64) as u64;
        alarm.until(due_ns).await;
        let now_ns = now_ns();
        let mut recorder = recorder.borrow_mut();
        let phase = recorder.phase_at(due_ns);
        recorder.histograms.record(Figure::TimerLate, phase, micros(now_ns.saturating_sub(due_ns)));
        recorder.look_at_ages(now_ns);
    }
}
