//! `summary.csv`: a row per transport and step, the comparison table.

use serde::{Deserialize, Serialize};

macro_rules! summary {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        /// A row of `summary.csv`. Column names are field names; units are in the names.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Summary {
            /// The transport's label.
            pub label: String,
            /// The transport's kind.
            pub kind: String,
            /// Number of clients of this step; the column exists only when a scenario has several steps.
            pub step: Option<u32>,
            /// Which variant of the scenario it is; the column exists only when a scenario has several.
            pub point: Option<String>,
            $($(#[$doc])* pub $name: Option<$kind>,)*
            /// `valid`, `warning`, `invalid`, `partial`.
            pub verdict: String,
        }

        impl Summary {
            /// Names of the columns that hold numbers, in the order of the file.
            pub const FIGURES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// A figure by the name of its column; `None` when it was not measured or does not exist.
            #[must_use]
            pub fn figure(&self, name: &str) -> Option<f64> {
                match name {
                    $(stringify!($name) => self.$name.map(|value| value as f64),)*
                    _ => None,
                }
            }
        }
    };
}

summary! {
    /// Clients the scenario asked for.
    clients: u32,
    /// Clients that were connected at least once before the measure phase ended.
    connected: u32,
    /// Events due in the measure phase, summed over the clients that were subscribed when they were due.
    expected: u64,
    /// The same over all clients asked for, connected or not.
    expected_of_all: u64,
    /// Of the expected, how many reached their client, each counted once.
    delivered: u64,
    /// Expected and never seen.
    lost: u64,
    /// Receptions of an event that the client already had.
    duplicated: u64,
    /// Receptions of an event after a newer one of its topic.
    reordered: u64,
    /// Delivered, but only after the measure phase had ended.
    late: u64,
    /// Events published of those due in the measure phase; of a chat the messages sent.
    publishes: u64,
    /// Delivery latency (received − due), median.
    latency_p50_us: u64,
    /// Delivery latency, 90th percentile.
    latency_p90_us: u64,
    /// Delivery latency, 99th percentile.
    latency_p99_us: u64,
    /// Delivery latency, 99.9th percentile.
    latency_p999_us: u64,
    /// Delivery latency, largest.
    latency_max_us: u64,
    /// Delivery latency, mean.
    latency_mean_us: f64,
    /// Received − published, median.
    uncorrected_p50_us: u64,
    /// Received − published, 99th percentile.
    uncorrected_p99_us: u64,
    /// Published − due, median.
    slip_p50_us: u64,
    /// Published − due, 99th percentile.
    slip_p99_us: u64,
    /// Transport ready − scheduled arrival, median.
    connect_p50_us: u64,
    /// Transport ready − scheduled arrival, 99th percentile.
    connect_p99_us: u64,
    /// Age of the newest event held, mean over time and clients.
    age_mean_us: f64,
    /// Age of the newest event held, at any instant, median.
    age_p50_us: u64,
    /// Age of the newest event held, at any instant, 99th percentile.
    age_p99_us: u64,
    /// Age reached before a newer event arrived, 99th percentile.
    age_peak_p99_us: u64,
    /// Time between receptions of one client, median.
    gap_p50_us: u64,
    /// Time between receptions of one client, 99th percentile.
    gap_p99_us: u64,
    /// Events completed by one read, mean.
    events_per_read: f64,
    /// IP bytes from the target per delivered event.
    wire_down_bytes_per_event: f64,
    /// IP bytes from the clients per delivered event.
    wire_up_bytes_per_event: f64,
    /// Of the wire bytes from the target, envelope bytes per delivered event.
    wire_down_payload_bytes_per_event: f64,
    /// Of the wire bytes from the target, what wraps events and their segments, per delivered event.
    wire_down_framing_bytes_per_event: f64,
    /// Of the wire bytes from the target, polls without an answer to give, with their segments, per delivered event.
    wire_down_empty_poll_bytes_per_event: f64,
    /// Of the wire bytes from the target, the opening and closing of connections and subscriptions, per delivered event.
    wire_down_connecting_bytes_per_event: f64,
    /// Of the wire bytes from the clients, what asks for events and acknowledges them, per delivered event; and what
    /// clients publish.
    wire_up_framing_bytes_per_event: f64,
    /// Of the wire bytes from the clients, polls without an answer to get, with their segments, per delivered event.
    wire_up_empty_poll_bytes_per_event: f64,
    /// Of the wire bytes from the clients, the opening and closing of connections and subscriptions, per delivered event.
    wire_up_connecting_bytes_per_event: f64,
    /// Segments of both directions per delivered event.
    segments_per_event: f64,
    /// Segments sent again, both directions, whole step.
    retransmitted_segments: u64,
    /// IP bytes of both directions per connected client and minute in which nothing is published.
    idle_wire_bytes_per_client_minute: f64,
    /// Stream bytes from the target per delivered event.
    stream_down_bytes_per_event: f64,
    /// Stream bytes from the clients per delivered event.
    stream_up_bytes_per_event: f64,
    /// Envelope bytes per delivered event.
    payload_bytes_per_event: f64,
    /// Heads, frame headers and wrapping of both directions per delivered event.
    framing_bytes_per_event: f64,
    /// Polls without an answer to give, of both directions, per delivered event.
    empty_poll_bytes_per_event: f64,
    /// Requests and heads that open a subscription, of both directions, per delivered event.
    connecting_bytes_per_event: f64,
    /// Requests per delivered event.
    requests_per_event: f64,
    /// Share of requests answered with "nothing yet", 0 to 1.
    empty_reply_share: f64,
    /// Most ESTABLISHED sockets at once, client side.
    sockets_established_peak: u64,
    /// Most TIME_WAIT sockets at once, both sides.
    sockets_time_wait_peak: u64,
    /// Sockets that still existed, in any state, after all processes of the step had ended.
    sockets_left: u64,
    /// Connections opened per second of the measure phase.
    opened_per_second: f64,
    /// Connections opened in the whole step.
    opened: u64,
    /// Connections closed before the step's end.
    closed: u64,
    /// Connections opened again after an unwanted end.
    reconnects: u64,
    /// Polls sent late because the reply before was slow.
    polls_late: u64,
    /// Polls never sent because the reply before was slower than the interval.
    polls_skipped: u64,
    /// Failed connects and replies of all kinds.
    errors: u64,
    /// Subscribers that the target cut off because they read too slowly.
    slow_disconnects: u64,
    /// Clients that read slowly by plan; what they got is in no latency, age or ledger, only in figures that begin with
    /// `slow`.
    slow_clients: u32,
    /// Bytes per second that a slow client read while it was connected, mean.
    slow_bytes_per_second: f64,
    /// Events due for slow clients that never reached them.
    slow_lost: u64,
    /// Delivery latency of slow clients, 99th percentile.
    slow_latency_p99_us: u64,
    /// Events that the target skipped for subscribers which did not keep up.
    slow_skipped: u64,
    /// Connections of slow clients that broke, and replies to them that were none; not in `errors`.
    slow_errors: u64,
    /// Events that shared a write of the target with others.
    target_coalesced: u64,
    /// Most bytes that waited in the target for sockets that took nothing more.
    target_queued_peak_bytes: u64,
    /// Answers that clients asked for and that were due in the measure phase (pattern `stream`).
    answers: u64,
    /// Of these, answers that were asked for and ended without all their parts and their end.
    answers_cut_short: u64,
    /// Of these, asks that were sent late because the client still had an answer before, or no connection.
    asks_late: u64,
    /// Most answers that were under way at once.
    answers_at_once_peak: u64,
    /// First part − ask due, median (TTFT).
    first_part_p50_us: u64,
    /// First part − ask due, 99th percentile (TTFT).
    first_part_p99_us: u64,
    /// Time between two parts of an answer, median (ITL).
    part_gap_p50_us: u64,
    /// Time between two parts of an answer, 99th percentile (ITL).
    part_gap_p99_us: u64,
    /// (Last part − first)/(parts − 1), median over answers (TPOT).
    per_part_p50_us: u64,
    /// (Last part − first)/(parts − 1), 99th percentile over answers (TPOT).
    per_part_p99_us: u64,
    /// Last part − ask due, median (E2E).
    answer_p50_us: u64,
    /// Last part − ask due, 99th percentile (E2E).
    answer_p99_us: u64,
    /// Gaps between parts that were longer than the scenario's `stall`.
    stalls: u64,
    /// Received − due of a client's own messages, median (pattern `chat`).
    echo_p50_us: u64,
    /// Received − due of a client's own messages, 99th percentile.
    echo_p99_us: u64,
    /// Of the messages sent, those that waited for their connection, or on it for the reply to the one before.
    messages_late: u64,
    /// Times that a client left by plan.
    left: u64,
    /// Times that a client lost its connection to a storm or a restart.
    dropped: u64,
    /// Of these, how many were back before the end.
    back: u64,
    /// From the instant at which a storm or restart was due until half of the dropped were ready again.
    back_p50_us: u64,
    /// The same, 95 % of them.
    back_p95_us: u64,
    /// The same, all of them; empty when some were not.
    back_p100_us: u64,
    /// Most connections that the targets accepted within a second.
    accepts_per_second_peak: u64,
    /// Events due while their client was away that it never got.
    missed: u64,
    /// Events due while their client was away that it got when it was back.
    caught_up: u64,
    /// Received − due of those, median.
    catch_up_p50_us: u64,
    /// Received − due of those, 99th percentile.
    catch_up_p99_us: u64,
    /// CPU time of the target processes per delivered event.
    target_cpu_us_per_event: f64,
    /// CPU time of the worker processes per delivered event.
    worker_cpu_us_per_event: f64,
    /// CPU time of the target processes per client and second of the measure phase.
    target_cpu_us_per_client_second: f64,
    /// CPU time of the worker processes per client and second of the measure phase.
    worker_cpu_us_per_client_second: f64,
    /// CPU time of the target processes per client and second in which nothing is published.
    idle_target_cpu_us_per_client_second: f64,
    /// CPU time of the worker processes per client and second in which nothing is published.
    idle_worker_cpu_us_per_client_second: f64,
    /// Growth of the target's resident memory per connected client.
    target_bytes_per_client: f64,
    /// Growth of the workers' resident memory per connected client.
    worker_bytes_per_client: f64,
    /// Growth of the kernel's objects and buffers for sockets per connected client, both ends; empty unless run as root.
    kernel_bytes_per_client: f64,
}

impl Summary {
    /// What is left of a row whose ledgers were never closed, because the step was cut short: what they would say is
    /// unknown, not zero.
    #[must_use]
    pub fn of_unclosed_ledgers(self, ever_connected: u32) -> Self {
        Self {
            label: self.label,
            kind: self.kind,
            step: self.step,
            point: self.point,
            clients: self.clients,
            connected: Some(ever_connected),
            latency_p50_us: self.latency_p50_us,
            latency_p90_us: self.latency_p90_us,
            latency_p99_us: self.latency_p99_us,
            latency_p999_us: self.latency_p999_us,
            latency_max_us: self.latency_max_us,
            latency_mean_us: self.latency_mean_us,
            uncorrected_p50_us: self.uncorrected_p50_us,
            uncorrected_p99_us: self.uncorrected_p99_us,
            slip_p50_us: self.slip_p50_us,
            slip_p99_us: self.slip_p99_us,
            connect_p50_us: self.connect_p50_us,
            connect_p99_us: self.connect_p99_us,
            sockets_established_peak: self.sockets_established_peak,
            sockets_time_wait_peak: self.sockets_time_wait_peak,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_cut_short_keeps_what_histograms_say_and_nothing_that_ledgers_would() {
        let row = Summary { latency_p50_us: Some(7), lost: Some(0), errors: Some(0), ..Summary::default() };
        let cut = row.of_unclosed_ledgers(3);
        assert_eq!((cut.latency_p50_us, cut.lost, cut.errors, cut.connected), (Some(7), None, None, Some(3)));
    }
}
