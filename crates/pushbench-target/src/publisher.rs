//! The open-loop publisher: event k is due when the schedule says so, whatever happened to event k-1.
//!
//! It waits on an absolute timer. Events that are overdue are published at once and never dropped; how late each was
//! is recorded. The schedule itself is made elsewhere.

use pushbench_measure::{Figure, PhaseEdges};
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

/// The account of a schedule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scheduled {
    /// No event is due from then on.
    over_ns: u64,
    events: u64,
    published: u64,
}

impl Scheduled {
    /// Events that were due and have not been published, once no further one is due; 0 before.
    pub(crate) fn skipped(self, now_ns: u64) -> u64 {
        if now_ns < self.over_ns { 0 } else { self.events - self.published }
    }
}

/// Publishes every event of the schedule.
pub(crate) async fn publish(server: &Server, alarm: &Alarm, publishing: Publishing) {
    let Publishing { events, topics, seed, edges } = publishing;
    server.hub.allow_topics(topics as usize);
    let Ok(names) =
        (0..topics.max(1)).map(|index| TopicName::new(&topic_name(events.topics, index))).collect()
    else {
        debug_assert!(false, "the topics of a schedule have valid names");
        return;
    };
    let names: Vec<TopicName> = names;
    let due = |event: &ScheduledEvent| edges.start_ns + event.due_offset_ns;
    let schedule =
        || EventSchedule::new(events, topics, seed).take_while(|event| due(event) < edges.drain_ns);
    let mut account = Scheduled { over_ns: edges.drain_ns, events: schedule().count() as u64, published: 0 };
    server.schedule.set(account);
    let mut burst = 0;
    for event in schedule() {
        let due_ns = due(&event);
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
        account.published += 1;
        server.schedule.set(account);
        let phase = edges.phase_at(due_ns);
        let slip_us = published_ns.saturating_sub(due_ns) / 1000;
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

    #[test]
    fn what_was_due_and_not_published_is_skipped_once_the_schedule_is_over() {
        let account = Scheduled { over_ns: 100, events: 10, published: 7 };
        assert_eq!((account.skipped(99), account.skipped(100)), (0, 3));
        assert_eq!(Scheduled::default().skipped(1), 0);
    }
}
