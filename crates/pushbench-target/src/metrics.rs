//! The target's counters as OpenMetrics text, for people's tooling.

use pushbench_measure::snapshot::TargetSnapshot;
use std::fmt::Write as _;

use crate::answers::Answers;

/// The content type of the OpenMetrics text format 1.0.0.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text of a snapshot. Histograms are not part of it.
pub(crate) fn encode(snapshot: &TargetSnapshot, topics: usize, answers: &Answers) -> String {
    let gauges = [
        ("connections", "Open connections.", snapshot.connections),
        ("subscribers", "Subscriptions and held polls.", snapshot.subscribers),
        ("topics", "Topics.", topics as u64),
        ("queued_bytes", "Bytes that wait for sockets that take nothing more.", snapshot.queued_bytes),
        ("answers_under_way", "Answers that have begun and not ended.", answers.under_way()),
    ];
    let counters = [
        ("events_published", "Events published, by schedule or by request.", snapshot.published),
        ("answers_begun", "Asks that are or were answered.", answers.begun.get()),
        (
            "answers_ended",
            "Answers that have ended, or were given up with their client.",
            answers.ended.get(),
        ),
        (
            "answers_unpublished",
            "Parts and ends of answers for which there was no room; such an answer is given up.",
            answers.unpublished.get(),
        ),
        ("events_sent", "Events handed to subscribers, once per subscriber.", snapshot.sent),
        ("connections_accepted", "Connections accepted.", snapshot.accepted),
        ("connections_refused", "Connections refused because a limit was reached.", snapshot.refused),
        ("requests", "Requests.", snapshot.requests),
        ("error_replies", "Requests answered with 4xx or 5xx, and messages refused.", snapshot.error_replies),
        ("slow_disconnects", "Subscribers cut off because they did not keep up.", snapshot.slow_disconnects),
        ("slow_skipped", "Events skipped for subscribers that did not keep up.", snapshot.slow_skipped),
        ("events_coalesced", "Events that shared a write with others.", snapshot.coalesced),
    ];
    let mut text = String::new();
    // Writing to a String cannot fail.
    for (name, help, value) in gauges {
        let _ = write!(
            text,
            "# TYPE pushbench_{name} gauge\n# HELP pushbench_{name} {help}\npushbench_{name} {value}\n"
        );
    }
    for (name, help, value) in counters {
        let _ = write!(
            text,
            "# TYPE pushbench_{name} counter\n# HELP pushbench_{name} {help}\npushbench_{name}_total {value}\n"
        );
    }
    text.push_str("# EOF\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn the_text_has_its_form() {
        let snapshot = TargetSnapshot { connections: 3, published: 7, ..TargetSnapshot::default() };
        let text = encode(&snapshot, 2, &Answers::new(None, Rc::default()));
        assert!(text.starts_with("# TYPE pushbench_connections gauge\n"), "{text}");
        assert!(text.contains("\npushbench_connections 3\n"), "{text}");
        assert!(text.contains("\npushbench_answers_under_way 0\n"), "{text}");
        assert!(text.contains("# TYPE pushbench_events_published counter\n"), "{text}");
        assert!(text.contains("\npushbench_events_published_total 7\n"), "{text}");
        assert!(text.ends_with("\n# EOF\n"), "{text}");
    }
}
