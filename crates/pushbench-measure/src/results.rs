//! The schema of a run's result files: `run.json`, `summary.csv`, `intervals.csv`, `clients.csv`.
//!
//! Writers and readers share these types, so that a column exists once. An `Option` that is `None` is an empty
//! CSV field and means "not measured" or "does not exist"; a zero is always a measured zero. Nothing here opens
//! a file.

use serde::{Deserialize, Serialize};

use crate::Phase;
use crate::verdict::{Finding, Level};

/// Version of all result files of a run. Readers refuse other versions.
pub const FORMAT: u32 = 1;

/// File names inside a run folder.
pub mod names {
    /// The manifest.
    pub const RUN: &str = "run.json";
    /// The comparison table.
    pub const SUMMARY: &str = "summary.csv";
    /// One row per second, inside a label's folder.
    pub const INTERVALS: &str = "intervals.csv";
    /// The HdrHistogram interval log, inside a label's folder.
    pub const LATENCY_LOG: &str = "latency.hlog";
    /// Quantiles over clients, inside a label's folder.
    pub const CLIENTS: &str = "clients.csv";
    /// The folder of PNG files.
    pub const CHARTS: &str = "charts";
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being written; a folder that still says so belongs to a run that is under way or was killed.
    Running,
    /// Every transport and step was measured.
    Complete,
    /// Ended early; what is there was measured until then.
    Partial,
}

/// `run.json`: everything that is needed to understand and repeat a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of pushbench.
    pub version: String,
    /// Commit pushbench was built from, if known.
    pub commit: Option<String>,
    /// The command line.
    pub command: Vec<String>,
    /// Start of the run, RFC 3339, UTC.
    pub started: String,
    /// End of the run, RFC 3339, UTC.
    pub finished: Option<String>,
    /// How far it came.
    pub status: Status,
    /// Why the run ended early, for people.
    pub reason: Option<String>,
    /// What was asked for.
    pub scenario: ScenarioRecord,
    /// The machine.
    pub host: Host,
    /// The transports in the order of the scenario.
    pub transports: Vec<TransportRecord>,
    /// One entry per measured transport and step, in the order they were measured.
    pub results: Vec<StepResult>,
}

impl Run {
    /// The worst level among all findings of all steps.
    #[must_use]
    pub fn level(&self) -> Level {
        self.results.iter().map(StepResult::level).max().unwrap_or(Level::Ok)
    }
}

/// The scenario as it was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioRecord {
    /// The scenario's name: also the folder under `results/`.
    pub name: String,
    /// A line for people.
    pub title: String,
    /// The file it came from, as typed.
    pub path: String,
    /// The file's text, before options of the command line were applied.
    pub text: String,
    /// SHA-256 of the text, hex.
    pub sha256: String,
    /// Options of the command line that changed the scenario, such as `--clients 100`.
    pub overrides: Vec<String>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Numbers of clients, one a step. More than one makes chart 1.
    pub steps: Vec<u32>,
    /// `broadcast` or `topics`.
    pub pattern: String,
    /// Number of topics.
    pub topics: u32,
    /// Published events per second, over all topics.
    pub events_per_second: f64,
    /// Size of an event's payload as the scenario words it, for people.
    pub event_size: String,
    /// Length of the warm-up in seconds.
    pub warmup_s: f64,
    /// Length of the measure phase in seconds.
    pub measure_s: f64,
    /// Length of the drain in seconds.
    pub drain_s: f64,
    /// Upper limits on delivery latency p99 that the scenario demands of every transport, for threshold lines.
    pub latency_p99_limit_us: Option<u64>,
}

/// The machine a run was made on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Host name.
    pub name: String,
    /// Name, release and architecture of the kernel, such as `Linux 6.18.44 x86_64`.
    pub kernel: String,
    /// CPU model.
    pub cpu: String,
    /// CPUs that the process may run on.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Hard limit of open files per process.
    pub open_files: u64,
    /// First and last ephemeral port.
    pub ports: (u16, u16),
    /// CPUs that the targets were confined to; empty when they shared all with the workers.
    pub target_cpus: Vec<usize>,
    /// CPUs that the workers were confined to.
    pub worker_cpus: Vec<usize>,
}

/// One `[[transports]]` entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransportRecord {
    /// The label: unique in the run, a folder's name.
    pub label: String,
    /// The transport's kind, such as `sse`.
    pub kind: String,
    /// Position of the kind in pushbench's table of transports; chooses the colour everywhere.
    pub kind_index: usize,
    /// The settings in a few words, such as `interval 1s, close`.
    pub settings: String,
    /// Poll interval in microseconds, for transports whose wait is uniform over it.
    pub poll_interval_us: Option<u64>,
}

/// What one transport showed at one number of clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// False when the step was cut short.
    pub complete: bool,
    /// The row of `summary.csv`.
    pub summary: Summary,
    /// Processes that took part: targets, workers.
    pub processes: (u32, u32),
    /// Everything that was checked, with the values seen.
    pub findings: Vec<Finding>,
    /// Thresholds of the scenario with the measured values.
    pub thresholds: Vec<ThresholdResult>,
}

impl StepResult {
    /// The worst level among the findings and thresholds.
    #[must_use]
    pub fn level(&self) -> Level {
        let missed = self.thresholds.iter().any(|threshold| !threshold.met);
        let findings = self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
        if missed { Level::Breach } else { findings }
    }
}

/// A `[thresholds]` entry after the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdResult {
    /// The figure as the scenario names it, such as `latency_p99`.
    pub figure: String,
    /// The condition as the scenario words it, such as `< 250ms`.
    pub condition: String,
    /// The measured value in the unit of the summary's column; `None` when it was not measured (then it is missed).
    pub measured: Option<f64>,
    /// Whether the condition holds.
    pub met: bool,
}

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
    /// Events due in the measure phase times the clients subscribed to them.
    expected: u64,
    /// Of those, how many reached their client, each counted once.
    delivered: u64,
    /// Expected and never seen.
    lost: u64,
    /// Receptions of an event that the client already had.
    duplicated: u64,
    /// Receptions of an event after a newer one of its topic.
    reordered: u64,
    /// Delivered, but only after the measure phase had ended.
    late: u64,
    /// Events published in the measure phase.
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
    /// CPU time of the target processes per delivered event.
    target_cpu_us_per_event: f64,
    /// CPU time of the worker processes per delivered event.
    worker_cpu_us_per_event: f64,
    /// CPU time of the target processes per client and second of the measure phase.
    target_cpu_us_per_client_second: f64,
    /// CPU time of the worker processes per client and second of the measure phase.
    worker_cpu_us_per_client_second: f64,
    /// Growth of the target's resident memory per connected client.
    target_bytes_per_client: f64,
    /// Growth of the workers' resident memory per connected client.
    worker_bytes_per_client: f64,
    /// Growth of the kernel's objects and buffers for sockets per connected client, both ends; empty unless run as root.
    kernel_bytes_per_client: f64,
}

impl Summary {
    /// Column names of `summary.csv`, in order.
    #[must_use]
    pub fn columns(stepped: bool) -> Vec<&'static str> {
        let step = stepped.then_some("step");
        ["label", "kind"]
            .into_iter()
            .chain(step)
            .chain(Self::FIGURES.iter().copied())
            .chain(["verdict"])
            .collect()
    }

    /// The row in the order of [`Self::columns`]; fractions have three decimals, what is unknown is empty.
    #[must_use]
    pub fn record(&self, stepped: bool) -> Vec<String> {
        let number = |value: f64| ((value * 1e3).round() / 1e3).to_string();
        let step = stepped.then(|| self.step.map_or_else(String::new, |step| step.to_string()));
        let figures = Self::FIGURES.iter().map(|name| self.figure(name).map_or_else(String::new, number));
        [self.label.clone(), self.kind.clone()]
            .into_iter()
            .chain(step)
            .chain(figures)
            .chain([self.verdict.clone()])
            .collect()
    }
}

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

/// A row of `clients.csv`: a quantile over the clients of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientQuantile {
    /// Number of clients of the step.
    pub step: u32,
    /// What is distributed, unit in the name, such as `delivered_events` or `latency_mean_us`.
    pub figure: String,
    /// The quantile, 0 to 1.
    pub quantile: f64,
    /// The value at that quantile.
    pub value: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_field_for_every_column_and_nothing_for_the_unknown() {
        let row = Summary {
            label: "sse".to_owned(),
            kind: "sse".to_owned(),
            lost: Some(0),
            latency_mean_us: Some(1.23456),
            verdict: "valid".to_owned(),
            ..Summary::default()
        };
        for stepped in [false, true] {
            let columns = Summary::columns(stepped);
            let record = row.record(stepped);
            assert_eq!(columns.len(), record.len());
            let of = |name| &record[columns.iter().position(|column| *column == name).unwrap()];
            assert_eq!((of("lost"), of("expected")), (&"0".to_owned(), &String::new()));
            assert_eq!((of("latency_mean_us"), of("verdict")), (&"1.235".to_owned(), &"valid".to_owned()));
            assert_eq!(columns.contains(&"step"), stepped);
        }
    }
}
