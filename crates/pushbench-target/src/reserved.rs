//! Topics that a schedule has to itself.
//!
//! Clients of a run know which ids they are owed. A single event of a stranger would shift them all, and each client
//! would miss one that was never published. The rooms of a chat are open, because its clients publish themselves.

use pushbench_scenario::plan::topic_index;
use pushbench_scenario::{Events, Source};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::publishing::Publishing;

/// The reservations of a target, one per schedule that was begun and is not over.
#[derive(Debug, Default)]
pub(crate) struct Reserved(RefCell<Vec<Rc<Reservation>>>);

/// The topics of one schedule.
#[derive(Debug)]
pub(crate) struct Reservation {
    pub(crate) publishing: Publishing,
    until_ns: Cell<u64>,
}

impl Reserved {
    /// Reserves the topics of a schedule until it is told that all is published.
    pub(crate) fn begin(&self, publishing: Publishing) -> Rc<Reservation> {
        let reservation = Rc::new(Reservation { publishing, until_ns: Cell::new(u64::MAX) });
        self.0.borrow_mut().push(Rc::clone(&reservation));
        reservation
    }

    /// Whether only a schedule may publish to that topic at `now_ns`.
    pub(crate) fn holds(&self, topic: &str, now_ns: u64) -> bool {
        self.any(topic, now_ns, |_| true)
    }

    /// Whether nobody may ask for an answer in that topic at `now_ns`: a schedule has it for something else. Where clients
    /// of a run are to ask, the target cannot tell them from strangers, and has to let all of them.
    pub(crate) fn forbids_asks(&self, topic: &str, now_ns: u64) -> bool {
        self.any(topic, now_ns, |events| events.answers().is_none())
    }

    fn any(&self, topic: &str, now_ns: u64, counts: impl Fn(&Events) -> bool) -> bool {
        let mut reservations = self.0.borrow_mut();
        reservations.retain(|reservation| now_ns < reservation.until_ns.get());
        reservations.iter().any(|reservation| {
            let Publishing { events, topics, .. } = &reservation.publishing;
            // In a chat it is the members who publish.
            let is_forbidden = events.source != Source::Members && counts(events);
            is_forbidden && topic_index(events.topics, *topics, topic).is_some()
        })
    }
}

impl Reservation {
    /// The schedule's last event is out: the topics stay reserved while its clients may still be counting.
    pub(crate) fn published(&self) {
        self.until_ns.set(self.publishing.edges.end_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::PhaseEdges;
    use pushbench_scenario::{Answers, Arrival, EventSize, Law, Parts, Shape, Topics};

    fn publishing(topics: Topics, count: u32, end_ns: u64) -> Publishing {
        let events = Events {
            topics,
            source: Source::Publisher,
            shape: Shape::FLAT,
            rate: 1.0,
            arrival: Arrival::Constant,
            size: EventSize::Fixed(200),
        };
        let edges = PhaseEdges { start_ns: 0, measure_ns: 0, drain_ns: end_ns, end_ns };
        Publishing { events, topics: count, seed: 0, edges }
    }

    #[test]
    fn topics_are_reserved_until_the_end_and_at_least_until_the_last_event() {
        let reserved = Reserved::default();
        let first = reserved.begin(publishing(Topics::Broadcast, 1, 10));
        let second = reserved.begin(publishing(Topics::Count(3), 3, 20));
        let held = |now_ns| ["all", "t0", "t2", "t3"].map(|topic| reserved.holds(topic, now_ns));
        assert_eq!(held(0), [true, true, true, false]);
        second.published();
        assert_eq!(held(19), [true, true, true, false]);
        assert_eq!(held(20), [true, false, false, false], "the first one is behind");
        first.published();
        assert_eq!(held(20), [false; 4]);
    }

    #[test]
    fn asks_are_forbidden_where_a_schedule_is_for_something_else() {
        let reserved = Reserved::default();
        let _first = reserved.begin(publishing(Topics::Broadcast, 1, 10));
        let law = Law::Constant(1);
        let answers = Answers { parts: Parts::Fixed(1), first: law.clone(), gap: law, stall_ns: 1 };
        let mut asked = publishing(Topics::PerClient, 2, 10);
        asked.events.source = Source::Answers(answers);
        let _second = reserved.begin(asked);
        let forbidden = ["all", "t0", "t2"].map(|topic| reserved.forbids_asks(topic, 0));
        assert_eq!(forbidden, [true, false, false]);
        assert!(reserved.holds("t0", 0), "nobody publishes into an answer");
    }

    #[test]
    fn the_rooms_of_a_chat_are_for_its_members() {
        let reserved = Reserved::default();
        let mut chat = publishing(Topics::Rooms { members: 2 }, 3, 10);
        chat.events.source = Source::Members;
        reserved.begin(chat);
        assert!(!reserved.holds("t0", 0));
    }
}
