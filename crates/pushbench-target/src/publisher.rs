//! The open-loop publisher: event k is due when the schedule says so, whatever happened to event k-1.
//!
//! It waits on an absolute timer. Events that are overdue are published at once and never dropped; how late each was
//! is recorded. The schedule itself is made elsewhere.

use pushbench_measure::{Figure, micros};
use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::Source;
use pushbench_scenario::plan::topic_name;
use pushbench_scenario::schedule::ScheduledEvent;
use pushbench_transport::envelope::{self, Stamp};
use pushbench_transport::server::{Refusal, TopicName};

use crate::publishing::{Publishing, Scheduled};
use crate::server::Server;

/// Overdue events published before other tasks get their turn.
const BURST: u32 = 64;

/// Publishes every event of the schedule.
pub(crate) async fn publish(server: &Server, alarm: &Alarm, publishing: Publishing) {
    let Publishing { ref events, topics, edges, .. } = publishing;
    server.with_hub(|hub| hub.allow_topics(topics as usize));
    if events.answers().is_some() {
        // Asks bring their own schedules.
        server.answers.edges.set(Some(edges));
        return;
    }
    if events.source == Source::Members {
        return watch(server, alarm, edges.drain_ns).await;
    }
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
        server.scheduled(Scheduled::published);
        let phase = edges.phase_at(due_ns);
        let slip_us = micros(published_ns.saturating_sub(due_ns));
        server.histograms.borrow_mut().record(Figure::Slip, phase, slip_us);
    }
    if let Some(injector) = &server.injector {
        injector.schedule_is_over(now_ns());
    }
}

/// Others publish this schedule: what is left to be done is to tell the injected faults of its end.
async fn watch(server: &Server, alarm: &Alarm, until_ns: u64) {
    if let Some(injector) = &server.injector {
        alarm.until(until_ns).await;
        injector.schedule_is_over(now_ns());
    }
}

fn hand_over(
    server: &Server,
    topic: &TopicName,
    event: ScheduledEvent,
    due_ns: u64,
    published_ns: u64,
) -> Result<u64, Refusal> {
    server.publish(topic, published_ns, |n| {
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
