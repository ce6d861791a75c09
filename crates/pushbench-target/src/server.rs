//! What everything on a target's event loop shares: limits, counters, the faults on purpose, and the driver.

use pushbench_measure::Histograms;
use pushbench_measure::snapshot::TargetSnapshot;
use pushbench_probe::clock::now_ns;
use pushbench_probe::readiness::Poller;
use pushbench_transport::meter::Meter;
use pushbench_transport::server::{Refusal, TopicName};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_local;

use crate::answers::Answers;
use crate::config::{Config, Limits};
use crate::driver::{Driver, Lent};
use crate::errors::TargetError;
use crate::http::{self, Stream};
use crate::hub::Hub;
use crate::inject::Injector;
use crate::key::Key;
use crate::listener::Listener;
use crate::publishing::Scheduled;
use crate::reserved::Reserved;

/// Connections looked at in a row for those that take too long.
const EXPIRED_IN_A_ROW: usize = 1024;

pub(crate) struct Server {
    pub(crate) limits: Limits,
    /// Borrowed by whoever runs, for as long as it calls nobody who might borrow it too.
    pub(crate) driver: RefCell<Driver>,
    /// What goes wrong on purpose.
    pub(crate) injector: Option<Injector>,
    pub(crate) counters: Rc<Counters>,
    /// Published − due of scheduled events.
    pub(crate) histograms: RefCell<Histograms>,
    /// How far the publisher has come, once it has begun.
    pub(crate) scheduled: RefCell<Option<Scheduled>>,
    /// Topics that are not for publish requests now.
    pub(crate) reserved: Rc<Reserved>,
    pub(crate) answers: Rc<Answers>,
    /// What the sockets carry on the wire.
    pub(crate) meter: Rc<Meter>,
    /// There is something to do for the driver.
    more: Notify,
    emptied: Notify,
    closing: watch::Sender<bool>,
    /// Why it serves no longer, if so.
    failure: watch::Sender<Option<Rc<TargetError>>>,
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

/// A connection's entry among those that the HTTP library has; dropping it takes it out.
struct Entry {
    server: Rc<Server>,
    key: usize,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.server.driver.borrow_mut().returned(self.key);
        self.server.note_emptiness();
    }
}

impl Server {
    /// # Errors
    /// When the kernel has no room to watch the listening socket.
    pub(crate) fn new(
        config: &Config,
        listener: Listener,
        meter: Meter,
        poller: &Rc<Poller>,
    ) -> io::Result<Self> {
        poller.add(&listener, Key::LISTENER.to_u64())?;
        let (counters, meter) = (Rc::new(Counters::default()), Rc::new(meter));
        let reserved = Rc::new(Reserved::default());
        let answers = Rc::new(Answers::new(config.answers.clone(), Rc::clone(&reserved)));
        let shared = (Rc::clone(&counters), Rc::clone(&answers));
        let driver = Driver::new(config, listener, Rc::clone(&meter), Rc::clone(poller), shared);
        Ok(Self {
            limits: config.limits,
            driver: RefCell::new(driver),
            injector: config.inject.map(Injector::new),
            counters,
            histograms: RefCell::default(),
            scheduled: RefCell::default(),
            reserved,
            answers,
            meter,
            more: Notify::new(),
            emptied: Notify::new(),
            closing: watch::Sender::new(false),
            failure: watch::Sender::new(None),
        })
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
        self.with_hub(|hub| match &self.injector {
            None => hub.publish(topic, published_ns, payload),
            Some(injector) => injector.publish(hub, topic, published_ns, payload),
        })
    }

    /// Publishes a part of an answer, and the answer's end, which counts for no event; both in one go, so that whoever waits for
    /// either gets both.
    pub(crate) fn publish_answer(
        &self,
        topic: &TopicName,
        published_ns: u64,
        part: Option<String>,
        end: Option<String>,
    ) -> Result<(), Refusal> {
        self.with_hub(|hub| {
            let injector = self.injector.as_ref();
            let published = part.map(|part| match injector {
                None => hub.publish(topic, published_ns, |_| part),
                Some(injector) => injector.publish(hub, topic, published_ns, |_| part),
            });
            let ended = end.map(|end| match injector {
                None => hub.push(topic, published_ns, |_| end).map(drop),
                Some(injector) => injector.publish_end(hub, topic, published_ns, end),
            });
            published.transpose()?;
            ended.transpose().map(drop)
        })
    }

    /// Does something with the hub, and sees to it that what was published is delivered.
    pub(crate) fn with_hub<T>(&self, what: impl FnOnce(&mut Hub) -> T) -> T {
        let mut driver = self.driver.borrow_mut();
        let was_awaited = driver.hub.next_ns().is_some();
        let result = what(&mut driver.hub);
        driver.walk_at_once(now_ns);
        // The loop also has to learn of the first walk that begins later; the others begin after it.
        if driver.has_work() || driver.hub.next_ns().is_some() != was_awaited {
            self.more.notify_one();
        }
        drop(driver);
        self.note_emptiness();
        result
    }

    /// Number of topics.
    pub(crate) fn topics(&self) -> usize {
        self.driver.borrow().hub.topics()
    }

    /// Resolves when the driver has something to do that the poller does not know of.
    pub(crate) async fn until_there_is_more(&self) {
        self.more.notified().await;
    }

    /// Gives a connection to the HTTP library, until a request for events comes on it.
    pub(crate) fn lend(self: &Rc<Self>, lent: Lent) {
        let Lent { socket, bytes, patience } = lent;
        let Ok(stream) = Stream::new(socket, bytes) else { return };
        let connection = Rc::new(http::Connection::new(patience));
        let key = self.driver.borrow_mut().lent(Rc::clone(&connection));
        let entry = Entry { server: Rc::clone(self), key };
        let server = Rc::clone(self);
        spawn_local(async move {
            let adopted = http::drive(stream, Rc::clone(&server), connection).await;
            if let Some(adopted) = adopted {
                server.driver.borrow_mut().adopt(adopted, now_ns());
                server.more.notify_one();
            }
            drop(entry);
        });
    }

    /// Closes connections whose client takes too long, some at a time.
    pub(crate) async fn expire(&self) {
        let mut next = Some(0);
        while let Some(from) = next {
            next = self.driver.borrow_mut().expire(from, EXPIRED_IN_A_ROW, now_ns());
            tokio::task::yield_now().await;
        }
        self.driver.borrow_mut().expire_lent(now_ns());
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

    /// Notes that it cannot serve any longer.
    pub(crate) fn fail(&self, error: TargetError) {
        self.failure.send_replace(Some(Rc::new(error)));
    }

    /// Resolves when it cannot serve any longer, with the reason; else never.
    pub(crate) fn until_failure(&self) -> impl Future<Output = Rc<TargetError>> + use<> {
        let mut failure = self.failure.subscribe();
        async move {
            loop {
                let error = failure.borrow_and_update().clone();
                if let Some(error) = error {
                    return error;
                }
                // An error means that the server is gone, and has not failed.
                if failure.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// Ends streams, answers held requests and closes idle connections; resolves when none is left.
    pub(crate) async fn drain(&self) {
        self.driver.borrow_mut().drain();
        self.more.notify_one();
        while !self.driver.borrow().is_empty() {
            self.emptied.notified().await;
        }
    }

    /// Closes every connection that is left, at once.
    pub(crate) fn cut_all(&self) {
        self.driver.borrow_mut().cut_all();
    }

    /// Tells whoever waits for it that the last connection is gone.
    pub(crate) fn note_emptiness(&self) {
        if self.driver.borrow().is_empty() {
            self.emptied.notify_one();
        }
    }

    /// Totals now, and the histograms since the last call.
    pub(crate) fn snapshot(&self, now_ns: u64) -> TargetSnapshot {
        TargetSnapshot { histograms: self.histograms.take(), ..self.totals(now_ns) }
    }

    /// Totals now, without histograms.
    pub(crate) fn totals(&self, now_ns: u64) -> TargetSnapshot {
        let skipped = self.scheduled(|scheduled| scheduled.skipped(now_ns));
        let mut driver = self.driver.borrow_mut();
        let queued_bytes = driver.queued_bytes();
        let Hub { subscribers, published, sent, slow, skipped: slow_skipped, coalesced, .. } = driver.hub;
        TargetSnapshot {
            tick_ns: now_ns,
            connections: driver.len() as u64,
            subscribers,
            published,
            publishes_skipped: skipped.unwrap_or_default() + self.answers.unpublished.get(),
            sent,
            accepted: self.counters.accepted.get(),
            refused: self.counters.refused.get(),
            requests: self.counters.requests.get(),
            error_replies: self.counters.error_replies.get(),
            slow_disconnects: slow,
            slow_skipped,
            queued_bytes,
            coalesced,
            dropped: driver.dropped.connections,
            dropped_ns: driver.dropped.at_ns,
            histograms: Histograms::new(),
            wire: None,
        }
    }
}
