//! The open-loop publisher: event k is due when the schedule says so, whatever happened to event k-1.
//!
//! It waits on an absolute timer. Events that are overdue are published at once and never dropped; how late each was
//! is recorded. The schedule itself is made elsewhere.

use pushbench_measure::{Figure, PhaseEdges, micros};
use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::Events;
use pushbench_scenario::plan::topic_name;
use pushbench_scenario::schedule::{EventSchedule, ScheduledEvent};
use pushbench_transport::envelope::{self, Stamp};
use pushbench_transport::server::{Refusal, TopicName};

use crate::server::Server;

/// Overdue events published before other tasks get their turn.
const BURST: u32 = 64;

/// What to publish, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    fn new(publishing: Publishing) -> Self {
        let Publishing { events, topics, seed, edges } = publishing;
        let rest = EventSchedule::new(events, topics, seed);
        Self { edges, rest, turns: 0, published: 0, events: None }
    }

    /// The next event and when it is due; none is due at or after the drain.
    fn turn(&mut self) -> Option<(ScheduledEvent, u64)> {
        let event = self.rest.next()?;
        let due_ns = self.edges.start_ns.saturating_add(event.due_offset_ns);
        if due_ns >= self.edges.drain_ns {
            return None;
        }
        self.turns += 1;
        Some((event, due_ns))
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

/// Publishes every event of the schedule.
pub(crate) async fn publish(server: &Server, alarm: &Alarm, publishing: Publishing) {
    let Publishing { events, topics, edges, .. } = publishing;
    server.hub.allow_topics(topics as usize);
    let Ok(names) =
        (0..topics.max(1)).map(|index| TopicName::new(&topic_name(events.topics, index))).collect()
    else {
        debug_assert!(false, "the topics of a schedule have valid names");
        return;
    };
    let names: Vec<TopicName> = names;
    server.scheduled.replace(Some(Scheduled::new(publishing)));
    let mut burst = 0;
    while let Some((event, due_ns)) = server.scheduled(Scheduled::turn).flatten() {
        if now_ns() < due_ns {
            alarm.until(due_ns).await;
            burst = 0;
        } else if burst == BURST {
            tokio::task::yield_now().await;
            burst = 0;
        }
        burst += 1;
        let published_ns = now_ns();
        // Refused only when others have taken all the room for topics; then it counts as skipped.
        if hand_over(server, &names[event.topic as usize], event, due_ns, published_ns).is_err() {
            continue;
        }
        server.scheduled(|scheduled| scheduled.published += 1);
        let phase = edges.phase_at(due_ns);
        let slip_us = micros(published_ns.saturating_sub(due_ns));
        server.histograms.borrow_mut().record(Figure::Slip, phase, slip_us);
    }
}

fn hand_over(
    server: &Server,
    topic: &TopicName,
    event: ScheduledEvent,
    due_ns: u64,
    published_ns: u64,
) -> Result<u64, Refusal> {
    server.hub.publish(topic, |n| {
        let mut payload = Vec::with_capacity(event.size as usize);
        envelope::encode(
            Stamp { n, due_ns, published_ns },
            topic.as_str(),
            event.size as usize,
            &mut payload,
        );
        // An envelope is ASCII.
        String::from_utf8(payload).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::{Arrival, EventSize, Topics};

    #[test]
    fn what_was_due_and_not_published_is_skipped_once_the_schedule_is_over() {
        let events = Events {
            topics: Topics::Broadcast,
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
