//! Whether the drain is long enough for what is under way by design when the measure phase ends.

use std::time::Duration;

use pushbench_transport::Period;
use pushbench_transport::settings::TransportSettings as _;

use super::{answers, transports};
use crate::capacity::Capacity;
use crate::coalesce::Coalesce;
use crate::inject::Inject;
use crate::plan::{Events, Phases, Threshold};
use crate::section::{FaultList, Section};

/// How much longer than the longest wait of a transport the drain must be.
pub(super) const DRAIN_MARGIN: Duration = Duration::from_secs(1);

/// How long answers go on after the measure phase, of a search at most. Where what they follow from is at fault already, it is not looked at: there
/// may be more of them than anybody can go through.
pub(super) fn longest_answer(
    events: Option<&Events>,
    seed: u64,
    phases: &Phases,
    search: Option<(&Capacity, &[Threshold])>,
    faults: &FaultList,
) -> Duration {
    let at_fault = ["events.rate", "events.parts", "events.first", "events.gap", "phases.measure"];
    let events = events.filter(|_| !at_fault.iter().any(|key| faults.has(key)));
    let Some(events) = events else { return Duration::ZERO };
    match search {
        None => answers::longest_after_measure(events, seed, phases),
        Some(search) => answers::longest_of_probes(events, seed, phases, search),
    }
}

/// What holds events back by design, beside the transport.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldBack {
    pub(super) inject: Option<Inject>,
    pub(super) coalesce: Coalesce,
    /// How long answers go on after the measure phase in which they were asked for.
    pub(super) answers: Duration,
}

impl HeldBack {
    fn longest(self) -> Duration {
        self.inject.map_or(Duration::ZERO, |inject| inject.longest_hold())
            + self.coalesce.longest_hold()
            + self.answers
    }

    /// Behind the transport's own wait: how long, and by what.
    fn in_words(self) -> String {
        let injected = self.inject.map(|inject| (inject.longest_hold(), "injected faults"));
        let coalesced =
            Some((self.coalesce.longest_hold(), "target.coalesce")).filter(|(hold, _)| !hold.is_zero());
        let said = |(hold, by)| format!(" and {} by {by}", Period::from_duration(hold));
        let answers = (!self.answers.is_zero()).then(|| {
            let goes_on = Period::from_duration(whole_millis(self.answers));
            format!(", and an answer goes on for up to {goes_on} after the measure phase")
        });
        injected.into_iter().chain(coalesced).map(said).chain(answers).collect()
    }
}

/// An event that a transport may still hold back by design when the drain ends would be counted as lost.
pub(super) fn check<'a>(
    section: &Section,
    phases: &Phases,
    transports: impl Iterator<Item = &'a transports::Entry>,
    held_back: HeldBack,
    faults: &mut FaultList,
) {
    if faults.has("phases.drain") {
        return;
    }
    let wait = |entry: &transports::Entry| entry.plan.settings.longest_wait();
    let Some(longest) = transports.filter(|entry| entry.whole).max_by_key(|entry| wait(entry)) else {
        return;
    };
    let needed = whole_millis(wait(longest) + held_back.longest() + DRAIN_MARGIN);
    if phases.drain >= needed {
        return;
    }
    let [drain, wait, needed] = [phases.drain, wait(longest), needed].map(Period::from_duration);
    let (label, more) = (&longest.plan.label, held_back.in_words());
    section.fault(
        "drain",
        faults,
        format!(
            "{drain} is too short: an event may wait {wait} in `{label}`{more}, so at least {needed} is needed"
        ),
    );
    faults.hint(Some(match held_back.inject {
        Some(_) => format!("write drain = \"{needed}\", or inject less"),
        None => format!("write drain = \"{needed}\", or have `{label}` wait less"),
    }));
}

/// Rounded up: what follows from random choices has more digits than anybody wants to read.
fn whole_millis(time: Duration) -> Duration {
    let millis = u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    Duration::from_millis(millis)
}
