//! The client half of short polling: a clock of its own that no slow reply sets back.

use super::Settings;
use crate::client::{Identity, Note, Observer};
use crate::polling::{Pace, Poller, Rules};

/// A client that polls on its clock.
pub type Subscriber = Poller<PollClock>;

impl Subscriber {
    /// A client of the endpoint at `path`.
    #[must_use]
    pub fn of(settings: &Settings, path: &'static str, identity: Identity) -> Self {
        Self::new(PollClock::of(settings, identity.phase), rules(settings, path), identity)
    }
}

/// The cycle of this transport.
pub(super) fn rules(settings: &Settings, path: &'static str) -> Rules {
    Rules {
        path,
        hold: None,
        connection: settings.connection,
        reply_timeout_ns: settings.reply_timeout.as_ns(),
        retry_ns: settings.retry.as_ns(),
    }
}

/// When polls are due: at the first connect + (phase + j) × interval, for j = 0, 1, 2, …
///
/// Of one that asks for answers the clock begins anew with the ticket of each: polls are due at the ticket + (1 + j) × interval,
/// as those of a program are that is told where to look for its answer, and sleeps before each look. The phase is of no use
/// then: no two asks come at one instant.
///
/// Requests at other times (at a connect, or when a reply said that there is more) do not move the clock. When due
/// times have passed unused, the polls of all but the newest are skipped and the newest is sent. That one is late when
/// its due time passed before the client was free for it: the reply before was not complete, or the server had not yet
/// closed the socket of that reply. It is not late for the connect that it needs itself, for the driver's wake-up, or
/// after a failure, where the pause is meant.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the common end of the names is their unit")]
pub struct PollClock {
    interval_ns: u64,
    /// The first due time that has not been used; counted from the first connect until that has come.
    due_ns: u64,
    /// Since when nothing of the last poll stands in the way of the next.
    free_ns: u64,
}

impl PollClock {
    /// A clock that has not begun.
    pub(super) fn of(settings: &Settings, phase: f64) -> Self {
        let interval_ns = settings.interval.as_ns().max(1);
        let share = phase.clamp(0.0, 1.0);
        // An instant only when the clock begins.
        let due_ns = (share * interval_ns as f64) as u64;
        Self { interval_ns, due_ns, free_ns: 0 }
    }

    /// Uses up every due time until now; returns how many there were.
    fn use_up(&mut self, now_ns: u64) -> u64 {
        let Some(behind_ns) = now_ns.checked_sub(self.due_ns) else { return 0 };
        let passed = behind_ns / self.interval_ns + 1;
        self.due_ns = self.due_ns.saturating_add(passed.saturating_mul(self.interval_ns));
        passed
    }
}

impl Pace for PollClock {
    fn begin(&mut self, now_ns: u64) {
        self.due_ns = self.due_ns.saturating_add(now_ns);
    }

    fn begin_answer(&mut self, now_ns: u64) {
        self.due_ns = now_ns.saturating_add(self.interval_ns);
    }

    fn after_reply(&self, now_ns: u64) -> u64 {
        self.due_ns.max(now_ns)
    }

    fn free(&mut self, now_ns: u64) {
        self.free_ns = now_ns;
    }

    fn back(&mut self, now_ns: u64) {
        self.use_up(now_ns);
    }

    fn sending(&mut self, now_ns: u64, observer: &mut dyn Observer) {
        let passed = self.use_up(now_ns);
        // Of the polls whose time has passed, all but the newest are skipped.
        for _ in 1..passed {
            observer.note(Note::PollSkipped);
        }
        let newest_ns = self.due_ns.saturating_sub(self.interval_ns);
        // Due at the very instant of the reply is not late.
        if passed > 0 && newest_ns < self.free_ns {
            observer.note(Note::PollLate);
        }
    }
}
