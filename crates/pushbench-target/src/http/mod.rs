//! Connections lent to the HTTP library: pages, publish requests, the echo, and whatever is no plain request for events.
//!
//! Such a connection has a task of its own. As soon as a request for events comes on it, it goes back to where events are
//! served, with that request and all that was read behind it. The state kept here is shared by the task, its requests and
//! the target's sweep; it holds no socket: ending a connection means waking its task.

mod drive;
mod head;
mod socket;
mod stream;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use pushbench_transport::websocket::serve::Echo;

pub(crate) use self::drive::drive;
pub(crate) use self::head::head_of;
pub(crate) use self::stream::Stream;
use crate::config::Limits;
use crate::patience::{Overdue, Patience};

/// The state of one connection.
pub(crate) struct Connection {
    patience: Cell<Patience>,
    end: Cell<End>,
    waker: RefCell<Option<Waker>>,
    /// What it becomes after the `101`.
    upgrade: RefCell<Option<Echo<Stream>>>,
    refused: Cell<bool>,
    way_back: RefCell<WayBack>,
}

/// How far a connection is on its way back.
#[derive(Debug, Default)]
enum WayBack {
    /// It stays.
    #[default]
    None,
    /// It goes with this request, once everything before is written.
    Wanted(Vec<u8>),
    /// Everything is written.
    Open(Vec<u8>),
}

/// Whether the connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum End {
    /// It goes on.
    #[default]
    None,
    /// After what is under way.
    Graceful,
    /// At once.
    Now,
}

impl Connection {
    /// A connection as it was lent.
    pub(crate) fn new(patience: Patience) -> Self {
        Self {
            patience: Cell::new(patience),
            end: Cell::default(),
            waker: RefCell::default(),
            upgrade: RefCell::default(),
            refused: Cell::default(),
            way_back: RefCell::default(),
        }
    }

    fn note(&self, what: impl FnOnce(&mut Patience)) {
        let mut patience = self.patience.get();
        what(&mut patience);
        self.patience.set(patience);
    }

    /// A request is being served.
    pub(crate) fn called(&self) {
        self.note(Patience::called);
    }

    /// The response was handed over in full, to the HTTP library's buffer if not to the socket.
    pub(crate) fn answered(&self, now_ns: u64) {
        if self.upgrade.borrow().is_none() {
            self.note(|patience| patience.answered(now_ns));
        }
    }

    /// The last response was a refusal, after which bytes of the request may still be under way.
    pub(crate) fn refused(&self) {
        self.refused.set(true);
    }

    fn was_refused(&self) -> bool {
        self.refused.get()
    }

    /// What to become after the `101` that is about to be sent.
    pub(crate) fn upgrade_to(&self, upgrade: Echo<Stream>) {
        *self.upgrade.borrow_mut() = Some(upgrade);
    }

    fn is_upgraded(&self) -> bool {
        self.upgrade.borrow().is_some()
    }

    fn take_upgrade(&self) -> Option<Echo<Stream>> {
        self.upgrade.borrow_mut().take()
    }

    /// Goes back with the head of a request for events, once everything before is written.
    pub(crate) fn go_back_with(&self, head: Vec<u8>) {
        self.way_back.replace(WayBack::Wanted(head));
    }

    /// The HTTP library has nothing left to write.
    fn flushed(&self) {
        let mut way_back = self.way_back.borrow_mut();
        if let WayBack::Wanted(head) = &mut *way_back {
            *way_back = WayBack::Open(std::mem::take(head));
        }
    }

    fn is_free_to_go_back(&self) -> bool {
        matches!(*self.way_back.borrow(), WayBack::Open(_))
    }

    /// The request with which it goes back.
    fn take_way_back(&self) -> Option<Vec<u8>> {
        match self.way_back.take() {
            WayBack::Open(head) => Some(head),
            WayBack::None | WayBack::Wanted(_) => None,
        }
    }

    /// Ends the connection at once. True the first time.
    pub(crate) fn cut(&self) -> bool {
        self.end_by(End::Now)
    }

    /// Ends the connection after what is under way.
    pub(crate) fn drain(&self) {
        if self.end.get() == End::None {
            self.end_by(End::Graceful);
        }
    }

    /// What the client takes too long for, if anything.
    pub(crate) fn overdue(&self, now_ns: u64, limits: &Limits) -> Option<Overdue> {
        self.patience.get().overdue(now_ns, limits)
    }

    fn end_by(&self, end: End) -> bool {
        let first = self.end.replace(end) != end;
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
        first
    }

    fn poll_end(&self, context: &mut Context<'_>) -> End {
        match &mut *self.waker.borrow_mut() {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        self.end.get()
    }

    /// Resolves when the connection has to end at once.
    async fn until_cut(&self) {
        poll_fn(|context| match self.poll_end(context) {
            End::Now => Poll::Ready(()),
            End::None | End::Graceful => Poll::Pending,
        })
        .await;
    }
}
