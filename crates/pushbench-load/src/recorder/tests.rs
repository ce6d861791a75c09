use super::*;
use pushbench_transport::client::{Direction, Observer as _, Part};
use pushbench_transport::envelope::{Stamp, encode};

const MS: u64 = 1_000_000;
const EDGES: PhaseEdges =
    PhaseEdges { start_ns: 100 * MS, measure_ns: 200 * MS, drain_ns: 300 * MS, end_ns: 400 * MS };

fn recorder() -> Recorder {
    Recorder { edges: Some(EDGES), accounts: vec![Account::new(10 * MS, 0)], ..Recorder::default() }
}

fn deliver(recorder: &mut Recorder, n: u64, due_ns: u64, published_ns: u64, now_ns: u64) -> i64 {
    let mut payload = Vec::new();
    encode(Stamp { n, due_ns, published_ns }, "all", 100, &mut payload);
    recorder.counters.down.framing += payload.len() as i64 + 5;
    ClientObserver { recorder, client: 0, now_ns }.event(&payload);
    payload.len() as i64
}

#[test]
fn the_headline_counts_from_the_due_time_and_belongs_to_the_phase_of_the_due_time() {
    let mut recorder = recorder();
    deliver(&mut recorder, 1, 299 * MS, 305 * MS, 310 * MS);
    let delivery = recorder.histograms.of(Figure::Delivery, Phase::Measure);
    let uncorrected = recorder.histograms.of(Figure::Uncorrected, Phase::Measure);
    assert_eq!((delivery.count(), uncorrected.count()), (1, 1));
    assert!((10_990..=11_010).contains(&delivery.max().unwrap()), "received - due is 11 ms");
    assert!((4_990..=5_010).contains(&uncorrected.max().unwrap()), "received - published is 5 ms");
    let due = pushbench_scenario::schedule::TopicEvents { first_n: 1, due_offsets_ns: vec![199 * MS] };
    assert_eq!(recorder.accounts[0].close(&due, &EDGES).late, 1, "it came when the measure phase had ended");
}

#[test]
fn a_double_is_counted_and_leaves_every_latency_alone() {
    let mut recorder = recorder();
    deliver(&mut recorder, 1, 210 * MS, 210 * MS, 211 * MS);
    deliver(&mut recorder, 1, 210 * MS, 210 * MS, 290 * MS);
    assert_eq!(recorder.histograms.of(Figure::Delivery, Phase::Measure).count(), 1);
    assert_eq!(recorder.counters.events, 2);
    assert_eq!(recorder.accounts[0].ledger.close(1, 2).duplicated, 1);
}

#[test]
fn an_own_message_is_an_echo_once_and_no_delivery() {
    let mut recorder = recorder();
    recorder.own.push(VecDeque::new());
    recorder.dispatched(210 * MS, 212 * MS);
    recorder.dispatched(190 * MS, 190 * MS);
    recorder.sent(0, 4, 210 * MS);
    recorder.message_waits(230 * MS);
    recorder.sent(0, 7, 230 * MS);
    // All three are of the measure phase, by when the message was due.
    for due_ns in [190 * MS, 240 * MS] {
        recorder.never_sent(due_ns);
    }
    for due_ns in [195 * MS, 250 * MS] {
        recorder.message_waits(due_ns);
        recorder.waited_in_vain(due_ns);
    }
    // Others' messages between, an own one that overtakes another, and an own one again.
    for n in [3, 7, 4, 5, 4] {
        deliver(&mut recorder, n, 220 * MS, 221 * MS, 222 * MS);
    }
    let count = |figure| recorder.histograms.of(figure, Phase::Measure).count();
    assert_eq!((count(Figure::Echo), count(Figure::Delivery), count(Figure::Uncorrected)), (2, 2, 2));
    assert_eq!((count(Figure::Slip), count(Figure::Gap)), (1, 3));
    assert!(recorder.own[0].is_empty());
    let tally = recorder.messages;
    assert_eq!((tally.sent, tally.late, tally.unsent), (2, 1, 2));
    let due = pushbench_scenario::schedule::TopicEvents { first_n: 3, due_offsets_ns: vec![120 * MS; 5] };
    recorder.accounts[0].first_ready_ns = 1;
    let closed = recorder.accounts[0].close(&due, &EDGES);
    assert_eq!((closed.expected, closed.delivered, closed.duplicated), (5, 4, 1), "one's own are owed too");
    assert_eq!(recorder.accounts[0].latency_mean_us(), Some(2_000));
}

#[test]
fn ages_are_those_of_every_client_in_turn() {
    let mut recorder = recorder();
    recorder.accounts.extend((0..AGES_AT_ONCE).map(|_| Account::new(10 * MS, 0)));
    deliver(&mut recorder, 1, 210 * MS, 210 * MS, 211 * MS);
    for now_ns in [220 * MS, 230 * MS, 240 * MS] {
        recorder.look_at_ages(now_ns);
    }
    let age = recorder.histograms.of(Figure::Age, Phase::Measure);
    // Of 17 clients 16 are looked at each time; the first, which alone holds an event, is left out once.
    assert_eq!(age.count(), 2);
    assert!((29_900..=30_100).contains(&age.max().unwrap()), "{:?}", age.max());
}

#[test]
fn bytes_move_between_parts_and_their_sum_stays() {
    let mut recorder = recorder();
    let payload = deliver(&mut recorder, 1, 210 * MS, 210 * MS, 211 * MS);
    recorder.counters.down.framing += 50;
    let mut observer = ClientObserver { recorder: &mut recorder, client: 0, now_ns: 0 };
    observer.reclassify(Direction::Down, Part::EmptyPoll, 30);
    observer.reclassify(Direction::Down, Part::Connecting, 20);
    let down = recorder.counters.down;
    assert_eq!((down.payload, down.framing, down.empty_polls, down.connecting), (payload, 5, 30, 20));
}

#[test]
fn readiness_is_timed_from_the_scheduled_arrival_and_once() {
    let mut recorder = recorder();
    for now_ns in [12 * MS, 90 * MS] {
        ClientObserver { recorder: &mut recorder, client: 0, now_ns }.ready();
    }
    let connect = recorder.histograms.of(Figure::Connect, Phase::Ramp);
    assert_eq!((connect.count(), recorder.ready_now, recorder.ever_connected), (1, 1, 1));
    assert!((1_998..=2_002).contains(&connect.max().unwrap()));
    recorder.lost_connection(0, || 0);
    recorder.lost_connection(0, || 0);
    assert_eq!((recorder.ready_now, recorder.ever_connected), (0, 1));
}

#[test]
fn a_payload_without_an_envelope_is_named_not_measured() {
    let mut recorder = recorder();
    recorder.counters.down.framing = 5;
    ClientObserver { recorder: &mut recorder, client: 0, now_ns: 1 }.event(b"hello");
    assert_eq!((recorder.counters.foreign_payloads, recorder.counters.events), (1, 1));
    assert_eq!(recorder.histograms.iter().count(), 0);
}

#[test]
fn only_a_connection_that_was_made_counts_as_opened_again() {
    let mut recorder = recorder();
    recorder.connected(Reopen::Planned);
    recorder.connected(Reopen::Lost);
    assert_eq!((recorder.counters.opened, recorder.counters.reconnects), (2, 1));
}
