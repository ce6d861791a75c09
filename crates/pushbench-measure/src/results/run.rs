//! `run.json`: the manifest of a run.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{
    Calibration, CapacityRecord, PointRecord, ResourceRecord, Setup, Summary, SweepRecord, WireRecord,
};
use crate::verdict::{Finding, Level};

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
    /// [`FORMAT`](super::FORMAT).
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
    /// What the machine costs at least, where it was calibrated before the run. One of a format that this version does
    /// not know reads as `None`: nothing else in the file depends on it.
    #[serde(default, deserialize_with = "super::calibration::understood")]
    pub calibration: Option<Calibration>,
    /// The transports in the order of the scenario.
    pub transports: Vec<TransportRecord>,
    /// One entry per measured transport and step, all rounds together: step by step, in the order of the scenario.
    pub results: Vec<StepResult>,
    /// What a capacity search found, one entry per transport; empty in a run that searched for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity: Vec<CapacityRecord>,
}

impl Run {
    /// The worst level among all findings of all steps.
    #[must_use]
    pub fn level(&self) -> Level {
        self.results.iter().map(StepResult::level).max().unwrap_or(Level::Ok)
    }
}

/// The scenario as it was run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// Rounds asked for: how often every transport is measured at every number of clients.
    pub rounds: u32,
    /// What its transports were measured under; of several points the first one's.
    #[serde(flatten)]
    pub setup: Setup,
    /// Its variants, in the order they were planned; none where it has one.
    #[serde(default)]
    pub points: Vec<PointRecord>,
    /// What the points are made of, where they are the cells of a sweep.
    #[serde(default)]
    pub sweep: Option<SweepRecord>,
}

/// What happened to connections, by plan. Times are seconds since the measure phase began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifeRecord {
    /// Whether clients left and came back.
    pub leaves: bool,
    /// Whether those who came back asked for what they missed.
    pub resume: bool,
    /// When a storm was due.
    pub storm_at_s: Option<f64>,
    /// Which part of its connections the target dropped then, 0 to 1.
    pub storm_share: Option<f64>,
    /// When a restart was due.
    pub restart_at_s: Option<f64>,
    /// How long the target was away.
    pub restart_s: Option<f64>,
}

/// Which clients read slowly, by plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlowRecord {
    /// Which part of the clients, 0 to 1.
    pub share: f64,
    /// How they read, for people: `4KiB/s`, or `nothing for 5s, 10s into the measure phase`.
    pub reading: String,
}

impl LifeRecord {
    /// When connections were dropped first.
    #[must_use]
    pub fn first_drop_s(&self) -> Option<f64> {
        self.storm_at_s.into_iter().chain(self.restart_at_s).reduce(f64::min)
    }
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

impl Host {
    /// Whether figures of one say something about the other: the same name, kernel and CPUs.
    #[must_use]
    pub fn is_same_machine(&self, other: &Self) -> bool {
        let marks = |host: &Self| (host.name.clone(), host.kernel.clone(), host.cpu.clone(), host.cpus);
        marks(self) == marks(other)
    }
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

/// What one transport showed at one number of clients, over all rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// False when a round was cut short or is missing.
    pub complete: bool,
    /// The row of `summary.csv`: counts are sums over rounds, percentiles those of all rounds' histograms added.
    pub summary: Summary,
    /// 95 % intervals of figures, by the name of their column, and of [`SUMS`](crate::statistics::sums::SUMS), by theirs;
    /// empty with one round.
    #[serde(default)]
    pub intervals: BTreeMap<String, Confidence>,
    /// What each round showed, in the order they were measured. One that was cut short is here and not in `summary`,
    /// unless there is no other.
    #[serde(default)]
    pub rounds: Vec<RoundResult>,
    /// Processes that took part in a round: targets, workers.
    pub processes: (u32, u32),
    /// Everything that was checked, with the values seen: of each condition the worst round's.
    pub findings: Vec<Finding>,
    /// Thresholds of the scenario with the measured values.
    pub thresholds: Vec<ThresholdResult>,
}

/// A 95 % interval of a figure, in the unit of its column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// What one round of one transport at one number of clients showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundResult {
    /// Number of the round, from 1.
    pub round: u32,
    /// False when it was cut short.
    pub complete: bool,
    /// Its figures.
    pub summary: Summary,
    /// Values of `delivery` of its measure phase in `latency.hlog`. They are as many as the deliveries of the summary where
    /// whatever is due then is owed to all; in chats less by the echoes, of streams those of the parts that are due then.
    #[serde(default)]
    pub latencies: Option<u64>,
    /// Everything that was checked.
    pub findings: Vec<Finding>,
    /// Ports that the targets listened on: what a packet capture of the run is filtered by.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// What its sockets carried; `None` where the kernel did not tell, or the round was cut short.
    #[serde(default)]
    pub wire: Option<WireRecord>,
    /// What it took of the machine.
    #[serde(default)]
    pub resources: Option<ResourceRecord>,
}

impl StepResult {
    /// Number of rounds that were measured to their end.
    #[must_use]
    pub fn complete_rounds(&self) -> usize {
        self.rounds.iter().filter(|round| round.complete).count()
    }

    /// The interval of a figure or a sum, by its name.
    #[must_use]
    pub fn interval(&self, figure: &str) -> Option<Confidence> {
        self.intervals.get(figure).copied()
    }

    /// The worst level among the findings: whether the figures may be believed.
    #[must_use]
    pub fn validity(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }

    /// The worst level among the findings and thresholds: whether the run went as asked.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.misses() { Level::Breach } else { self.validity() }
    }

    /// Whether a threshold was missed by figures that may be believed.
    #[must_use]
    pub fn misses_only(&self) -> bool {
        self.misses() && self.validity() < Level::Breach
    }

    fn misses(&self) -> bool {
        self.thresholds.iter().any(|threshold| !threshold.met)
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
