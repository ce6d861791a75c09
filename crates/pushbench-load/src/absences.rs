//! Who of a worker's clients was away when, and what that means for the events that were due then.
//!
//! Kept only in steps in which clients come and go or are dropped. A client is *dropped* when its transport was ready and
//! its connection ends, or the next connect is refused, within the time after a storm or the begin of a restart; it is
//! *back* when its transport is ready again. The time between counts from the instant at which the storm or the restart was
//! due, which is the same for all clients and known to all processes: what the target takes to drop its connections, and a
//! client to learn of it, is part of it. An event counts as caught up if it was due in that time and came after the client
//! had learnt of its loss.

use pushbench_measure::fates::LifeTally;
use pushbench_measure::{PhaseEdges, micros};
use pushbench_scenario::WorkerShare;
use pushbench_scenario::schedule::TopicEvents;
use pushbench_transport::settings::TransportSettings as _;
use std::ops::Range;

use crate::account::Account;

/// No instant.
const NEVER: u64 = u64::MAX;

/// The absences of all clients of a worker.
#[derive(Debug)]
pub(crate) struct Absences {
    /// In which time a connection that is lost counts as dropped; each begins with what it counts from.
    windows: Vec<Range<u64>>,
    /// Whether clients have a connection between two requests, which can be taken from them.
    keeps_connection: bool,
    resume: bool,
    has_lives: bool,
    /// How long before a client leaves an event must have been due for being owed to it.
    settled_ns: u64,
    of: Vec<Newest>,
    /// Times in which clients were dropped, with the client; those that are over.
    dropped: Vec<(u32, Range<u64>)>,
    /// Stays that are over, with the client; only where it is owed nothing else.
    stays: Vec<(u32, Range<u64>)>,
    tally: LifeTally,
}

/// The newest absence of one client.
#[derive(Debug, Clone, Copy)]
struct Newest {
    why: Why,
    /// Since when it is away, for events that are due; [`NEVER`] if it never was.
    from_ns: u64,
    /// Events that come from then on may be caught up.
    seen_ns: u64,
    /// When it was ready again; [`NEVER`] before.
    until_ns: u64,
    /// When it was ready first in the present stay; [`NEVER`] before, and while it has left.
    stay_ns: u64,
    /// How many of the windows have dropped it, as a set of bits.
    windows: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It left by plan.
    Left,
    Dropped,
}

/// What an event is to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Due while it was there.
    There,
    /// Due while it was away without wanting to be.
    Dropped,
    /// Due while it was away by plan.
    Left,
}

impl Newest {
    const NONE: Self =
        Self { why: Why::Left, from_ns: NEVER, seen_ns: NEVER, until_ns: NEVER, stay_ns: NEVER, windows: 0 };

    fn is_away(&self) -> bool {
        self.from_ns != NEVER && self.until_ns == NEVER
    }
}

impl Absences {
    /// `None` in a step in which nobody leaves or is dropped.
    pub(crate) fn of(share: &WorkerShare, edges: &PhaseEdges) -> Option<Box<Self>> {
        let plan = &share.plan;
        if !plan.has_lives() && !plan.life.drops() {
            return None;
        }
        let at = |time: std::time::Duration| edges.measure_ns.saturating_add(time.as_nanos() as u64);
        let clients = share.client_numbers().count();
        Some(Box::new(Self {
            windows: plan.life.drop_windows().map(|window| at(window.start)..at(window.end)).collect(),
            keeps_connection: share.transport().settings.keeps_connection(),
            resume: plan.life.resume,
            has_lives: plan.has_lives(),
            settled_ns: plan.settled_within(share.transport()).as_nanos() as u64,
            of: vec![Newest::NONE; clients],
            dropped: Vec::new(),
            stays: Vec::new(),
            tally: LifeTally::default(),
        }))
    }

    /// Makes those known who were ready before.
    pub(crate) fn begin(&mut self, accounts: &[Account]) {
        for (newest, account) in self.of.iter_mut().zip(accounts) {
            newest.stay_ns = if account.first_ready_ns == 0 { NEVER } else { account.first_ready_ns };
        }
    }

    /// Whether the end of an idle connection at `now_ns` takes something from a client.
    pub(crate) fn takes_idle(&self, now_ns: u64) -> bool {
        self.keeps_connection && self.windows.iter().any(|window| window.contains(&now_ns))
    }

    /// A client whose transport was ready is not any more, and did not want that.
    pub(crate) fn lost(&mut self, client: u32, now_ns: u64) {
        let newest = &mut self.of[client as usize];
        let Some(at) = self.windows.iter().position(|window| window.contains(&now_ns)) else { return };
        if newest.is_away() || newest.windows & 1 << at != 0 {
            return;
        }
        self.tally.dropped += 1;
        newest.windows |= 1 << at;
        let from_ns = self.windows[at].start;
        *newest = Newest { why: Why::Dropped, from_ns, seen_ns: now_ns, until_ns: NEVER, ..*newest };
    }

    /// A client's transport is ready. How long it was away after having been dropped, if this ends that, in microseconds.
    pub(crate) fn ready(&mut self, client: u32, now_ns: u64) -> Option<u64> {
        let newest = &mut self.of[client as usize];
        newest.stay_ns = newest.stay_ns.min(now_ns);
        if !newest.is_away() {
            return None;
        }
        newest.until_ns = now_ns;
        if newest.why == Why::Left {
            return None;
        }
        let away = newest.from_ns..now_ns;
        self.dropped.push((client, away.clone()));
        self.tally.back += 1;
        Some(micros(away.end - away.start))
    }

    /// A client leaves, as it was due to at `at_ns`.
    pub(crate) fn left(&mut self, client: u32, at_ns: u64) {
        self.tally.left += 1;
        let newest = &mut self.of[client as usize];
        if newest.is_away() && newest.why == Why::Dropped {
            self.dropped.push((client, newest.from_ns..at_ns));
        }
        let stay_ns = std::mem::replace(&mut newest.stay_ns, NEVER);
        if stay_ns != NEVER && !self.resume {
            self.stays.push((client, stay_ns..at_ns));
        }
        let newest = &mut self.of[client as usize];
        *newest = Newest { why: Why::Left, from_ns: at_ns, seen_ns: NEVER, until_ns: NEVER, ..*newest };
    }

    /// A client that had left connects again.
    pub(crate) fn returns(&mut self, client: u32, now_ns: u64) {
        self.of[client as usize].seen_ns = now_ns;
    }

    /// Whether a client has left by plan and not come back: what was under way to it may still come before the other side
    /// has answered its goodbye.
    pub(crate) fn is_gone(&self, client: u32) -> bool {
        let newest = &self.of[client as usize];
        newest.why == Why::Left && newest.from_ns != NEVER && newest.seen_ns == NEVER
    }

    /// What an event that comes at `now_ns` and was due at `due_ns` is to a client.
    pub(crate) fn due(&self, client: u32, due_ns: u64, now_ns: u64) -> Due {
        let newest = &self.of[client as usize];
        if now_ns < newest.seen_ns || due_ns < newest.from_ns || due_ns >= newest.until_ns {
            return Due::There;
        }
        match newest.why {
            Why::Left => Due::Left,
            Why::Dropped => Due::Dropped,
        }
    }

    /// An event that was due in the measure phase while its client was away has come.
    pub(crate) fn caught_up(&mut self) {
        self.tally.caught_up += 1;
    }

    /// Sorts what was noted, so that it can be closed client by client. Nothing is noted afterwards.
    pub(crate) fn settle(&mut self) {
        for (client, newest) in (0..).zip(&self.of) {
            if newest.is_away() && newest.why == Why::Dropped {
                self.dropped.push((client, newest.from_ns..NEVER));
            }
            if newest.stay_ns != NEVER && !self.resume {
                self.stays.push((client, newest.stay_ns..NEVER));
            }
        }
        self.dropped.sort_unstable_by_key(|(client, away)| (*client, away.start));
        self.stays.sort_unstable_by_key(|(client, stay)| (*client, stay.start));
    }

    /// The numbers of the events that a client is owed, in ranges that are apart; `None` where that is all since it was ready
    /// for the first time.
    ///
    /// A client that leaves by plan and asks for what it missed is owed that too, unless it does not come back: then it is
    /// owed what was due until it left. One that does not ask is owed what was due in its stays, each from when it was ready.
    /// What was due so shortly before it left that it may have been under way is owed in neither case.
    pub(crate) fn owed(&self, client: u32, account: &Account, due: &Since<'_>) -> Option<Vec<(u64, u64)>> {
        if !self.has_lives {
            return None;
        }
        if !self.resume {
            let stays = of_client(&self.stays, client);
            return Some(stays.map(|stay| due.numbers(stay.start, self.settled_before(stay.end))).collect());
        }
        let newest = &self.of[client as usize];
        let until_ns = if self.is_gone(client) { self.settled_before(newest.from_ns) } else { NEVER };
        let ready = account.first_ready_ns != 0;
        Some(ready.then(|| due.numbers(account.first_ready_ns, until_ns)).into_iter().collect())
    }

    /// How many events that were due while a client had been dropped, or under way to it then, it never got.
    pub(crate) fn missed(&self, client: u32, account: &Account, due: &Since<'_>) -> u64 {
        let mut counted_ns = account.first_ready_ns;
        let mut missed = 0;
        for away in of_client(&self.dropped, client) {
            let from_ns = away.start.saturating_sub(self.settled_ns).max(counted_ns);
            counted_ns = away.end;
            let (from, until) = due.numbers(from_ns, away.end);
            missed += until.saturating_sub(from) - account.ledger.delivered(from, until);
        }
        missed
    }

    /// The sums, with what was missed.
    pub(crate) fn tally(&self, missed: u64) -> LifeTally {
        LifeTally { missed, ..self.tally }
    }

    fn settled_before(&self, at_ns: u64) -> u64 {
        if at_ns == NEVER { NEVER } else { at_ns.saturating_sub(self.settled_ns) }
    }
}

/// Those of a sorted list that are of a client.
fn of_client(list: &[(u32, Range<u64>)], client: u32) -> impl Iterator<Item = &Range<u64>> {
    let from = list.partition_point(|(of, _)| *of < client);
    list[from..].iter().take_while(move |(of, _)| *of == client).map(|(_, range)| range)
}

/// The events of a topic, asked for by instants instead of offsets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since<'a> {
    pub(crate) due: &'a TopicEvents,
    pub(crate) start_ns: u64,
}

impl Since<'_> {
    /// Numbers of the events that were due from one instant until another.
    pub(crate) fn numbers(&self, from_ns: u64, until_ns: u64) -> (u64, u64) {
        let at_or_after = |instant_ns: u64| self.due.numbers_from(instant_ns.saturating_sub(self.start_ns)).0;
        (at_or_after(from_ns), at_or_after(until_ns.max(from_ns)))
    }
}

#[cfg(test)]
#[path = "absences_tests.rs"]
mod tests;
