//! What a target is told to publish, and the account of how far that has come. Nothing is published here.

use pushbench_measure::PhaseEdges;
use pushbench_scenario::Events;
use pushbench_scenario::schedule::{EventSchedule, ScheduledEvent};

/// What to publish, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Publishing {
    /// What is published how often.
    pub events: Events,
    /// Number of topics.
    pub topics: u32,
    /// Seed of the schedule.
    pub seed: u64,
    /// The first event is due at `start_ns`; none is due at or after `drain_ns`.
    pub edges: PhaseEdges,
}

/// A schedule and its account.
#[derive(Debug)]
pub(crate) struct Scheduled {
    edges: PhaseEdges,
    /// What comes next.
    rest: EventSchedule,
    /// Events that had their turn, published or refused.
    turns: u64,
    published: u64,
    /// Events of the whole schedule, once somebody had to know.
    events: Option<u64>,
}

impl Scheduled {
    pub(crate) fn new(publishing: Publishing) -> Self {
        let Publishing { events, topics, seed, edges } = publishing;
        let rest = EventSchedule::new(events, topics, seed);
        Self { edges, rest, turns: 0, published: 0, events: None }
    }

    /// The next event and when it is due; none is due at or after the drain.
    pub(crate) fn turn(&mut self) -> Option<(ScheduledEvent, u64)> {
        let event = self.rest.next()?;
        let due_ns = self.edges.start_ns.saturating_add(event.due_offset_ns);
        if due_ns >= self.edges.drain_ns {
            return None;
        }
        self.turns += 1;
        Some((event, due_ns))
    }

    /// Notes that the event whose turn it was is published.
    pub(crate) fn published(&mut self) {
        self.published += 1;
    }

    /// Events that were due and have not been published, once no further one is due; 0 before.
    ///
    /// PERF: events whose turn has not come are counted here, once, and nowhere before: counting ten million of them
    /// takes longer than the first may be late. A publisher that keeps up leaves none.
    pub(crate) fn skipped(&mut self, now_ns: u64) -> u64 {
        let PhaseEdges { start_ns, drain_ns, .. } = self.edges;
        if now_ns < drain_ns {
            return 0;
        }
        let events = *self.events.get_or_insert_with(|| {
            let length_ns = drain_ns.saturating_sub(start_ns);
            let rest = self.rest.clone().take_while(|event| event.due_offset_ns < length_ns);
            self.turns + rest.count() as u64
        });
        events - self.published
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::{Arrival, EventSize, Shape, Source, Topics};

    #[test]
    fn what_was_due_and_not_published_is_skipped_once_the_schedule_is_over() {
        let events = Events {
            topics: Topics::Broadcast,
            source: Source::Publisher,
            shape: Shape::FLAT,
            rate: 1e9,
            arrival: Arrival::Constant,
            size: EventSize::Fixed(200),
        };
        let edges = PhaseEdges { start_ns: 90, measure_ns: 95, drain_ns: 100, end_ns: 200 };
        let mut scheduled = Scheduled::new(Publishing { events, topics: 1, seed: 0, edges });
        for due_ns in 90..97 {
            assert_eq!(scheduled.turn().unwrap().1, due_ns);
        }
        scheduled.published = 6;
        assert_eq!((scheduled.skipped(99), scheduled.events), (0, None), "nobody has to know");
        // One was refused, three did not have their turn.
        assert_eq!((scheduled.skipped(100), scheduled.events), (4, Some(10)));
        while scheduled.turn().is_some() {
            scheduled.published += 1;
        }
        assert_eq!((scheduled.published, scheduled.skipped(101)), (9, 1));
        scheduled.events = None;
        assert_eq!(scheduled.skipped(102), 1, "nothing is left to be counted");
    }
}
