//! What is known of one connection, and who may end it.
//!
//! The state is shared by the task that drives the connection, its requests, its subscriptions and the target's
//! sweep. It holds no socket: ending a connection means waking its task.

mod drive;
mod socket;
mod stream;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use pushbench_transport::server::Session;

pub(crate) use self::drive::{drive, linger};
pub(crate) use self::stream::Stream;
use crate::config::Limits;

/// The state of one connection.
#[derive(Default)]
pub(crate) struct Connection {
    phase: Cell<Phase>,
    /// Since when the socket has taken nothing, while there is something to be written.
    blocked_ns: Cell<Option<u64>>,
    end: Cell<End>,
    waker: RefCell<Option<Waker>>,
    /// What it becomes after the `101`.
    upgrade: RefCell<Option<Session<Stream>>>,
    refused: Cell<bool>,
}

/// What the connection is about, and since when (nanoseconds of the monotonic clock).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first bytes of a request are there, or none since the connection was accepted.
    Head { since_ns: u64 },
    /// A request is being served, or the connection was upgraded.
    Busy,
    /// The last request was answered, though the socket may not have taken all of the answer.
    Idle { since_ns: u64 },
}

/// What a client takes too long for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// The head of a request, or the next request.
    Request,
    /// Reading what is sent.
    Reading,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Head { since_ns: 0 }
    }
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
    pub(crate) fn new(now_ns: u64) -> Self {
        Self { phase: Cell::new(Phase::Head { since_ns: now_ns }), ..Self::default() }
    }

    /// Bytes were read.
    fn received(&self, now_ns: impl FnOnce() -> u64) {
        if matches!(self.phase.get(), Phase::Idle { .. }) {
            self.phase.set(Phase::Head { since_ns: now_ns() });
        }
    }

    /// Bytes were written, or the socket takes none now.
    fn wrote<T>(&self, outcome: &Poll<T>, now_ns: impl FnOnce() -> u64) {
        match (outcome, self.blocked_ns.get()) {
            (Poll::Pending, None) => self.blocked_ns.set(Some(now_ns())),
            (Poll::Ready(_), Some(_)) => {
                self.blocked_ns.set(None);
                if matches!(self.phase.get(), Phase::Idle { .. }) {
                    // A client that still reads the last answer cannot ask again yet.
                    self.phase.set(Phase::Idle { since_ns: now_ns() });
                }
            }
            // Nearly always: the clock is not read.
            (Poll::Ready(_), None) | (Poll::Pending, Some(_)) => {}
        }
    }

    /// A request is being served.
    pub(crate) fn called(&self) {
        self.phase.set(Phase::Busy);
    }

    /// The response was handed over in full, to the HTTP library's buffer if not to the socket.
    pub(crate) fn answered(&self, now_ns: u64) {
        if self.upgrade.borrow().is_none() {
            self.phase.set(Phase::Idle { since_ns: now_ns });
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
    pub(crate) fn upgrade_to(&self, upgrade: Session<Stream>) {
        *self.upgrade.borrow_mut() = Some(upgrade);
    }

    fn is_upgraded(&self) -> bool {
        self.upgrade.borrow().is_some()
    }

    fn take_upgrade(&self) -> Option<Session<Stream>> {
        self.upgrade.borrow_mut().take()
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
        let (since_ns, allowed, what) = match (self.blocked_ns.get(), self.phase.get()) {
            (Some(since_ns), _) => (since_ns, limits.idle_timeout, Overdue::Reading),
            (None, Phase::Head { since_ns }) => (since_ns, limits.head_timeout, Overdue::Request),
            (None, Phase::Idle { since_ns }) => (since_ns, limits.idle_timeout, Overdue::Request),
            (None, Phase::Busy) => return None,
        };
        (u128::from(now_ns.saturating_sub(since_ns)) > allowed.as_nanos()).then_some(what)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn heads_and_idle_times_have_their_limits_and_requests_have_none() {
        let limits = Limits {
            head_timeout: Duration::from_nanos(10),
            idle_timeout: Duration::from_nanos(60),
            ..Limits::default()
        };
        let ended_at = |connection: &Connection, now_ns: u64| connection.overdue(now_ns, &limits).is_some();
        let connection = Connection::new(100);
        assert!(!ended_at(&connection, 110));
        connection.called();
        assert!(!ended_at(&connection, 10_000));
        connection.answered(10_000);
        assert!(!ended_at(&connection, 10_060));
        connection.received(|| 10_055);
        // More bytes of the same head do not prolong it.
        connection.received(|| 10_060);
        assert!(!ended_at(&connection, 10_065));
        assert!(ended_at(&connection, 10_066));

        let idle = Connection::new(100);
        idle.answered(200);
        assert!(!ended_at(&idle, 260));
        assert_eq!(idle.overdue(261, &limits), Some(Overdue::Request));
    }

    #[test]
    fn a_client_may_read_for_long_but_not_rest_for_long() {
        let limits = Limits { idle_timeout: Duration::from_nanos(60), ..Limits::default() };
        let connection = Connection::new(100);
        let overdue = |now_ns| connection.overdue(now_ns, &limits);
        connection.called();
        connection.wrote(&Poll::Ready(()), || panic!("nobody has to know"));
        connection.wrote(&Poll::<()>::Pending, || 100);
        connection.answered(110);
        connection.wrote(&Poll::<()>::Pending, || panic!("the first counts"));
        assert_eq!((overdue(160), overdue(161)), (None, Some(Overdue::Reading)));
        // Some is read, and then nothing.
        connection.wrote(&Poll::Ready(()), || 150);
        connection.wrote(&Poll::<()>::Pending, || 150);
        assert_eq!((overdue(210), overdue(211)), (None, Some(Overdue::Reading)));
        // The rest is read: the time for the next request begins.
        connection.wrote(&Poll::Ready(()), || 200);
        assert_eq!((overdue(260), overdue(261)), (None, Some(Overdue::Request)));
    }
}
