//! Connections lent to the HTTP library: pages, publish requests, the echo, and whatever is no plain request for events.
//!
//! Such a connection has a task of its own. As soon as a request for events comes on it, it goes back to where events are
//! served, with that request and all that was read behind it. The state kept here is shared by the task, its requests and
//! the target's sweep; it holds no socket: ending a connection means waking its task.
//!
//! What the library has read it tells only when it is taken apart. So it is, after each answer, and begun anew: half a head
//! behind a request would otherwise pass for an idle wait, which may be longer.

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
    progress: RefCell<Progress>,
}

/// How far the HTTP library is.
#[derive(Debug, Default)]
enum Progress {
    /// A request is awaited or served.
    #[default]
    Busy,
    /// It is answered, but something of that may not be written yet.
    Answered,
    /// All is written; the library may still be about to find out that nobody wants the rest of a body.
    Written,
    /// It has asked for more and got nothing: what it has, if anything, is the beginning of a request.
    Between,
    /// The connection goes back with this request, once everything before is written.
    GoingBack(Vec<u8>),
    /// It goes back now.
    Free(Vec<u8>),
}

/// Why the HTTP library is stopped.
#[derive(Debug)]
enum Pause {
    /// No request is under way.
    Between,
    /// The connection goes back with this request.
    Back(Vec<u8>),
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
            progress: RefCell::default(),
        }
    }

    fn note(&self, what: impl FnOnce(&mut Patience)) {
        let mut patience = self.patience.get();
        what(&mut patience);
        self.patience.set(patience);
    }

    fn advance(&self, next: impl FnOnce(Progress) -> Progress) {
        self.progress.replace_with(|progress| next(std::mem::take(progress)));
    }

    /// The HTTP library has read something.
    fn received(&self, now_ns: impl FnOnce() -> u64) {
        self.note(|patience| patience.received(now_ns));
        self.advance(|progress| match progress {
            Progress::Written | Progress::Between => Progress::Busy,
            other => other,
        });
    }

    /// There was nothing for it to read.
    fn starved(&self) {
        self.advance(|progress| match progress {
            Progress::Written => Progress::Between,
            other => other,
        });
    }

    /// A request is being served.
    pub(crate) fn called(&self) {
        self.note(Patience::called);
        self.advance(|_| Progress::Busy);
    }

    /// The response was handed over in full, to the HTTP library's buffer if not to the socket.
    pub(crate) fn answered(&self, now_ns: u64) {
        if self.upgrade.borrow().is_none() {
            self.note(|patience| patience.answered(now_ns));
            self.advance(|_| Progress::Answered);
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
        self.advance(|_| Progress::GoingBack(head));
    }

    /// The HTTP library has nothing left to write.
    fn flushed(&self) {
        self.advance(|progress| match progress {
            Progress::Answered => Progress::Written,
            Progress::GoingBack(head) => Progress::Free(head),
            other => other,
        });
    }

    /// Why the library is to be stopped now, if it is.
    fn take_pause(&self) -> Option<Pause> {
        let mut progress = self.progress.borrow_mut();
        match std::mem::take(&mut *progress) {
            Progress::Between => Some(Pause::Between),
            Progress::Free(head) => Some(Pause::Back(head)),
            other => {
                *progress = other;
                None
            }
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
