//! One worker, as whoever leads it sees it: orders go to the thread of its clients, and what that thread says comes back.
//!
//! The clients have a thread of their own, which waits for their sockets and for nothing else; this side may live in any
//! runtime. It does not know who asks for its reports.
//!
//! PERF: as a task of a runtime the loop of the clients needed a second system call for each wait, of the runtime's own
//! event loop around the clients' set of sockets: 1.94 calls an event instead of 1.49, and 12 to 16 % more CPU, with 5,000
//! clients and 25,000 events a second.

use pushbench_measure::snapshot::{WorkerFinal, WorkerSnapshot};
use pushbench_measure::wire::Opened;
use pushbench_measure::{Counters, PhaseEdges};
use pushbench_probe::bell::Bell;
use pushbench_probe::readiness::Set;
use pushbench_probe::timer::Timer;
use pushbench_scenario::share::WorkerShare;
use pushbench_transport::meter::Meter;
use std::io;
use std::panic;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

use crate::driver::{Driver, Order, Orders};
use crate::thread::Thread;

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No timer could be made.
    #[error("cannot make a timer: {0}")]
    Timer(#[source] io::Error),
    /// No set of sockets could be made, or waited for.
    #[error("cannot wait for sockets with epoll: {0}")]
    Sockets(#[source] io::Error),
    /// No bell could be made.
    #[error("cannot make an eventfd: {0}")]
    Bell(#[source] io::Error),
    /// No thread could be made.
    #[error("cannot make a thread: {0}")]
    Thread(#[source] io::Error),
    /// The share names no target.
    #[error("a worker needs the address of a target")]
    NoTarget,
    /// The thread of the clients has ended before it was told to.
    #[error("the thread of the clients has ended")]
    Ended,
}

/// A worker with its share of a step. Its clients leave when it is dropped.
#[derive(Debug)]
pub struct Worker {
    orders: Option<mpsc::Sender<Order>>,
    bell: Arc<Bell>,
    clients: Clients,
}

/// The thread of the clients, and what it ended with.
#[derive(Debug, Clone)]
struct Clients {
    thread: Arc<Mutex<Option<JoinHandle<io::Result<()>>>>>,
}

impl Worker {
    /// A worker that has no connection yet. All that it needs without clients it has by then.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn new(share: WorkerShare) -> Result<Self, LoadError> {
        let target = *share.targets.first().ok_or(LoadError::NoTarget)?;
        let sockets = Set::new().map_err(LoadError::Sockets)?;
        let timer = Timer::new().map_err(LoadError::Timer)?;
        let bell = Arc::new(Bell::new().map_err(LoadError::Bell)?);
        let (orders, channel) = mpsc::channel();
        let taken = Orders { channel, bell: Arc::clone(&bell) };
        let (begin, has_begun) = mpsc::channel();
        let drive = move || {
            let meter = Rc::new(Meter::new(Opened::Here, target));
            let thread = Thread::new(Rc::new(share), meter, sockets);
            let driver = Driver::new(thread, timer, taken)?;
            // Whoever made the worker waits for this.
            let _ = begin.send(());
            driver.run()
        };
        let thread =
            thread::Builder::new().name("clients".to_owned()).spawn(drive).map_err(LoadError::Thread)?;
        let clients = Clients { thread: Arc::new(Mutex::new(Some(thread))) };
        has_begun.recv().map_err(|_| clients.ended())?;
        Ok(Self { orders: Some(orders), bell, clients })
    }

    /// Lets the clients arrive by the schedule; the step's first client is due at `start_ns`. They arrive once, and that is
    /// ordered by the call; the future only waits until every client of this worker has been ready once.
    ///
    /// # Errors
    /// When the thread of the clients has ended, as after every order.
    pub fn connect(&self, start_ns: u64) -> impl Future<Output = Result<(), LoadError>> + use<> {
        let (reply, all_ready) = oneshot::channel();
        self.order(Order::Connect { start_ns, reply });
        let clients = self.clients.clone();
        async move { all_ready.await.map_err(|_| clients.ended()) }
    }

    /// Makes the phases known; must be called before they begin.
    pub fn begin(&self, edges: PhaseEdges) {
        self.order(Order::Begin(edges));
    }

    /// The report due at `tick_ns`: what was recorded since the one before.
    ///
    /// # Errors
    /// When the thread of the clients has ended.
    pub async fn report(&self, tick_ns: u64) -> Result<WorkerSnapshot, LoadError> {
        let (reply, report) = oneshot::channel();
        self.order(Order::Report { tick_ns, reply });
        report.await.map_err(|_| self.clients.ended())
    }

    /// What was counted so far. Takes nothing from the next report, and makes the thread allocate nothing.
    ///
    /// # Errors
    /// When the thread of the clients has ended.
    pub async fn counters(&self) -> Result<Counters, LoadError> {
        let (reply, counters) = oneshot::channel();
        self.order(Order::Count { reply });
        counters.await.map_err(|_| self.clients.ended())
    }

    /// The last report, due at `tick_ns`, and the books, closed at the same instant; then a goodbye on every connection.
    ///
    /// What arrives after that instant, while the sockets are read once more and while they are closed, is in no
    /// histogram, ledger or edge. Only the counters beside the readings of the sockets go on: what is compared with a
    /// reading has to include what the reading includes.
    ///
    /// # Errors
    /// When the thread of the clients has ended.
    pub async fn finish(&self, tick_ns: u64) -> Result<(WorkerSnapshot, WorkerFinal), LoadError> {
        let (reply, books) = oneshot::channel();
        self.order(Order::Finish { tick_ns, reply });
        books.await.map(|books| *books).map_err(|_| self.clients.ended())
    }

    fn order(&self, order: Order) {
        // A thread that has ended takes no orders; whoever waits for the answer hears that there is none.
        let _ = self.orders.as_ref().map(|orders| orders.send(order));
        self.bell.ring();
    }
}

impl Clients {
    /// Why there is nobody any more who could answer. A panic goes on here.
    fn ended(&self) -> LoadError {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread.map(JoinHandle::join) {
            Some(Err(panic)) => panic::resume_unwind(panic),
            Some(Ok(Err(error))) => LoadError::Sockets(error),
            Some(Ok(Ok(()))) | None => LoadError::Ended,
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // In this order: the thread looks for orders when the bell rings, and ends when there will be none.
        self.orders = None;
        self.bell.ring();
    }
}
