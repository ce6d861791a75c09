use super::*;
use pushbench_scenario::{Overrides, parse};

const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;
/// The storm of the tests is due ten seconds into the measure phase.
const STORM: u64 = 111 * S;
const EDGES: PhaseEdges =
    PhaseEdges { start_ns: 100 * S, measure_ns: 101 * S, drain_ns: 131 * S, end_ns: 140 * S };

fn absences_of(life: &str, transport: &str) -> Option<Box<Absences>> {
    let scenario = format!(
        "name = \"absences\"\n[clients]\ncount = 2\n[events]\npattern = \"broadcast\"\nrate = \"10/s\"\n\
         [phases]\nwarmup = \"1s\"\nmeasure = \"30s\"\ndrain = \"9s\"\n[life]\n{life}\n[[transports]]\n{transport}"
    );
    let plan = parse(&scenario, "absences.toml", &Overrides::default()).unwrap();
    let targets = vec!["127.0.0.1:1".parse().unwrap()];
    let share = WorkerShare { plan, transport: 0, clients: 2, worker: 0, workers: 1, targets, source: None };
    Absences::of(&share, &EDGES)
}

const SHORT: &str = "storm = { at = \"10s\", share = \"50%\" }";
const SSE: &str = "kind = \"sse\"";

fn absences(life: &str) -> Absences {
    *absences_of(life, SSE).unwrap()
}

/// Ten events a second in the measure phase: number 11 is due at its begin.
fn events() -> TopicEvents {
    TopicEvents { first_n: 11, due_offsets_ns: (0..300).map(|at| S + at * 100 * MS).collect() }
}

fn account(received: impl IntoIterator<Item = u64>) -> Account {
    let mut account = Account::new(80 * S, 0);
    account.first_ready_ns = 90 * S;
    for n in received {
        account.ledger.receive(n);
    }
    account
}

/// The number of the event that is due then.
fn number_at(instant_ns: u64) -> u64 {
    11 + (instant_ns - EDGES.measure_ns) / (100 * MS)
}

#[test]
fn a_step_in_which_everybody_stays_keeps_nothing() {
    assert!(absences_of("resume = false", SSE).is_none());
}

#[test]
fn the_time_until_a_client_is_back_counts_from_the_storm() {
    let mut absences = absences(SHORT);
    assert_eq!(absences.ready(0, 90 * S), None, "it came for the first time");
    absences.lost(0, STORM - 1);
    assert_eq!(absences.ready(0, STORM), None, "before the storm nobody is dropped");
    absences.lost(0, STORM + 3 * MS);
    assert_eq!(absences.ready(0, STORM + 700 * MS), Some(700_000));
    absences.lost(0, STORM + 800 * MS);
    assert_eq!(absences.ready(0, STORM + 900 * MS), None, "one storm drops it once");
    absences.lost(1, STORM + 60 * S);
    let LifeTally { dropped, back, .. } = absences.tally(0);
    assert_eq!((dropped, back), (1, 1));
}

#[test]
fn an_event_is_caught_up_if_it_was_due_meanwhile_and_came_after_the_loss_was_seen() {
    let mut absences = absences(SHORT);
    absences.lost(0, STORM + 20 * MS);
    let due = |absences: &Absences, due_ns, now_ns| absences.due(0, due_ns, now_ns);
    assert_eq!(
        due(&absences, STORM + MS, STORM + 19 * MS),
        Due::There,
        "it came before the connection ended"
    );
    assert_eq!(
        due(&absences, STORM + MS, STORM + 30 * MS),
        Due::Dropped,
        "with the reply that makes it ready"
    );
    absences.ready(0, STORM + 500 * MS);
    let table = [(-1, Due::There), (0, Due::Dropped), (499, Due::Dropped), (500, Due::There)];
    for (after_ms, expected) in table {
        let due_ns = STORM.saturating_add_signed(after_ms * 1_000_000);
        assert_eq!(due(&absences, due_ns, STORM + 600 * MS), expected, "due {after_ms} ms after the storm");
        assert_eq!(absences.due(1, due_ns, STORM + 600 * MS), Due::There, "of another client");
    }
}

#[test]
fn what_was_missed_is_what_the_ledger_lacks_of_the_time_away() {
    let back_ns = STORM + 2 * S;
    let (lost, next) = (number_at(STORM), number_at(back_ns));
    for (got, missed) in [(lost..next, 0), (lost..lost, next - lost), (lost + 3..next, 3)] {
        let mut absences = absences(SHORT);
        absences.lost(0, STORM + MS);
        absences.ready(0, back_ns);
        absences.settle();
        let account = account((11..lost).chain(got.clone()).chain(next..311));
        let events = events();
        let due = Since { due: &events, start_ns: EDGES.start_ns };
        assert_eq!(absences.missed(0, &account, &due), missed, "{got:?}");
        assert_eq!(absences.missed(1, &account, &due), 0, "another client was not dropped");
        assert_eq!(absences.owed(0, &account, &due), None, "all since it was ready");
    }
}

#[test]
fn who_never_came_back_missed_all_until_the_end() {
    let mut absences = absences(SHORT);
    absences.lost(0, STORM + MS);
    absences.settle();
    let lost = number_at(STORM);
    let events = events();
    let due = Since { due: &events, start_ns: EDGES.start_ns };
    assert_eq!(absences.missed(0, &account(11..lost), &due), 311 - lost);
    let LifeTally { dropped, back, .. } = absences.tally(0);
    assert_eq!((dropped, back), (1, 0));
}

#[test]
fn who_leaves_by_plan_without_resuming_is_owed_what_was_due_in_its_stays_and_had_time_to_come() {
    let mut absences = absences("lifetime = \"5s\"\nresume = false");
    absences.begin(&[account([]), account([])]);
    let (leaves, returns) = (110 * S, 115 * S);
    absences.left(0, leaves);
    absences.returns(0, returns);
    assert_eq!(absences.ready(0, returns + 50 * MS), None, "it was not dropped");
    absences.settle();
    let events = events();
    let due = Since { due: &events, start_ns: EDGES.start_ns };
    let owed = absences.owed(0, &account([]), &due).unwrap();
    // An event may be under way for a second.
    assert_eq!(owed, [(11, number_at(109 * S)), (number_at(returns + 100 * MS), 311)]);
    assert_eq!(absences.owed(1, &account([]), &due).unwrap(), [(11, 311)]);
    assert_eq!(absences.tally(0).left, 1);
}

#[test]
fn who_leaves_by_plan_and_resumes_is_owed_all_unless_it_is_gone_for_good() {
    let mut absences = absences("lifetime = \"5s\"");
    absences.begin(&[account([]), account([])]);
    absences.left(0, 110 * S);
    let events = events();
    let due = Since { due: &events, start_ns: EDGES.start_ns };
    assert_eq!(absences.owed(0, &account([]), &due).unwrap(), [(11, number_at(109 * S))]);
    absences.returns(0, 115 * S);
    assert_eq!(absences.owed(0, &account([]), &due).unwrap(), [(11, 311)]);
    assert_eq!(absences.due(0, 112 * S, 115 * S + MS), Due::Left);
    let never = Account::new(0, 0);
    assert_eq!(absences.owed(0, &never, &due).unwrap(), [(0, 0); 0]);
}

#[test]
fn an_idle_connection_can_be_taken_from_who_keeps_one() {
    let of = |connection: &str| {
        let transport = format!("kind = \"short-polling\"\ninterval = \"1s\"\nconnection = \"{connection}\"");
        absences_of(SHORT, &transport).unwrap()
    };
    assert!(of("keep-alive").takes_idle(STORM) && !of("close").takes_idle(STORM));
    assert!(!of("keep-alive").takes_idle(STORM - 1));
}
