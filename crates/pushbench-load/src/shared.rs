//! What the clients of one thread have in common: clock, record, read buffer, and the word to stop.

use pushbench_measure::Histograms;
use pushbench_probe::alarm::Alarm;
use pushbench_transport::meter::Meter;
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use tokio::sync::Notify;

use crate::recorder::Recorder;

/// Size of the one read buffer of a thread, in bytes.
const READ_BUFFER: usize = 64 << 10;

/// What all clients of a thread share.
pub(crate) struct Shared {
    pub(crate) alarm: Alarm,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) read_buffer: RefCell<Vec<u8>>,
    pub(crate) source: Option<IpAddr>,
    /// What the sockets carry on the wire.
    pub(crate) meter: Rc<Meter>,
    /// Told to every client that holds a connection when the step is over.
    pub(crate) stop: Notify,
    over: Cell<bool>,
    held: Cell<u32>,
    none_held: Notify,
}

/// Counts a connection for as long as it is held.
pub(crate) struct Held<'a>(&'a Shared);

impl Shared {
    pub(crate) fn new(alarm: Alarm, source: Option<IpAddr>, meter: Meter) -> Self {
        Self {
            alarm,
            recorder: RefCell::new(Recorder { histograms: Histograms::prepared(), ..Recorder::default() }),
            read_buffer: RefCell::new(vec![0; READ_BUFFER]),
            source,
            meter: Rc::new(meter),
            stop: Notify::new(),
            over: Cell::new(false),
            held: Cell::new(0),
            none_held: Notify::new(),
        }
    }

    /// Tells every client that holds a connection to let go of it, and waits until all have. No other is made.
    pub(crate) async fn let_go(&self) {
        self.over.set(true);
        let none_held = self.none_held.notified();
        self.stop.notify_waiters();
        if self.held.get() > 0 {
            none_held.await;
        }
    }

    /// Whether the step is over.
    pub(crate) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Counts a connection until the answer is dropped.
    pub(crate) fn hold(&self) -> Held<'_> {
        self.held.set(self.held.get() + 1);
        Held(self)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let held = self.0.held.get() - 1;
        self.0.held.set(held);
        if held == 0 {
            self.0.none_held.notify_waiters();
        }
    }
}
