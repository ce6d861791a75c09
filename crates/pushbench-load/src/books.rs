//! The books of a worker, closed at the end of a step: what the schedule owed its clients beside what they got.

use pushbench_measure::fates::{Fates, SlowTally};
use pushbench_measure::ledger::Tally;
use pushbench_measure::snapshot::WorkerFinal;
use pushbench_measure::{Counters, PhaseEdges};
use pushbench_scenario::plan::topic_of_client;
use pushbench_scenario::schedule::{EventSchedule, events_between};
use pushbench_scenario::share::WorkerShare;

use crate::absences::Since;
use crate::account::Account;
use crate::answers::AnswerBook;
use crate::arrivals::number;
use crate::asks::Asks;
use crate::recorder::Recorder;
use crate::slow::SlowReaders;

/// What some scenarios have beside accounts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    pub(crate) slow: Option<&'a SlowReaders>,
    pub(crate) asks: Option<&'a Asks>,
}

/// The books as they are at `now_ns`, without what the sockets carried. `noted` are the counters at the begin and the end of
/// the measure phase, as far as these have been noted.
pub(crate) fn close(
    share: &WorkerShare,
    recorder: &mut Recorder,
    beside: Beside<'_>,
    noted: &[Option<Counters>; 2],
    now_ns: u64,
) -> WorkerFinal {
    let Beside { slow, asks } = beside;
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
        Some(edges) => match recorder.answers.as_deref_mut().zip(asks) {
            Some((answers, asks)) => close_answers(&recorder.accounts, answers, asks, &edges, &mut sums),
            None => close_accounts(share, recorder, slow, &edges, &mut sums),
        },
        None => sums.tally.intended = share.client_numbers().count() as u64,
    }
    sums.fates.slow.errors = recorder.slow_errors;
    sums
}

fn close_accounts(
    share: &WorkerShare,
    recorder: &mut Recorder,
    slow: Option<&SlowReaders>,
    edges: &PhaseEdges,
    sums: &mut WorkerFinal,
) {
    let topics = share.plan.topics(share.clients);
    let schedule = EventSchedule::new(share.plan.events_of(share.clients), topics, share.plan.seed);
    let due = events_between(schedule, edges.measure_ns - edges.start_ns, edges.drain_ns - edges.start_ns);
    let Recorder { accounts, absences, .. } = recorder;
    let mut missed = 0;
    if let Some(absences) = absences {
        absences.settle();
    }
    let since = |topic: u32| Since { due: &due[topic as usize], start_ns: edges.start_ns };
    for (client, account) in (0..).zip(&mut *accounts) {
        let due = since(account.topic);
        let absences = absences.as_deref();
        let tally = match absences.and_then(|absences| absences.owed(client, account, &due)) {
            None => account.close(due.due, edges),
            Some(owed) => Tally {
                expected_of_intended: intended(share, number(share, client), &due),
                ..account.close_over(owed, account.is_connected(edges))
            },
        };
        if let Some(of_reader) = slow.and_then(|slow| slow.tally(client)) {
            add_slow(sums, &tally, &of_reader);
            continue;
        }
        missed += absences.map_or(0, |absences| absences.missed(client, account, &due));
        sums.tally.add(&tally);
        sums.delivered_per_client.record(tally.delivered);
        if let Some(mean_us) = account.latency_mean_us() {
            sums.latency_mean_per_client.record(mean_us);
        }
        sums.age.add(&account.age.finish(edges.measure_ns, edges.drain_ns));
    }
    if let Some(absences) = absences {
        sums.fates.life = absences.tally(missed);
    }
    // Clients whose arrival the step did not live to see; who never was to come is none of them.
    for number in share.client_numbers().skip(accounts.len()) {
        if share.plan.arrival_ns(number, share.clients).is_none() {
            continue;
        }
        let topic = topic_of_client(number, topics);
        let due = since(topic);
        let mut tally = Account::new(0, topic).close(due.due, edges);
        if share.plan.has_lives() {
            tally.expected_of_intended = intended(share, number, &due);
        }
        if slow.is_some_and(|slow| slow.is_slow_number(number)) {
            add_slow(sums, &tally, &SlowTally::default());
            continue;
        }
        sums.tally.add(&tally);
    }
}

/// Events due in the measure phase for the client of that number, which comes and goes, as it was planned.
fn intended(share: &WorkerShare, number: u32, due: &Since<'_>) -> u64 {
    let plan = &share.plan;
    let stays = plan.stays(number, share.clients);
    let settled_ns = plan.settled_within(share.transport()).as_nanos() as u64;
    let until = |end_ns: u64| if end_ns == u64::MAX { end_ns } else { end_ns.saturating_sub(settled_ns) };
    let count = |from_ns: u64, end_ns: u64| {
        let at = |offset_ns: u64| due.start_ns.saturating_add(offset_ns);
        let (from, until) = due.numbers(at(from_ns), at(until(end_ns)));
        until.saturating_sub(from)
    };
    match (stays.first(), stays.last()) {
        // Whoever asks for what it missed is owed all between its first coming and its last leaving.
        (Some(first), Some(last)) if plan.life.resume => count(first.start, last.end),
        _ => stays.iter().map(|stay| count(stay.start, stay.end)).sum(),
    }
}

/// A slow client is one of the step's, and what it was due and got is in a sum of its own.
fn add_slow(sums: &mut WorkerFinal, tally: &Tally, of_reader: &SlowTally) {
    let Tally { intended, connected, expected, delivered, .. } = *tally;
    sums.tally.add(&Tally { intended, connected, ..Tally::default() });
    sums.fates.slow.add(&SlowTally { clients: 1, expected, delivered, ..*of_reader });
}

/// The same where clients asked: each was owed the answers that it was to ask for in the measure phase.
fn close_answers(
    accounts: &[Account],
    answers: &mut AnswerBook,
    asks: &Asks,
    edges: &PhaseEdges,
    sums: &mut WorkerFinal,
) {
    let nobody = Account::default();
    for client in answers.clients() {
        let account = accounts.get(client as usize).unwrap_or(&nobody);
        let tally = account.close_answers(answers.close(client, asks.of_client(client)), edges);
        sums.tally.add(&tally);
        if (client as usize) < accounts.len() {
            sums.delivered_per_client.record(tally.delivered);
            if let Some(mean_us) = account.latency_mean_us() {
                sums.latency_mean_per_client.record(mean_us);
            }
        }
    }
    let (tally, parts) = answers.sums();
    sums.fates.answers = tally;
    sums.tally.add(&parts);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::absences::Absences;
    use pushbench_scenario::{Overrides, parse};

    const S: u64 = 1_000_000_000;
    const EDGES: PhaseEdges =
        PhaseEdges { start_ns: 100 * S, measure_ns: 101 * S, drain_ns: 131 * S, end_ns: 140 * S };

    /// Whose clients come and go, in a step of 300 events.
    fn share(life: &str) -> WorkerShare {
        let scenario = format!(
            "name = \"books\"\n[clients]\ncount = 5\n[events]\npattern = \"broadcast\"\nrate = \"10/s\"\n[phases]\n\
             warmup = \"1s\"\nmeasure = \"30s\"\ndrain = \"9s\"\n[life]\n{life}\n[[transports]]\nkind = \"sse\""
        );
        let plan = parse(&scenario, "books.toml", &Overrides::default()).unwrap();
        let targets = vec!["127.0.0.1:1".parse().unwrap()];
        WorkerShare { plan, transport: 0, clients: 5, worker: 1, workers: 2, targets, source: None }
    }

    fn closed(share: &WorkerShare, arrived: usize) -> Tally {
        let mut recorder = Recorder {
            edges: Some(EDGES),
            absences: Absences::of(share, &EDGES),
            accounts: (0..arrived).map(|_| Account::new(90 * S, 0)).collect(),
            ..Recorder::default()
        };
        close(share, &mut recorder, Beside::default(), &[None; 2], EDGES.end_ns).tally
    }

    #[test]
    fn what_was_to_come_to_a_client_does_not_depend_on_whether_it_arrived() {
        for resume in [true, false] {
            let share = share(&format!("lifetime = \"5s\"\npause = \"5s\"\nresume = {resume}"));
            let [none, one, both] = [0, 1, 2].map(|arrived| closed(&share, arrived));
            assert_eq!((none.intended, none.expected), (2, 0));
            assert_eq!(none.expected_of_intended, both.expected_of_intended, "{resume}");
            assert_eq!(one.expected_of_intended, both.expected_of_intended, "{resume}");
            let all = 2 * 300;
            let most = if resume { all } else { all - 1 };
            assert!((1..=most).contains(&both.expected_of_intended), "{}", both.expected_of_intended);
        }
        assert_eq!(closed(&share(""), 0).expected_of_intended, 600, "those who stay are to get everything");
    }
}
