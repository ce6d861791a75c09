//! What a row is made of, of one round or of several. Makes no row.

use super::WorkerSums;
use crate::Histograms;
use crate::wire::WireFacts;

/// What the kernel said about the processes of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// CPU time of the targets within the measure phase, microseconds.
    pub target_cpu_us: Option<f64>,
    /// CPU time of the workers within the measure phase, microseconds.
    pub worker_cpu_us: Option<f64>,
    /// The same of the targets within the idle part of the drain.
    pub idle_target_cpu_us: Option<f64>,
    /// The same of the workers.
    pub idle_worker_cpu_us: Option<f64>,
    /// Growth of the targets' resident memory from before the clients to the end of the measure phase, bytes.
    pub target_bytes: Option<f64>,
    /// The same of the workers.
    pub worker_bytes: Option<f64>,
    /// Growth of the kernel's memory for sockets since before the clients: the larger of when all are connected and
    /// the end of the step, bytes.
    pub kernel_bytes: Option<f64>,
}

/// A round's cost and what it is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundCost {
    /// What the kernel said.
    pub cost: Cost,
    /// Events received in the measure phase.
    pub events: u64,
    /// Clients that were connected.
    pub connected: u64,
    /// Length of the measure phase in seconds.
    pub measure_s: f64,
    /// Length of the idle part of the drain in seconds; 0 where that is too short to speak of.
    pub idle_s: f64,
}

/// Sockets of a step at their most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SocketPeaks {
    /// ESTABLISHED, client side.
    pub established: Option<u64>,
    /// `TIME_WAIT`, both sides.
    pub time_wait: Option<u64>,
    /// In any state when all processes had ended.
    pub left: Option<u64>,
}

impl SocketPeaks {
    /// The higher of each; a round that was not looked at hides no peak of the others.
    fn highest(&mut self, other: &Self) {
        self.established = self.established.max(other.established);
        self.time_wait = self.time_wait.max(other.time_wait);
        self.left = self.left.max(other.left);
    }
}

/// What a scenario has by plan. Of that, none is 0; of what it has not, nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planned {
    /// Who makes events.
    pub origin: Origin,
    /// Whether clients leave.
    pub leaves: bool,
    /// Whether the target drops connections, in a storm or a restart.
    pub drops: bool,
}

/// Who makes events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// Every target, on the scenario's schedule, so that each event is published once by each.
    #[default]
    Publisher,
    /// The targets, in answer to what their own clients ask.
    Asks,
    /// Clients, each at its own target.
    Members,
}

/// Everything that a row is made of: one round's, or the sum of several.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFacts {
    /// The transport's label.
    pub label: String,
    /// The transport's kind.
    pub kind: String,
    /// Clients asked for.
    pub clients: u32,
    /// Whether the run has several steps.
    pub stepped: bool,
    /// Length of the measure phase in seconds; of several rounds the sum.
    pub measure_s: f64,
    /// Target processes.
    pub targets: u32,
    /// What the scenario has by plan.
    pub planned: Planned,
    /// Clients that were connected; of several rounds the fewest.
    pub connected: u64,
    /// Sums of the workers.
    pub sums: WorkerSums,
    /// Sum of all reports' histograms.
    pub histograms: Histograms,
    /// What the sockets carried; of several rounds what those that could tell carried together.
    pub wire: Option<WireFacts>,
    /// What each round cost: where the kernel told nothing, that round is left out, with what it would be divided by.
    pub costs: Vec<RoundCost>,
    /// What the kernel said of sockets.
    pub sockets: SocketPeaks,
    /// Subscribers cut off for reading too slowly.
    pub slow_disconnects: u64,
    /// Events that the targets skipped for subscribers which did not keep up; `None` unless the scenario has slow readers.
    pub slow_skipped: Option<u64>,
    /// Events that shared a write with others; `None` unless the scenario has slow readers or gathers events.
    pub coalesced: Option<u64>,
    /// Most bytes that waited in the targets for sockets; of several rounds the most.
    pub target_queued_peak_bytes: Option<u64>,
    /// Most connections accepted within a second; `None` unless the scenario has clients come back.
    pub accepts_per_second_peak: Option<u64>,
    /// Name of the variant of the scenario; empty where it has one.
    pub point: String,
}

impl StepFacts {
    /// Adds those of another round of the same step.
    pub fn pool(&mut self, other: &StepFacts) {
        self.measure_s += other.measure_s;
        self.connected = self.connected.min(other.connected);
        self.sums.pool(&other.sums);
        self.histograms.add(&other.histograms);
        match (&mut self.wire, &other.wire) {
            (Some(wire), Some(other)) => wire.add(other),
            (none @ None, other) => *none = *other,
            (Some(_), None) => {}
        }
        self.costs.extend(&other.costs);
        self.sockets.highest(&other.sockets);
        self.slow_disconnects += other.slow_disconnects;
        if let Some(skipped) = other.slow_skipped {
            *self.slow_skipped.get_or_insert_default() += skipped;
        }
        if let Some(coalesced) = other.coalesced {
            *self.coalesced.get_or_insert_default() += coalesced;
        }
        self.target_queued_peak_bytes = self.target_queued_peak_bytes.max(other.target_queued_peak_bytes);
        self.accepts_per_second_peak = self.accepts_per_second_peak.max(other.accepts_per_second_peak);
    }
}
