//! Topics that a schedule has to itself.
//!
//! Clients of a run know which ids they are owed. A single event of a stranger would shift them all, and each client
//! would miss one that was never published. The rooms of a chat are open, because its clients publish themselves.

use pushbench_scenario::Source;
use pushbench_scenario::plan::topic_index;
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
        let mut reservations = self.0.borrow_mut();
        reservations.retain(|reservation| now_ns < reservation.until_ns.get());
        reservations.iter().any(|reservation| {
            let Publishing { events, topics, .. } = &reservation.publishing;
            // In a chat it is the members who publish.
            events.source != Source::Members && topic_index(events.topics, *topics, topic).is_some()
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
    use pushbench_scenario::{Arrival, EventSize, Events, Shape, Topics};

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
    fn the_rooms_of_a_chat_are_for_its_members() {
        let reserved = Reserved::default();
        let mut chat = publishing(Topics::Rooms { members: 2 }, 3, 10);
        chat.events.source = Source::Members;
        reserved.begin(chat);
        assert!(!reserved.holds("t0", 0));
    }
}
