use super::*;
use crate::config::{Config, Limits};
use crate::listener::Listener;
use pushbench_measure::wire::Opened;
use pushbench_probe::readiness::Poller;
use pushbench_transport::meter::Meter;

fn topic(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

fn parts(first_ns: u64, gaps_ns: &[u64]) -> Answer {
    Answer { first_ns, gaps_ns: gaps_ns.to_vec(), sizes: vec![100; gaps_ns.len() + 1] }
}

/// Everything that is due by that instant: topic, instant, number and end.
fn due(schedule: &mut Schedule, now_ns: u64) -> Vec<(String, u64, Option<u64>, Option<u32>)> {
    std::iter::from_fn(|| schedule.take(now_ns))
        .map(|due| (due.topic.as_str().to_owned(), due.due_ns, due.part.map(|(n, _)| n), due.end))
        .collect()
}

#[test]
fn parts_are_due_exactly_when_the_answer_says_however_late_it_is() {
    let mut schedule = Schedule::default();
    assert!(schedule.begin(&topic("a"), 0, parts(10, &[5, 7]), 1_000));
    assert!(schedule.begin(&topic("b"), 1, parts(0, &[]), 1_012));
    assert_eq!((schedule.next_ns(), due(&mut schedule, 1_009)), (Some(1_010), vec![]));
    let a = |due_ns, n, end| ("a".to_owned(), due_ns, Some(n), end);
    assert_eq!(due(&mut schedule, 1_010), [a(1_010, 1, None)]);
    assert_eq!(
        due(&mut schedule, 9_999),
        [("b".to_owned(), 1_012, Some(1), Some(1)), a(1_015, 2, None), a(1_022, 3, Some(3))]
    );
    assert_eq!((schedule.next_ns(), schedule.going.len()), (None, 0));
}

#[test]
fn a_topic_has_one_answer_at_a_time_and_one_that_was_given_up_says_nothing_more() {
    let mut schedule = Schedule::default();
    assert!(schedule.begin(&topic("a"), 7, parts(10, &[5]), 0));
    assert!(!schedule.begin(&topic("a"), 8, parts(1, &[]), 0));
    assert!(!schedule.give_up("a", 8), "that one never began");
    due(&mut schedule, 10);
    assert!(schedule.give_up("a", 7));
    assert!(!schedule.give_up("a", 7) && schedule.topics.is_empty());
    assert!(schedule.begin(&topic("a"), 8, parts(1, &[]), 10));
    assert_eq!(due(&mut schedule, 99), [("a".to_owned(), 11, Some(1), Some(1))]);
    assert!(schedule.due.is_empty());
}

#[test]
fn an_answer_without_parts_is_its_end() {
    let mut schedule = Schedule::default();
    schedule.begin(&topic("a"), 0, Answer { first_ns: 3, gaps_ns: vec![], sizes: vec![] }, 0);
    assert_eq!(due(&mut schedule, 3), [("a".to_owned(), 3, None, Some(0))]);
}

#[test]
fn what_finds_no_room_is_counted_and_its_answer_given_up() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let limits = Limits { topics: 1, ..Limits::default() };
        let config = Config { limits, ..Config::new("127.0.0.1:0".parse().unwrap()) };
        let listener = Listener::bind(config.listen, None).unwrap();
        let meter = Meter::new(Opened::There, listener.local_addr().unwrap());
        let server = Server::new(&config, listener, meter, &Rc::new(Poller::new().unwrap())).unwrap();
        server.publish(&topic("other"), 0, |_| String::new()).unwrap();
        for (ask, at_its_end) in [(7, false), (8, true)] {
            let a = topic("a");
            server.answers.begin(a.as_topic_ref(), ask, 0).unwrap();
            let mut dues = std::iter::from_fn(|| server.answers.take(u64::MAX));
            let due = dues.find(|due| due.end.is_some() == at_its_end).unwrap();
            publish(&server, &due, 1);
            assert!(server.answers.progress(a.as_topic_ref(), ask).is_err(), "whoever polls for it is told");
            assert_eq!(server.answers.under_way(), 0);
        }
        assert_eq!((server.answers.begun.get(), server.answers.ended.get()), (2, 2));
        assert_eq!(server.totals(0).publishes_skipped, 2);
    });
}
