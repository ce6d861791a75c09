//! The target server: listener, routing, hub with its rings of recent events, open-loop publisher, limits.
//!
//! One target is one event loop: everything in it runs on the thread of a current-thread runtime, inside a
//! [`tokio::task::LocalSet`], and shares by `Rc`. Connections that ask for events are driven together, without a task of
//! their own (`driver`); what each transport does with a request and an event stands in that transport's folder. Everything
//! else is the HTTP library's work (`http`). Who the clients are is not known here.

mod answers;
mod config;
mod driver;
mod errors;
mod golden;
mod http;
mod hub;
mod inject;
mod key;
mod listener;
mod metrics;
mod patience;
mod publisher;
mod publishing;
mod reserved;
mod route;
mod server;
mod upset;

use pushbench_measure::PhaseEdges;
use pushbench_measure::snapshot::TargetSnapshot;
use pushbench_measure::wire::{Opened, WireLog};
use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_probe::readiness::Poller;
use pushbench_scenario::Life;
use pushbench_transport::meter::Meter;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{sleep, timeout};

pub use self::config::{Answering, Config, Limits};
pub use self::errors::{ListenerOwner, TargetError};
pub use self::publishing::Publishing;

use self::listener::Listener;
use self::reserved::Reservation;
use self::server::Server;

/// How long connections may take to end after a shutdown was asked for; what is left then is closed at once.
const GRACE: Duration = Duration::from_millis(4500);

/// A target that listens.
pub struct Target {
    local_addr: SocketAddr,
    server: Rc<Server>,
    poller: Rc<Poller>,
    alarm: Alarm,
    publishings: mpsc::UnboundedReceiver<Rc<Reservation>>,
    handle: Handle,
}

/// Steers a target from the same thread.
#[derive(Clone)]
pub struct Handle {
    server: Rc<Server>,
    publishings: mpsc::UnboundedSender<Rc<Reservation>>,
    alarm: Alarm,
}

impl Target {
    /// Listens, but does not accept yet. Must be called inside a runtime.
    ///
    /// # Errors
    /// [`TargetError`] when the address cannot be had, or when the process is out of files.
    pub fn bind(config: &Config) -> Result<Self, TargetError> {
        let listener = if config.restarts {
            Listener::bind_to_keep(config.listen, config.send_buffer)?
        } else {
            Listener::bind(config.listen, config.send_buffer)?
        };
        let local_addr =
            listener.local_addr().map_err(|source| TargetError::Listen { address: config.listen, source })?;
        let alarm = Alarm::new().map_err(TargetError::EventLoop)?;
        let poller = Rc::new(Poller::new().map_err(TargetError::EventLoop)?);
        let server = Server::new(config, listener, Meter::new(Opened::There, local_addr), &poller);
        let server = Rc::new(server.map_err(TargetError::EventLoop)?);
        let (sender, publishings) = mpsc::unbounded_channel();
        let handle = Handle { server: Rc::clone(&server), publishings: sender, alarm: alarm.clone() };
        Ok(Self { local_addr, server, poller, alarm, publishings, handle })
    }

    /// Where it listens, with the port that was taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// A handle to steer it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until [`Handle::shutdown`]; then ends streams, answers held requests, and returns within five seconds, or
    /// later by an injected standstill.
    ///
    /// # Panics
    /// When it is not polled inside a [`tokio::task::LocalSet`] on a runtime with timers and I/O.
    pub async fn run(self) {
        let Self { server, poller, alarm, mut publishings, .. } = self;
        // Dropping the set ends its tasks.
        let mut tasks = JoinSet::new();
        let timer = alarm.run();
        tasks.spawn_local(async move {
            timer.await;
        });
        tasks.spawn_local(driver::run(Rc::clone(&server), poller, alarm.clone()));
        tasks.spawn_local(answers::run(Rc::clone(&server), alarm.clone()));
        tasks.spawn_local(sweep(Rc::clone(&server)));
        if server.injector.is_some() {
            tasks.spawn_local(go_wrong(Rc::clone(&server), alarm.clone()));
        }
        let publisher = {
            let server = Rc::clone(&server);
            async move {
                while let Some(reservation) = publishings.recv().await {
                    publisher::publish(&server, &alarm, reservation.publishing.clone()).await;
                    reservation.published();
                }
            }
        };
        let publisher = tasks.spawn_local(publisher);

        server.until_shutdown().await;
        publisher.abort();
        if timeout(GRACE, server.drain()).await.is_err() {
            server.cut_all();
            server.drain().await;
        }
    }
}

/// Carries out the injected faults that are a matter of time.
async fn go_wrong(server: Rc<Server>, alarm: Alarm) {
    if let Some(injector) = &server.injector {
        tokio::join!(injector.let_go(&server, &alarm), injector.stand_still(&alarm));
    }
}

/// Closes connections whose client takes too long.
async fn sweep(server: Rc<Server>) {
    let shortest = server.limits.head_timeout.min(server.limits.idle_timeout);
    let pause = (shortest / 8).clamp(Duration::from_millis(5), Duration::from_secs(1));
    loop {
        sleep(pause).await;
        server.expire().await;
    }
}

impl Handle {
    /// Publishes a schedule, after those begun before. Returns at once.
    ///
    /// From now on until its end, publish requests to its topics are refused with `409`, and messages dropped; unless it is a
    /// chat's, whose members publish: then nothing is published here.
    pub fn begin(&self, publishing: Publishing) {
        let PhaseEdges { start_ns, drain_ns, .. } = publishing.edges;
        self.stall_between(start_ns, drain_ns);
        let reservation = self.server.reserved.begin(publishing);
        // Fails only after the target has ended, when there is nobody to publish to.
        let _ = self.publishings.send(reservation);
    }

    /// Counts the injected standstills from `from_ns` on, for a target without a schedule.
    pub fn stall_from(&self, from_ns: u64) {
        self.stall_between(from_ns, u64::MAX);
    }

    fn stall_between(&self, from_ns: u64, until_ns: u64) {
        if let Some(injector) = &self.server.injector {
            injector.stall_between(from_ns, until_ns);
        }
    }

    /// The target's alarm clock, for others on its thread. It rings only while [`Target::run`] is being polled.
    #[must_use]
    pub fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// Totals now, and how late the publisher was since the last call.
    #[must_use]
    pub fn snapshot(&self) -> TargetSnapshot {
        self.server.snapshot(now_ns())
    }

    /// Totals now, leaving the histograms for the next [`Handle::snapshot`].
    #[must_use]
    pub fn totals(&self) -> TargetSnapshot {
        self.server.totals(now_ns())
    }

    /// Reads all sockets at the instants of a step that has these phases. Returns at once.
    ///
    /// # Panics
    /// Outside a [`tokio::task::LocalSet`].
    pub fn follow(&self, edges: PhaseEdges) {
        let (server, alarm) = (Rc::clone(&self.server), self.alarm.clone());
        spawn_local(async move { server.meter.follow(&alarm, edges, |_| {}).await });
    }

    /// Drops connections as the life of a step with these phases has it, chosen by `seed`. Returns at once.
    ///
    /// A restart needs [`Config::restarts`]; where the port cannot be had again, [`Handle::until_failure`] says so.
    ///
    /// # Panics
    /// Outside a [`tokio::task::LocalSet`].
    pub fn upset(&self, life: &Life, seed: u64, edges: PhaseEdges) {
        let (server, alarm, measure_ns) = (&self.server, &self.alarm, edges.measure_ns);
        if let Some(storm) = life.storm {
            spawn_local(upset::storm(Rc::clone(server), alarm.clone(), storm, seed, measure_ns));
        }
        if let Some(restart) = life.restart {
            spawn_local(upset::restart(Rc::clone(server), alarm.clone(), restart, measure_ns));
        }
    }

    /// What the sockets have carried until now.
    #[must_use]
    pub fn wire(&self) -> WireLog {
        self.server.meter.log()
    }

    /// Resolves when the target cannot serve any longer, which only happens where a restart does not get its port again; else
    /// never.
    pub fn until_failure(&self) -> impl Future<Output = Rc<TargetError>> + use<> {
        self.server.until_failure()
    }

    /// Asks for the end; [`Target::run`] returns when it has come.
    pub fn shutdown(&self) {
        self.server.shutdown();
    }
}
