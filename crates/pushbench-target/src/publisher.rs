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
    let mut burst = 0;
    for event in EventSchedule::new(events, topics, seed) {
        let due_ns = edges.start_ns + event.due_offset_ns;
        if due_ns >= edges.drain_ns {
            return;
        }
        if now_ns() < due_ns {
            alarm.until(due_ns).await;
            burst = 0;
        } else if burst == BURST {
            tokio::task::yield_now().await;
            burst = 0;
        }
        burst += 1;
        let published_ns = now_ns();
        let published = hand_over(server, &names[event.topic as usize], event, due_ns, published_ns);
        debug_assert!(published.is_ok(), "there is room for the topics of the schedule");
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
