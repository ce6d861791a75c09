//! A capacity search before it begins: its upper end, and how long it may take.

use std::time::Duration;

use super::{Machine, most_clients, step};
use crate::capacity::{Capacity, Next, Outcome};
use crate::choice::{ClientCounts, TopicCount};
use crate::file::MOST_EVENTS;
use crate::plan::{Plan, Source, Topics, TransportPlan};

/// The plan with an upper end of its search: where the file names none, as many clients as `machine` has room for, with
/// every transport. A plan without a search stays as it is.
#[must_use]
pub fn with_upper_end(plan: Plan, machine: &Machine) -> Plan {
    let Some(capacity) = plan.capacity.filter(|capacity| capacity.to.is_none()) else { return plan };
    let from = capacity.from as u32;
    let widest = Plan { steps: vec![most_planned(&plan)], ..plan.clone() };
    let most = most_clients(&widest, machine).clients.max(from);
    let capacity = Capacity { to: Some(f64::from(most)), ..capacity };
    let steps = if most > from { vec![from, most] } else { vec![from] };
    Plan { capacity: Some(capacity), steps, ..plan }
}

/// The most clients that a plan may have, whatever the machine.
fn most_planned(plan: &Plan) -> u32 {
    let by_topics = match plan.events.topics {
        Topics::PerClient => TopicCount::MOST,
        Topics::Broadcast | Topics::Count(_) | Topics::Rooms { .. } => ClientCounts::MOST,
    };
    if plan.events.source != Source::Members {
        return by_topics;
    }
    let of_one = plan.events_of(1).number_until(plan.phases.warmup + plan.phases.measure);
    let by_events = f64::from(MOST_EVENTS) / of_one.max(f64::MIN_POSITIVE);
    by_topics.min(by_events as u32)
}

/// Whether what was found passes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Pass,
    /// None of them, so that the search goes on below, until it has had enough.
    Fail,
}

/// The shortest and the longest time that the search of all transports may take, if the first probe passes. Probes that
/// are made again because something held the machine up come on top: they depend on nothing that is known here.
pub(super) fn durations(plan: &Plan, machine: &Machine, capacity: &Capacity) -> (Duration, Duration) {
    let [from, to] = [capacity.from, capacity.to.unwrap_or(capacity.from)];
    let of_transport = |transport: &TransportPlan| {
        // Nearly up to its end a search makes the most probes, and the largest.
        let reached = [from, to.midpoint(from), to * 0.99, to];
        let each = reached.iter().flat_map(|bears| [(*bears, Repeats::Pass), (*bears, Repeats::Fail)]);
        let times: Vec<Duration> =
            each.map(|oracle| duration(plan, machine, (capacity, transport), oracle)).collect();
        (times.iter().min().copied().unwrap_or_default(), times.iter().max().copied().unwrap_or_default())
    };
    plan.transports.iter().map(of_transport).fold(Default::default(), |(least, most), (short, long)| {
        (least.saturating_add(short), most.saturating_add(long))
    })
}

/// How long the search takes if the transport bears so much, and repeats come out so.
fn duration(
    plan: &Plan,
    machine: &Machine,
    (capacity, transport): (&Capacity, &TransportPlan),
    (bears, repeats): (f64, Repeats),
) -> Duration {
    let mut search = capacity.search();
    let mut whole = Duration::ZERO;
    loop {
        let asked = search.next();
        let (Next::Probe(units) | Next::Repeat(units)) = asked else { return whole };
        let probe = capacity.probe(plan, &transport.label, units);
        whole = whole.saturating_add(step(&probe.plan, machine, transport, probe.clients).duration);
        let again = matches!(asked, Next::Repeat(_)) && repeats == Repeats::Fail;
        let passes = capacity.value(units) <= bears && !again;
        search.tell(if passes { Outcome::Passed } else { Outcome::Failed });
    }
}
