//! `intervals.csv`: a row per second.

use serde::{Deserialize, Serialize};

use crate::Phase;

/// Sockets of the run's ports by TCP state, one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketStates {
    /// ESTABLISHED.
    pub established: u32,
    /// `SYN_SENT` and `SYN_RECV`.
    pub opening: u32,
    /// `FIN_WAIT1`, `FIN_WAIT2`, CLOSING, `LAST_ACK`.
    pub closing: u32,
    /// `CLOSE_WAIT`: the other side has closed, this one has not.
    pub close_wait: u32,
    /// TIME_WAIT.
    pub time_wait: u32,
}

/// A row of `intervals.csv`: one second of one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interval {
    /// Number of clients of the step.
    pub step: u32,
    /// Which variant of the scenario it is; empty where it has one.
    pub point: String,
    /// Round of the run, from 1.
    pub round: u32,
    /// End of the interval, in seconds since the warm-up began; negative during the ramp.
    pub t_s: f64,
    /// Phase at the end of the interval.
    pub phase: String,
    /// Clients connected now.
    pub connected: u64,
    /// Events published in this second.
    pub published: u64,
    /// Events received in this second, over all clients.
    pub delivered: u64,
    /// Delivery latency of the events received in this second, median.
    pub latency_p50_us: Option<u64>,
    /// The same, 90th percentile.
    pub latency_p90_us: Option<u64>,
    /// The same, 99th percentile.
    pub latency_p99_us: Option<u64>,
    /// The same, largest.
    pub latency_max_us: Option<u64>,
    /// Received − published, 99th percentile.
    pub uncorrected_p99_us: Option<u64>,
    /// Published − due, 99th percentile.
    pub slip_p99_us: Option<u64>,
    /// Stream bytes to clients.
    pub stream_down_bytes: u64,
    /// Stream bytes from clients.
    pub stream_up_bytes: u64,
    /// Requests sent.
    pub requests: u64,
    /// Requests answered with "nothing yet".
    pub empty_replies: u64,
    /// Connections opened.
    pub opened: u64,
    /// Connections closed.
    pub closed: u64,
    /// Failures of all kinds.
    pub errors: u64,
    /// Connections that the targets accepted.
    pub accepted: u64,
    /// Bytes that wait in the targets for sockets that take nothing more.
    pub target_queued_bytes: u64,
    /// Client side sockets by state, at the last dump (dumps may be rarer than rows).
    pub client_established: Option<u32>,
    /// See `client_established`.
    pub client_opening: Option<u32>,
    /// See `client_established`.
    pub client_closing: Option<u32>,
    /// See `client_established`.
    pub client_close_wait: Option<u32>,
    /// See `client_established`.
    pub client_time_wait: Option<u32>,
    /// Target side sockets by state.
    pub target_established: Option<u32>,
    /// See `target_established`.
    pub target_opening: Option<u32>,
    /// See `target_established`.
    pub target_closing: Option<u32>,
    /// See `target_established`.
    pub target_close_wait: Option<u32>,
    /// See `target_established`.
    pub target_time_wait: Option<u32>,
    /// Most TCP sockets in use in this second, whole host, sampled every 100 ms.
    pub host_sockets_peak: Option<u32>,
    /// Most TIME_WAIT sockets in this second, whole host, sampled every 100 ms.
    pub host_time_wait_peak: Option<u32>,
    /// Memory of TCP buffers, whole host, bytes.
    pub host_tcp_memory_bytes: Option<u64>,
    /// CPU time of the target processes in this second, in microseconds.
    pub target_cpu_us: Option<u64>,
    /// CPU time of the worker processes in this second, in microseconds.
    pub worker_cpu_us: Option<u64>,
    /// Resident memory of the target processes.
    pub target_rss_bytes: Option<u64>,
    /// Resident memory of the worker processes.
    pub worker_rss_bytes: Option<u64>,
    /// How late the workers' own timers fired, 99th percentile.
    pub timer_late_p99_us: Option<u64>,
    /// How long a worker that was ready to run waited for a CPU, mean per turn, of the worker that waited longest.
    pub worker_run_queue_us: Option<u64>,
}

impl Interval {
    /// Fills in the socket columns of the client side and the target side.
    pub fn set_sockets(&mut self, client: &SocketStates, target: &SocketStates) {
        self.client_established = Some(client.established);
        self.client_opening = Some(client.opening);
        self.client_closing = Some(client.closing);
        self.client_close_wait = Some(client.close_wait);
        self.client_time_wait = Some(client.time_wait);
        self.target_established = Some(target.established);
        self.target_opening = Some(target.opening);
        self.target_closing = Some(target.closing);
        self.target_close_wait = Some(target.close_wait);
        self.target_time_wait = Some(target.time_wait);
    }

    /// The phase, if the text is one.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == self.phase)
    }
}
