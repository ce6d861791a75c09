//! What a plan needs of a machine, and which of the machine's limits forbid it.
//!
//! Arithmetic on the plan and on limits that somebody else has read; nothing is looked up here. What will be used is
//! predicted as exactly as it is known ([`StepNeeds`], from `footprint`); the room that a machine must have for it is more,
//! by shares and spare files that stand here and are in no prediction.

mod footprint;
mod most;
mod refusal;
mod search;
mod warning;

pub use most::{Most, most_clients};
pub use refusal::{Limit, Refusal};
pub use search::with_upper_end;
pub use warning::Warning;

use pushbench_measure::results::Resources;

use pushbench_transport::settings::TransportSettings as _;
use std::time::Duration;

use crate::file::MOST_PROCESSES;
use crate::plan::{EventSize, Network, Plan, RING_BYTES, Source, Topics, TransportPlan};

/// Files that a process is left beside those it uses: connections about to be closed, whatever was not thought of.
const SPARE_FILES: u64 = 184;
/// The same of the coordinator; a child has some more of its files while it is started.
const COORDINATOR_SPARE_FILES: u64 = 60;
/// What a worker keeps of the schedule per event of the measure phase, in bytes.
const SCHEDULE_BYTES_PER_EVENT: f64 = 8.0;
/// Copies of a kept event: its payload, and the form in which one transport sends it.
const COPIES_PER_EVENT: f64 = 2.0;
/// Bookkeeping of the target per kept event besides its copies, in bytes.
const RING_BYTES_PER_EVENT: f64 = 224.0;
/// How long the kernel keeps a closed socket in `TIME_WAIT` (`TCP_TIMEWAIT_LEN`).
const TIME_WAIT: Duration = Duration::from_mins(1);
/// How long a connection that is closed may still hold its port. The server closes first, so that `TIME_WAIT` is not on the
/// client's side; where it is, Linux hands the port out again after this time on loopback (`tcp_tw_reuse = 2`, its default).
const PORT_REUSE: Duration = Duration::from_secs(1);
/// Starting and ending the processes of a step, at least.
const OVERHEAD: Duration = Duration::from_secs(2);
/// Starting and ending a process.
const OVERHEAD_PER_PROCESS: Duration = Duration::from_millis(20);
/// Connections that are closed per second, both ends.
const CLOSED_PER_SECOND: f64 = 20_000.0;

/// The limits of the machine that is to run a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Open files a process may have, after it has raised its soft limit as far as it may.
    pub open_files_soft_after_raise: u64,
    /// Open files that all processes of the host may have together, over and above those open now.
    pub host_files_left: u64,
    /// First and last ephemeral port, in the network that the plan asks for.
    pub ports: (u16, u16),
    /// Memory that can be had without swapping, in bytes.
    pub memory_available_bytes: u64,
    /// CPUs the processes may run on.
    pub cpus: u32,
    /// The largest backlog that a listener is granted.
    pub listen_backlog: u32,
    /// Sockets in `TIME_WAIT` that the kernel keeps at most.
    pub time_wait_max: u64,
    /// Bytes that TCP's queues may take on the whole host.
    pub tcp_memory_max_bytes: u64,
}

impl Machine {
    /// Nine tenths of a limit: the last tenth is left to whatever was not thought of.
    fn most_of(limit: u64) -> u64 {
        limit.saturating_mul(9) / 10
    }

    /// Clients that one process may hold.
    #[must_use]
    pub fn clients_per_process(&self) -> u64 {
        let own = footprint::TARGET_FILES.max(footprint::WORKER_FILES);
        Self::most_of(self.open_files_soft_after_raise).saturating_sub(own + SPARE_FILES)
    }

    /// Ports of one source address towards one target that are found at once: every second one. The kernel looks through
    /// these first, and once they are taken each connect walks through all of them in vain: measured on Linux 6.18, that
    /// costs 10 ms of CPU a connect.
    #[must_use]
    pub fn ports_per_address(&self) -> u64 {
        let (first, last) = self.ports;
        u64::from(last.saturating_sub(first)).div_ceil(2)
    }

    /// Clients that keep their connections and may share one source address towards one target.
    #[must_use]
    pub fn clients_per_address(&self) -> u64 {
        Self::most_of(self.ports_per_address())
    }
}

/// What one transport needs at one number of clients.
#[derive(Debug, Clone, PartialEq)]
pub struct StepNeeds {
    /// The transport's label.
    pub label: String,
    /// Clients of the step.
    pub clients: u32,
    /// Target processes.
    pub targets: u32,
    /// Worker processes, each with a source address of its own.
    pub workers: u32,
    /// Open files of each target process.
    pub files_per_target: u64,
    /// Open files of each worker process.
    pub files_per_worker: u64,
    /// Open files of the coordinator, which holds some of every process and of every label.
    pub files_coordinator: u64,
    /// Open files of all processes together.
    pub files_in_all: u64,
    /// Sockets of clients at once, both ends.
    pub sockets: u64,
    /// Connections opened per second once all clients have arrived.
    pub opens_per_second: f64,
    /// Sockets in `TIME_WAIT` when the step ends.
    pub time_wait: u64,
    /// Ports in use at once on each source address, towards each target.
    pub ports_per_target: u64,
    /// Memory of all processes, the program itself counted once, in bytes.
    pub user_bytes: u64,
    /// Memory of the kernel for their sockets, in bytes.
    pub kernel_bytes: u64,
    /// From the start of its processes to their end.
    pub duration: Duration,
}

impl StepNeeds {
    /// Memory of all processes and of the kernel for their sockets, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.user_bytes + self.kernel_bytes
    }

    /// What a round is predicted to use.
    #[must_use]
    pub fn resources(&self) -> Resources {
        Resources {
            targets: self.targets,
            workers: self.workers,
            files_per_target: Some(self.files_per_target),
            files_per_worker: Some(self.files_per_worker),
            files_coordinator: Some(self.files_coordinator),
            ports_per_target: Some(self.ports_per_target),
            user_bytes: Some(self.user_bytes),
            kernel_bytes: Some(self.kernel_bytes),
        }
    }
}

/// What a plan needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// One entry per transport and number of clients, in the order of the plan.
    pub steps: Vec<StepNeeds>,
    /// Length of the whole run, all rounds; of a capacity search the longest that it may take.
    pub duration: Duration,
    /// The shortest that it may take, where that is not the same.
    pub duration_least: Duration,
    /// The machine it was reckoned for.
    pub machine: Machine,
    refusals: Vec<Refusal>,
    warnings: Vec<Warning>,
}

impl Needs {
    /// Limits of the machine that forbid the plan; each limit once, for the step that exceeds it most.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        self.refusals.clone()
    }

    /// What allows the plan and will be felt: bounds of the machine, and asks that wait for answers.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The needs of a transport at a number of clients.
    #[must_use]
    pub fn of(&self, label: &str, clients: u32) -> Option<&StepNeeds> {
        self.steps.iter().find(|step| step.label == label && step.clients == clients)
    }
}

/// What one transport of `plan` needs on `machine` at a number of clients that need not be one of the plan's.
#[must_use]
pub fn needs_of(plan: &Plan, machine: &Machine, transport: usize, clients: u32) -> StepNeeds {
    step(plan, machine, &plan.transports[transport], clients)
}

/// What `plan` needs on `machine`.
#[must_use]
pub fn needs(plan: &Plan, machine: &Machine) -> Needs {
    let mut steps = Vec::new();
    let mut refusals = Vec::new();
    for transport in &plan.transports {
        for clients in &plan.steps {
            let step = step(plan, machine, transport, *clients);
            refusals.extend(refusal::of(plan, machine, transport, &step));
            steps.push(step);
        }
    }
    let round: Duration = steps.iter().map(|step| step.duration).sum();
    let whole = round.saturating_mul(plan.rounds);
    let (duration_least, duration) =
        plan.capacity.map_or((whole, whole), |capacity| search::durations(plan, machine, &capacity));
    let warnings = warning::of(plan, machine, &steps);
    Needs { steps, duration, duration_least, machine: *machine, refusals: refusal::worst(refusals), warnings }
}

fn step(plan: &Plan, machine: &Machine, transport: &TransportPlan, clients: u32) -> StepNeeds {
    let opens = opens_per_client_second(plan, transport, clients);
    let per_client = u64::from(plan.connections_per_client(transport));
    let connections = per_client * u64::from(clients);
    let by_files = processes_for(connections, machine.clients_per_process());
    let targets = plan.target_processes.unwrap_or_else(|| most_targets(plan, clients).min(by_files));
    let ports_of_worker = machine.clients_per_address().saturating_mul(targets.into());
    let by_ports = processes_for(ports(clients.into(), per_client, opens), ports_of_worker);
    let workers = plan.worker_processes.unwrap_or(by_files.max(by_ports));
    let per_target = per_client * clients_per_target(plan, clients, targets);
    let per_worker = u64::from(clients.div_ceil(workers));
    let lasts = plan.whole_step(clients);
    let opens_per_second = opens * f64::from(clients);
    let files_coordinator = files_coordinator(plan, targets, workers);
    let time_wait = (opens_per_second * lasts.min(TIME_WAIT).as_secs_f64()).round() as u64;
    StepNeeds {
        label: transport.label.clone(),
        clients,
        targets,
        workers,
        files_per_target: per_target + footprint::TARGET_FILES,
        files_per_worker: per_client * per_worker + footprint::WORKER_FILES,
        files_coordinator,
        files_in_all: 2 * connections
            + footprint::TARGET_FILES * u64::from(targets)
            + footprint::WORKER_FILES * u64::from(workers)
            + files_coordinator,
        sockets: 2 * connections,
        opens_per_second,
        time_wait,
        ports_per_target: ports(per_worker.div_ceil(targets.into()), per_client, opens),
        user_bytes: user_bytes(plan, transport, clients, targets, workers),
        kernel_bytes: footprint::KERNEL_BYTES_PER_CONNECTION * connections
            + footprint::KERNEL_BYTES_PER_TIME_WAIT * time_wait.min(machine.time_wait_max),
        duration: lasts.saturating_add(overhead(clients, targets + workers)),
    }
}

/// Starting the processes of a step, closing its connections and ending the processes.
fn overhead(clients: u32, processes: u32) -> Duration {
    let closing = Duration::from_secs_f64(f64::from(clients) / CLOSED_PER_SECOND);
    OVERHEAD.max(OVERHEAD_PER_PROCESS * processes + closing)
}

fn files_coordinator(plan: &Plan, targets: u32, workers: u32) -> u64 {
    let processes = u64::from(targets) + u64::from(workers);
    let labels = u64::from(plan.labels);
    let of_network = match plan.network {
        Network::Loopback => 0,
        Network::Veth => footprint::COORDINATOR_FILES_OF_VETH,
    };
    footprint::COORDINATOR_FILES
        + of_network
        + footprint::COORDINATOR_FILES_PER_PROCESS * processes
        + footprint::COORDINATOR_FILES_PER_LABEL * labels
}

/// Sockets that one client opens per second. A transport that opens sockets by no clock opens one per event.
fn opens_per_client_second(plan: &Plan, transport: &TransportPlan, clients: u32) -> f64 {
    let opens = transport.settings.opens_per_client_second();
    if opens > 0.0 && transport.settings.poll_interval().is_none() {
        let events = plan.events_of(clients);
        return opens + events.per_second() * events.shape.peak() / f64::from(plan.topics(clients).max(1));
    }
    opens
}

/// Targets that there is a use for: the members of a room are at one target.
fn most_targets(plan: &Plan, clients: u32) -> u32 {
    match plan.events.topics {
        Topics::Rooms { .. } => plan.topics(clients),
        Topics::Broadcast | Topics::Count(_) | Topics::PerClient => u32::MAX,
    }
}

/// Clients of the target that has most of them.
fn clients_per_target(plan: &Plan, clients: u32, targets: u32) -> u64 {
    let evenly = u64::from(clients.div_ceil(targets));
    match plan.events.topics {
        Topics::Rooms { .. } => {
            let rooms = plan.topics(clients);
            let of_whole_rooms = u64::from(rooms.div_ceil(targets)) * u64::from(clients.div_ceil(rooms));
            of_whole_rooms.clamp(evenly, clients.into())
        }
        Topics::Broadcast | Topics::Count(_) | Topics::PerClient => evenly,
    }
}

/// Ports in use at once by that many clients, each with so many connections.
fn ports(clients: u64, connections: u64, opens_per_client_second: f64) -> u64 {
    connections * clients
        + (clients as f64 * opens_per_client_second * PORT_REUSE.as_secs_f64()).ceil() as u64
}

/// Processes for an amount of which each can bear a share; no more than there may be.
fn processes_for(amount: u64, per_process: u64) -> u32 {
    let processes = amount.div_ceil(per_process.max(1)).clamp(1, u64::from(MOST_PROCESSES));
    processes as u32
}

/// Memory of all processes: the clients, the processes themselves, the events that the targets keep, the workers'
/// schedules.
fn user_bytes(plan: &Plan, transport: &TransportPlan, clients: u32, targets: u32, workers: u32) -> u64 {
    let per_client = footprint::per_client(transport.settings.kind());
    let sending = match plan.events.source {
        Source::Members if plan.connections_per_client(transport) > 1 => footprint::UPLINK.of_both(),
        Source::Members => footprint::SENDER.of_both(),
        Source::Publisher | Source::Answers(_) => 0,
    };
    let of_clients = (per_client.of_both() + sending) * u64::from(clients);
    let [targets_each, workers_each] = [targets, workers].map(u64::from);
    let of_processes = footprint::PROGRAM_BYTES
        + footprint::COORDINATOR_BYTES
        + footprint::COORDINATOR_BYTES_PER_PROCESS * (targets_each + workers_each)
        + footprint::TARGET_BYTES * targets_each
        + footprint::WORKER_BYTES * workers_each;
    let events = plan.events_of(clients);
    let published = events.number_until(plan.phases.total());
    let size = mean_size(plan.events.size);
    let per_topic = f64::from(plan.ring_events).min(RING_BYTES as f64 / size);
    let kept = published.min(f64::from(plan.topics(clients)) * per_topic);
    let rings = f64::from(targets) * kept * (size * COPIES_PER_EVENT + RING_BYTES_PER_EVENT);
    let measured = events.number_until(plan.phases.warmup + plan.phases.measure)
        - events.number_until(plan.phases.warmup);
    let schedules = f64::from(workers) * measured * SCHEDULE_BYTES_PER_EVENT;
    of_clients + of_processes + (rings + schedules) as u64
}

fn mean_size(size: EventSize) -> f64 {
    match size {
        EventSize::Fixed(bytes) => f64::from(bytes),
        EventSize::Uniform { min, max } => f64::midpoint(f64::from(min), f64::from(max)),
        // At most: the mean of a log-normal law lies below its 99th percentile unless it is wildly skewed.
        EventSize::LogNormal { p99, .. } => f64::from(p99),
    }
}

/// Topics of a plan in words.
pub(crate) fn topics_in_words(topics: Topics) -> String {
    match topics {
        Topics::Broadcast => "every client gets every event".to_owned(),
        Topics::Count(count) => format!("{count} topics, clients dealt out in turn"),
        Topics::PerClient => "one topic per client".to_owned(),
        Topics::Rooms { members } => {
            format!("rooms of {members} clients, everyone gets what one of them sends")
        }
    }
}
