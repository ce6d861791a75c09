//! The books of a worker, closed at the end of a step: what the schedule owed its clients beside what they got.

use pushbench_measure::fates::Fates;
use pushbench_measure::snapshot::WorkerFinal;
use pushbench_measure::{Counters, PhaseEdges};
use pushbench_scenario::plan::topic_of_client;
use pushbench_scenario::schedule::{EventSchedule, events_between};
use pushbench_scenario::share::WorkerShare;

use crate::account::Account;
use crate::recorder::Recorder;

/// The books as they are at `now_ns`, without what the sockets carried. `noted` are the counters at the begin and the end of
/// the measure phase, as far as these have been noted.
pub(crate) fn close(
    share: &WorkerShare,
    recorder: &mut Recorder,
    noted: &[Option<Counters>; 2],
    now_ns: u64,
) -> WorkerFinal {
    let counters = recorder.counters;
    // An edge that has passed and is not noted yet is being noted; one that never came is nothing.
    let at_edge = |noted: Option<Counters>, edge_ns: fn(&PhaseEdges) -> u64| {
        let has_passed = recorder.edges.is_some_and(|edges| edge_ns(&edges) <= now_ns);
        noted.or(has_passed.then_some(counters)).unwrap_or_default()
    };
    let [at_measure, at_drain] = *noted;
    let at_measure = at_edge(at_measure, |edges| edges.measure_ns);
    let at_drain = at_edge(at_drain, |edges| edges.drain_ns);
    let fates = Fates { messages: recorder.messages, ..Fates::default() };
    let mut sums = WorkerFinal { fates, edges: [at_measure, at_drain, counters], ..WorkerFinal::default() };
    match recorder.edges {
        Some(edges) => close_accounts(share, &mut recorder.accounts, &edges, &mut sums),
        None => sums.tally.intended = share.client_numbers().count() as u64,
    }
    sums
}

fn close_accounts(share: &WorkerShare, accounts: &mut [Account], edges: &PhaseEdges, sums: &mut WorkerFinal) {
    let topics = share.plan.topics(share.clients);
    let schedule = EventSchedule::new(share.plan.events_of(share.clients), topics, share.plan.seed);
    let due = events_between(schedule, edges.measure_ns - edges.start_ns, edges.drain_ns - edges.start_ns);
    for account in &mut *accounts {
        let tally = account.close(&due[account.topic as usize], edges);
        sums.tally.add(&tally);
        sums.delivered_per_client.record(tally.delivered);
        if let Some(mean_us) = account.latency_mean_us() {
            sums.latency_mean_per_client.record(mean_us);
        }
        sums.age.add(&account.age.finish(edges.measure_ns, edges.drain_ns));
    }
    // Clients whose arrival the step did not live to see.
    for client in share.client_numbers().skip(accounts.len()) {
        let topic = topic_of_client(client, topics);
        sums.tally.add(&Account::new(0, topic).close(&due[topic as usize], edges));
    }
}
