//! How long a client may take: for the head of a request, for its next request, and for reading what is sent to it.

use crate::config::Limits;

/// What a connection is about, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    phase: Phase,
    /// Since when the socket has taken nothing, while there is something to be written.
    blocked_ns: Option<u64>,
}

/// Instants are nanoseconds of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first bytes of a request are there, or none since the connection was accepted.
    Head { since_ns: u64 },
    /// A request is being served, or the connection carries a stream.
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

impl Patience {
    /// With a connection that was just accepted.
    pub(crate) fn new(now_ns: u64) -> Self {
        Self { phase: Phase::Head { since_ns: now_ns }, blocked_ns: None }
    }

    /// Bytes of a head that is not whole were read.
    pub(crate) fn received(&mut self, now_ns: impl FnOnce() -> u64) {
        if matches!(self.phase, Phase::Idle { .. }) {
            self.phase = Phase::Head { since_ns: now_ns() };
        }
    }

    /// The socket takes nothing now.
    pub(crate) fn blocked(&mut self, now_ns: impl FnOnce() -> u64) {
        if self.blocked_ns.is_none() {
            self.blocked_ns = Some(now_ns());
        }
    }

    /// The socket takes something.
    pub(crate) fn wrote(&mut self, now_ns: impl FnOnce() -> u64) {
        // Nearly always `None`: the clock is not read.
        if self.blocked_ns.take().is_some() && matches!(self.phase, Phase::Idle { .. }) {
            // A client that still reads the last answer cannot ask again yet.
            self.phase = Phase::Idle { since_ns: now_ns() };
        }
    }

    /// Whether the socket took nothing the last time.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked_ns.is_some()
    }

    /// A request is being served.
    pub(crate) fn called(&mut self) {
        self.phase = Phase::Busy;
    }

    /// The response was handed over in full, to a buffer if not to the socket.
    pub(crate) fn answered(&mut self, now_ns: u64) {
        self.phase = Phase::Idle { since_ns: now_ns };
    }

    /// What the client takes too long for, if anything.
    pub(crate) fn overdue(&self, now_ns: u64, limits: &Limits) -> Option<Overdue> {
        let (since_ns, allowed, what) = match (self.blocked_ns, self.phase) {
            (Some(since_ns), _) => (since_ns, limits.idle_timeout, Overdue::Reading),
            (None, Phase::Head { since_ns }) => (since_ns, limits.head_timeout, Overdue::Request),
            (None, Phase::Idle { since_ns }) => (since_ns, limits.idle_timeout, Overdue::Request),
            (None, Phase::Busy) => return None,
        };
        (u128::from(now_ns.saturating_sub(since_ns)) > allowed.as_nanos()).then_some(what)
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
        let ended_at = |patience: &Patience, now_ns: u64| patience.overdue(now_ns, &limits).is_some();
        let mut patience = Patience::new(100);
        assert!(!ended_at(&patience, 110));
        patience.called();
        assert!(!ended_at(&patience, 10_000));
        patience.answered(10_000);
        assert!(!ended_at(&patience, 10_060));
        patience.received(|| 10_055);
        // More bytes of the same head do not prolong it.
        patience.received(|| 10_060);
        assert!(!ended_at(&patience, 10_065));
        assert!(ended_at(&patience, 10_066));

        let mut idle = Patience::new(100);
        idle.answered(200);
        assert!(!ended_at(&idle, 260));
        assert_eq!(idle.overdue(261, &limits), Some(Overdue::Request));
    }

    #[test]
    fn a_client_may_read_for_long_but_not_rest_for_long() {
        let limits = Limits { idle_timeout: Duration::from_nanos(60), ..Limits::default() };
        let mut patience = Patience::new(100);
        let overdue = |patience: &Patience, now_ns| patience.overdue(now_ns, &limits);
        patience.called();
        patience.wrote(|| panic!("nobody has to know"));
        patience.blocked(|| 100);
        patience.answered(110);
        patience.blocked(|| panic!("the first counts"));
        assert_eq!((overdue(&patience, 160), overdue(&patience, 161)), (None, Some(Overdue::Reading)));
        // Some is read, and then nothing.
        patience.wrote(|| 150);
        patience.blocked(|| 150);
        assert_eq!((overdue(&patience, 210), overdue(&patience, 211)), (None, Some(Overdue::Reading)));
        // The rest is read: the time for the next request begins.
        patience.wrote(|| 200);
        assert_eq!((overdue(&patience, 260), overdue(&patience, 261)), (None, Some(Overdue::Request)));
    }
}
