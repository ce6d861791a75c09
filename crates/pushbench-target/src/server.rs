//! What everything on a target's event loop shares: limits, hub, connections and counters.

use pushbench_measure::Histograms;
use pushbench_measure::snapshot::TargetSnapshot;
use pushbench_transport::meter::Meter;
use pushbench_transport::server::{Refusal, TopicName};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::{Notify, watch};

use crate::config::{Config, Limits, Served};
use crate::connection::{Connection, Overdue};
use crate::hub::{Hub, Keep};
use crate::inject::Injector;
use crate::publishing::Scheduled;
use crate::reserved::Reserved;

/// Golden ratio: its multiples, less their whole parts, spread evenly over 0..1.
const SPREAD: f64 = 0.618_033_988_749_895;

pub(crate) struct Server {
    pub(crate) limits: Limits,
    pub(crate) settings: Served,
    pub(crate) hub: Rc<Hub>,
    /// What goes wrong on purpose.
    pub(crate) injector: Option<Injector>,
    pub(crate) counters: Counters,
    /// Published − due of scheduled events.
    pub(crate) histograms: RefCell<Histograms>,
    /// How far the publisher has come, once it has begun.
    pub(crate) scheduled: RefCell<Option<Scheduled>>,
    /// Topics that are not for publish requests now.
    pub(crate) reserved: Reserved,
    /// What the sockets carry on the wire.
    pub(crate) meter: Rc<Meter>,
    connections: RefCell<Slab<Rc<Connection>>>,
    connections_max: u64,
    emptied: Notify,
    closing: watch::Sender<bool>,
    held: Cell<u64>,
}

/// Sums since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: Counter,
    pub(crate) refused: Counter,
    pub(crate) requests: Counter,
    pub(crate) error_replies: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(Cell<u64>);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A connection's entry among those that are open; dropping it takes it out.
pub(crate) struct Entry {
    server: Rc<Server>,
    key: usize,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut connections = self.server.connections.borrow_mut();
        connections.remove(self.key);
        if connections.is_empty() {
            self.server.emptied.notify_one();
        }
    }
}

impl Server {
    pub(crate) fn new(config: &Config, meter: Meter) -> Self {
        let limits = config.limits;
        let keep = Keep {
            events: config.ring_events as usize,
            bytes: limits.ring_bytes,
            backlog_bytes: limits.queue_bytes,
        };
        Self {
            limits,
            settings: Served::new(&config.settings),
            hub: Rc::new(Hub::new(keep, limits.topics)),
            injector: config.inject.map(Injector::new),
            counters: Counters::default(),
            histograms: RefCell::default(),
            scheduled: RefCell::default(),
            reserved: Reserved::default(),
            meter: Rc::new(meter),
            connections: RefCell::default(),
            connections_max: limits.connections(),
            emptied: Notify::new(),
            closing: watch::Sender::new(false),
            held: Cell::new(0),
        }
    }

    /// Publishes the payload that `payload` makes of the event's number within its topic, and returns the number.
    ///
    /// Without injected faults the number is the id under which the event is delivered.
    pub(crate) fn publish(
        &self,
        topic: &TopicName,
        published_ns: u64,
        payload: impl FnOnce(u64) -> String,
    ) -> Result<u64, Refusal> {
        match &self.injector {
            None => self.hub.publish(topic, payload),
            Some(injector) => injector.publish(&self.hub, topic, published_ns, payload),
        }
    }

    /// Takes a connection in, unless there are as many as there may be.
    pub(crate) fn enter(self: &Rc<Self>, connection: &Rc<Connection>) -> Option<Entry> {
        let mut connections = self.connections.borrow_mut();
        let room = (connections.len() as u64) < self.connections_max;
        room.then(|| Entry { server: Rc::clone(self), key: connections.insert(Rc::clone(connection)) })
    }

    /// The most connections at once.
    pub(crate) fn connections_max(&self) -> u64 {
        self.connections_max
    }

    /// Closes connections whose client takes too long.
    pub(crate) fn expire(&self, now_ns: u64) {
        for (_, connection) in self.connections.borrow().iter() {
            let Some(overdue) = connection.overdue(now_ns, &self.limits) else { continue };
            if connection.cut() && overdue == Overdue::Reading {
                self.hub.slow.set(self.hub.slow.get() + 1);
            }
        }
    }

    /// Where in the jitter of its timeout the next held request falls, from -1 to 1.
    pub(crate) fn next_jitter(&self) -> f64 {
        self.held.set(self.held.get() + 1);
        (self.held.get() as f64 * SPREAD).fract() * 2.0 - 1.0
    }

    /// What the present schedule has to say, if there is one.
    pub(crate) fn scheduled<T>(&self, ask: impl FnOnce(&mut Scheduled) -> T) -> Option<T> {
        self.scheduled.borrow_mut().as_mut().map(ask)
    }

    /// Asks for the end.
    pub(crate) fn shutdown(&self) {
        self.closing.send_replace(true);
    }

    /// Resolves when the end was asked for.
    pub(crate) fn until_shutdown(&self) -> impl Future<Output = ()> + use<> {
        let mut closing = self.closing.subscribe();
        async move {
            // An error means that the server is gone.
            let _ = closing.wait_for(|closing| *closing).await;
        }
    }

    /// Ends streams, answers held requests and closes idle connections; resolves when none is left.
    pub(crate) async fn drain(&self) {
        self.hub.close();
        for (_, connection) in self.connections.borrow().iter() {
            connection.drain();
        }
        while !self.connections.borrow().is_empty() {
            self.emptied.notified().await;
        }
    }

    /// Closes every connection that is left, at once.
    pub(crate) fn cut_all(&self) {
        for (_, connection) in self.connections.borrow().iter() {
            connection.cut();
        }
    }

    /// Totals now, and the histograms since the last call.
    pub(crate) fn snapshot(&self, now_ns: u64) -> TargetSnapshot {
        TargetSnapshot { histograms: self.histograms.take(), ..self.totals(now_ns) }
    }

    /// Totals now, without histograms.
    pub(crate) fn totals(&self, now_ns: u64) -> TargetSnapshot {
        let skipped = self.scheduled(|scheduled| scheduled.skipped(now_ns));
        TargetSnapshot {
            tick_ns: now_ns,
            connections: self.connections.borrow().len() as u64,
            subscribers: self.hub.subscribers.get(),
            published: self.hub.published.get(),
            publishes_skipped: skipped.unwrap_or_default(),
            sent: self.hub.sent.get(),
            accepted: self.counters.accepted.get(),
            refused: self.counters.refused.get(),
            requests: self.counters.requests.get(),
            error_replies: self.counters.error_replies.get(),
            slow_disconnects: self.hub.slow.get(),
            histograms: Histograms::new(),
            wire: None,
        }
    }
}
