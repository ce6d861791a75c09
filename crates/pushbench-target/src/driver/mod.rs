//! All connections that ask for events, on one loop: accepting, reading, answering, waking, writing.
//!
//! A connection is an entry in a slab. It has no task, no future and no registration with the runtime: one poller reports
//! what is ready, and each turn of the loop does a bounded part of everything there is to do, so that nobody waits long
//! for anybody else. What a transport makes of requests, events and instants is its serving half's; whatever is no plain
//! request for events is lent to the HTTP library (`crate::http`), and comes back with the next request for events.
//!
//! Everything here belongs to one owner, [`Driver`], behind one cell of the server. Its functions call serving halves,
//! which know nothing of it, and nobody else: it is never entered twice.

mod accept;
mod answer;
mod ask;
mod connection;
mod date;
mod deliver;
mod drops;
mod end;
mod held;
mod queued;
mod receive;
mod said;
#[cfg(test)]
mod tests;
mod wake;

use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_probe::readiness::{Poller, Ready};
use pushbench_probe::timers::Timers;
use pushbench_scenario::{Coalesce, SlowPolicy};
use pushbench_transport::meter::{Meter, Metered};
use pushbench_transport::server::Batch;
use slab::Slab;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::task::yield_now;

use crate::answers::Answers;
use crate::config::{Config, Limits, Served};
use crate::http;
use crate::hub::{Bounds, Hub, Keep};
use crate::key::Key;
use crate::listener::Listener;
use crate::patience::Patience;
use crate::server::{Counters, Server};

use self::connection::{Connection, HeadFrom, Mode, Pipe};
use self::date::Date;
use self::drops::{Dropped, Port};
use self::said::Said;

pub(crate) use self::end::LINGER_NS;

/// Bytes read at once.
const READ_BYTES: usize = 64 << 10;
/// Sockets served in one turn, or reads and requests of them where these are more.
const SERVED: usize = 64;
/// Connections that go on by themselves in one turn, or reads and requests of them and events written to them.
const RESUMED: usize = 64;
const SECOND_NS: u64 = 1_000_000_000;

pub(crate) struct Driver {
    pub(crate) hub: Hub,
    limits: Limits,
    settings: Served,
    coalesce: Coalesce,
    slow: SlowPolicy,
    counters: Rc<Counters>,
    answers: Rc<Answers>,
    meter: Rc<Meter>,
    poller: Rc<Poller>,
    ready: Ready,
    /// How many of those reported last were served.
    served: usize,
    listener: Option<Listener>,
    connections_max: u64,
    connections: Slab<Connection>,
    generations: u32,
    /// Connections in the slab that are being refused.
    refusals: usize,
    /// Those that the HTTP library has.
    lent: Slab<Rc<http::Connection>>,
    /// Those that the HTTP library is to get.
    to_lend: Vec<Lent>,
    /// Those whose socket took nothing at some time since what waits was counted.
    blocked: Vec<Key>,
    /// What clients said in this turn.
    said: Vec<Said>,
    /// What the client at hand said; empty between clients.
    heard: Vec<String>,
    /// Connections that go on without a report of the poller.
    resumed: VecDeque<Key>,
    timers: Timers<Key>,
    /// Those whose instant has come, the latest first.
    due: Vec<Key>,
    /// Visits that may still be made until the end of this turn.
    visits: usize,
    /// Questions to serving halves so far.
    asked: u64,
    /// Reads and requests so far: what a turn is measured by, beside events.
    steps: u64,
    /// Whether the target shuts down.
    closing: bool,
    buffer: Vec<u8>,
    out: Vec<u8>,
    batch: Batch,
    date: Date,
    /// By storms and restarts.
    pub(crate) dropped: Dropped,
    port: Port,
}

/// A connection that comes from the HTTP library, with the request that it comes for and what was read behind it.
pub(crate) struct Adopted {
    pub(crate) socket: MeteredSocket,
    pub(crate) bytes: Vec<u8>,
}

/// A connection that goes to the HTTP library, with what was read of it.
pub(crate) struct Lent {
    pub(crate) socket: MeteredSocket,
    pub(crate) bytes: Vec<u8>,
    pub(crate) patience: Patience,
}

/// A socket that is owned with its entry in the account, so that nothing closes it before the last reading.
pub(crate) struct MeteredSocket {
    // Before the socket, because fields are dropped in this order.
    pub(crate) metered: Metered,
    pub(crate) socket: OwnedFd,
}

impl MeteredSocket {
    pub(crate) fn new(meter: &Rc<Meter>, socket: OwnedFd) -> Self {
        Self { metered: meter.watch(&socket), socket }
    }
}

impl Driver {
    pub(crate) fn new(
        config: &Config,
        listener: Listener,
        meter: Rc<Meter>,
        poller: Rc<Poller>,
        (counters, answers): (Rc<Counters>, Rc<Answers>),
    ) -> Self {
        let limits = config.limits;
        let keep = Keep {
            events: config.ring_events as usize,
            bytes: limits.ring_bytes,
            backlog_bytes: limits.queue_bytes,
        };
        Self {
            hub: Hub::new(keep, limits.topics, config.coalesce),
            limits,
            settings: Served::new(&config.settings),
            coalesce: config.coalesce,
            slow: config.slow,
            counters,
            answers,
            meter,
            poller,
            ready: Ready::new(),
            served: 0,
            listener: Some(listener),
            connections_max: limits.connections(),
            connections: Slab::new(),
            generations: 0,
            refusals: 0,
            lent: Slab::new(),
            to_lend: Vec::new(),
            blocked: Vec::new(),
            said: Vec::new(),
            heard: Vec::new(),
            resumed: VecDeque::new(),
            timers: Timers::default(),
            due: Vec::new(),
            visits: deliver::VISITS,
            asked: 0,
            steps: 0,
            closing: false,
            buffer: vec![0; READ_BYTES],
            out: Vec::new(),
            batch: Batch::default(),
            date: Date::default(),
            dropped: Dropped::default(),
            port: Port { address: None, send_buffer: config.send_buffer },
        }
    }

    /// Connections that are served.
    pub(crate) fn len(&self) -> usize {
        self.connections.len() - self.refusals + self.lent.len() + self.to_lend.len()
    }

    /// Whether nothing is left, refused connections included.
    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.lent.is_empty() && self.to_lend.is_empty()
    }

    fn bounds(&self) -> Bounds {
        Bounds { events: self.limits.reply_events, bytes: self.limits.reply_bytes }
    }

    /// The connection of that key, unless it is gone. Where other parts of the driver are wanted beside it, its place is
    /// looked up directly: by a key from here, or from its own slot of the hub, which it leaves when it goes.
    fn get(&mut self, key: Key) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(key.place())?;
        (connection.generation == key.generation()).then_some(connection)
    }

    /// One turn: a part of everything there is to do. True when there may be more at once.
    fn turn(&mut self) -> bool {
        let mut busy = self.look_around();
        let now_ns = now_ns();
        self.serve_ready(now_ns);
        busy |= self.accept(now_ns);
        self.wake_due(now_ns);
        self.hub.begin_due(now_ns);
        self.fan_out(now_ns);
        self.resume(now_ns);
        // Until the next turn, publishing may walk by itself.
        self.visits = deliver::VISITS;
        busy || self.has_work()
    }

    /// Asks the poller for more once all that it reported is served. True when there is something to serve.
    fn look_around(&mut self) -> bool {
        if self.served < self.ready.len() {
            return true;
        }
        self.served = 0;
        self.poller.look(&mut self.ready).unwrap_or(false)
    }

    /// Serves some of the sockets that were reported.
    fn serve_ready(&mut self, now_ns: u64) {
        let mut left = SERVED as u64;
        while left > 0 {
            let Some(readiness) = self.ready.get(self.served) else { return };
            self.served += 1;
            let steps = self.steps;
            self.ready(readiness, now_ns);
            left = left.saturating_sub((self.steps - steps).max(1));
        }
    }

    /// Whether something waits for the next turn.
    pub(crate) fn has_work(&self) -> bool {
        self.hub.has_unfinished()
            || !self.resumed.is_empty()
            || !self.to_lend.is_empty()
            || !self.due.is_empty()
    }

    /// When the loop has to go on though nothing happens.
    fn next_ns(&mut self) -> u64 {
        let accepting_ns = self.listener.as_ref().and_then(Listener::rests_until_ns);
        [self.timers.next_ns(), self.hub.next_ns(), accepting_ns]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Has a connection go on in the next turn.
    fn resume_later(&mut self, key: Key) {
        let Some(connection) = self.get(key) else { return };
        if !connection.queued {
            connection.queued = true;
            self.resumed.push_back(key);
        }
    }

    /// Lets some connections go on.
    fn resume(&mut self, now_ns: u64) {
        let mut left = RESUMED.min(self.resumed.len()) as u64;
        while left > 0 {
            let Some(key) = self.resumed.pop_front() else { return };
            let before = self.hub.sent + self.steps;
            if let Some(connection) = self.get(key) {
                connection.queued = false;
                self.advance(key, now_ns);
            }
            let after = self.hub.sent + self.steps;
            left = left.saturating_sub((after - before).max(1));
        }
    }

    /// Does what a connection can do now, without new bytes or a report.
    fn advance(&mut self, key: Key, now_ns: u64) {
        let closing = self.closing;
        let Some(connection) = self.get(key) else { return };
        if connection.pipe.is_blocked() {
            return;
        }
        match connection.mode {
            Mode::Asking => self.read_last(key, now_ns),
            Mode::Held(_) if closing => self.answer_held(key, now_ns),
            Mode::Streaming(_) => self.catch_up(key, now_ns),
            Mode::Ending(_) if !connection.pipe.has_unsent() => self.say_farewell(key, now_ns),
            Mode::Held(_) | Mode::Ending(_) | Mode::Lingering | Mode::Refused => {}
        }
        if self.get(key).is_some_and(|connection| connection.unread) {
            self.receive(key, now_ns);
        }
        self.leave_with_client(key);
    }

    /// Takes a connection over that is on the poller from now on.
    fn enter(&mut self, socket: MeteredSocket, now_ns: u64) -> Option<Key> {
        let place = self.connections.vacant_key();
        self.generations = self.generations.wrapping_add(1);
        let key = Key::of(place, self.generations);
        // The kernel has no memory for one more.
        self.poller.add(&socket.socket, key.to_u64()).ok()?;
        self.connections.insert(Connection::new(socket, self.generations, now_ns));
        Some(key)
    }

    /// Takes a connection back from the HTTP library.
    pub(crate) fn adopt(&mut self, adopted: Adopted, now_ns: u64) {
        let Adopted { socket, bytes } = adopted;
        let Some(key) = self.enter(socket, now_ns) else { return };
        if let Some(connection) = self.get(key) {
            (connection.head_from, connection.unread) = (HeadFrom::Library, true);
            self.take_in(key, &bytes, now_ns);
            self.resume_later(key);
        }
    }

    /// Takes a connection out that goes to the HTTP library.
    fn lend(&mut self, key: Key, bytes: Vec<u8>) {
        let connection = self.connections.remove(key.place());
        // It is in the set, or nobody ever hears of it again.
        let _ = self.poller.remove(&connection.pipe.socket);
        let Connection { metered, pipe: Pipe { socket, patience, .. }, .. } = connection;
        self.to_lend.push(Lent { socket: MeteredSocket { metered, socket }, bytes, patience });
    }

    /// Notes that the HTTP library has a connection.
    pub(crate) fn lent(&mut self, connection: Rc<http::Connection>) -> usize {
        if self.closing {
            connection.drain();
        }
        self.lent.insert(connection)
    }

    /// Notes that the HTTP library has a connection no longer.
    pub(crate) fn returned(&mut self, entry: usize) {
        self.lent.remove(entry);
    }
}

/// Turns the loop. Never returns.
pub(crate) async fn run(server: Rc<Server>, poller: Rc<Poller>, alarm: Alarm) {
    let mut sleep = alarm.until(u64::MAX);
    // Exchanged with the driver's own in each turn, so that the room in them stays.
    let (mut to_lend, mut said) = (Vec::new(), Vec::new());
    loop {
        let (busy, next_ns) = {
            let mut driver = server.driver.borrow_mut();
            let busy = driver.turn();
            std::mem::swap(&mut driver.to_lend, &mut to_lend);
            std::mem::swap(&mut driver.said, &mut said);
            (busy, driver.next_ns())
        };
        for said in said.drain(..) {
            server.publish_said(said);
        }
        for lent in to_lend.drain(..) {
            server.lend(lent);
        }
        server.note_emptiness();
        if busy {
            yield_now().await;
            continue;
        }
        sleep.reset(next_ns);
        tokio::select! {
            biased;
            () = server.until_there_is_more() => {}
            // An error means that the runtime ends.
            changed = poller.changed() => if changed.is_err() { return },
            () = &mut sleep => {}
        }
    }
}
