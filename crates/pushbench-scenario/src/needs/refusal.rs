//! Limits that forbid a plan: which, what it is, what is needed, how to raise it, and what would fit.

use std::fmt;

use super::{COORDINATOR_SPARE_FILES, Machine, SPARE_FILES, StepNeeds};
use crate::file::MOST_PROCESSES;
use crate::plan::{Network, Plan, TransportPlan};

/// A limit of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Open files of each target process.
    TargetFiles,
    /// Open files of each worker process.
    WorkerFiles,
    /// Open files of the coordinator, which holds some of every process.
    CoordinatorFiles,
    /// Open files of all processes of the host together.
    HostFiles,
    /// Ephemeral ports of each worker's source address.
    Ports,
    /// Memory that can be had without swapping.
    Memory,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TargetFiles => "open files of a target process",
            Self::WorkerFiles => "open files of a worker process",
            Self::CoordinatorFiles => "open files of the coordinator",
            Self::HostFiles => "open files of the whole host",
            Self::Ports => "ephemeral ports of a worker's address",
            Self::Memory => "memory",
        })
    }
}

/// A limit that forbids a plan. Its text is a line, then a `hint:` line with the remedy.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Which limit.
    pub limit: Limit,
    /// The transport that exceeds it most.
    pub label: String,
    /// The number of clients at which it does.
    pub clients: u32,
    /// The limit's present value, in files, ports or bytes.
    pub present: u64,
    /// The value that would do.
    pub needed: u64,
    /// How to raise it.
    pub remedy: String,
    /// Clients that would fit as it is.
    pub fits: u32,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, label, clients, fits, remedy, .. } = self;
        let amount = |value: u64| match limit {
            Limit::Memory => format!("{} MiB", value.div_ceil(1 << 20)),
            _ => value.to_string(),
        };
        let (present, needed) = (amount(self.present), amount(self.needed));
        // Whoever knows the range wonders where the other half is.
        let of_what = if *limit == Limit::Ports { " (every second one of the range)" } else { "" };
        write!(
            f,
            "{limit}: {present} here{of_what}, {needed} needed for {clients} clients of `{label}`; {fits} would fit"
        )?;
        write!(f, "\n  hint: {remedy}")?;
        // No number would fit where not even one client does.
        if *fits > 0 { write!(f, "; --clients max takes as many as fit") } else { Ok(()) }
    }
}

impl std::error::Error for Refusal {}

impl Limit {
    const ALL: [Self; 6] = [
        Self::TargetFiles,
        Self::WorkerFiles,
        Self::CoordinatorFiles,
        Self::HostFiles,
        Self::Ports,
        Self::Memory,
    ];

    /// The limit's value and the value that would do.
    fn present_and_needed(self, machine: &Machine, step: &StepNeeds) -> (u64, u64) {
        let files = machine.open_files_soft_after_raise;
        match self {
            Self::TargetFiles => (files, whole_of(step.files_per_target + SPARE_FILES)),
            Self::WorkerFiles => (files, whole_of(step.files_per_worker + SPARE_FILES)),
            Self::CoordinatorFiles => (files, whole_of(step.files_coordinator + COORDINATOR_SPARE_FILES)),
            Self::HostFiles => (machine.host_files_left, whole_of(step.files_in_all)),
            Self::Ports => (machine.ports_per_address(), whole_of(step.ports_per_target)),
            Self::Memory => (machine.memory_available_bytes, with_room(step.memory_bytes())),
        }
    }

    fn exceeded_by(self, machine: &Machine, step: &StepNeeds) -> bool {
        let (present, needed) = self.present_and_needed(machine, step);
        present < needed
    }

    fn remedy(self, plan: &Plan, machine: &Machine, step: &StepNeeds, needed: u64) -> String {
        let raise = format!("ulimit -n {needed} (beyond the hard limit: as root, or in limits.conf)");
        // Half of the sockets are the clients' own.
        let processes = (step.sockets / 2).div_ceil(machine.clients_per_process().max(1));
        let spread = machine.clients_per_process() > 0 && processes <= u64::from(MOST_PROCESSES);
        match self {
            Self::TargetFiles if spread => format!("[target] processes = {processes}, or {raise}"),
            Self::WorkerFiles if spread => format!("[workers] processes = {processes}, or {raise}"),
            Self::TargetFiles | Self::WorkerFiles => raise,
            Self::CoordinatorFiles if plan.target_processes.or(plan.worker_processes).is_some() => {
                format!("fewer [target] or [workers] processes, or {raise}")
            }
            Self::CoordinatorFiles => format!("{raise}; fewer processes are needed then"),
            Self::HostFiles => format!("as root: sysctl -w fs.file-max={}", needed.saturating_mul(2)),
            Self::Ports => {
                let processes = "more [workers] processes (left out, they are as many as needed)";
                match plan.network {
                    Network::Loopback => {
                        format!("{processes}, or sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"")
                    }
                    // A new namespace has the kernel's range, whatever the host's is.
                    Network::Veth => processes.to_owned(),
                }
            }
            Self::Memory => "fewer clients, a smaller [target] ring, or more memory".to_owned(),
        }
    }
}

/// Every limit that this step exceeds.
pub(super) fn of(
    plan: &Plan,
    machine: &Machine,
    transport: &TransportPlan,
    step: &StepNeeds,
) -> Vec<Refusal> {
    let refuse = |limit: Limit| {
        let (present, needed) = limit.present_and_needed(machine, step);
        let needed = match limit {
            Limit::CoordinatorFiles => files_for_coordinator(plan, machine, transport, step.clients, needed),
            _ => needed,
        };
        let too_many = |clients| limit.exceeded_by(machine, &super::step(plan, machine, transport, clients));
        Refusal {
            limit,
            label: step.label.clone(),
            clients: step.clients,
            present,
            needed,
            remedy: limit.remedy(plan, machine, step, needed),
            fits: most_below(step.clients, too_many),
        }
    };
    Limit::ALL.into_iter().filter(|limit| limit.exceeded_by(machine, step)).map(refuse).collect()
}

/// The least limit of open files that does for the coordinator, by halving; `enough` does. It is less than what the
/// coordinator needs at the present limit: a higher one lets each process hold more clients, so there are fewer of them.
fn files_for_coordinator(
    plan: &Plan,
    machine: &Machine,
    transport: &TransportPlan,
    clients: u32,
    enough: u64,
) -> u64 {
    let (mut too_few, mut enough) = (machine.open_files_soft_after_raise, enough);
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        let raised = Machine { open_files_soft_after_raise: middle, ..*machine };
        let step = super::step(plan, &raised, transport, clients);
        if Limit::CoordinatorFiles.exceeded_by(&raised, &step) { too_few = middle } else { enough = middle }
    }
    enough
}

/// The largest number below `too_many_at` that is not too many, by halving; needs grow with the clients.
pub(super) fn most_below(too_many_at: u32, too_many: impl Fn(u32) -> bool) -> u32 {
    let (mut fits, mut too_large) = (0, too_many_at);
    while too_large - fits > 1 {
        let middle = fits + (too_large - fits) / 2;
        if too_many(middle) { too_large = middle } else { fits = middle }
    }
    fits
}

/// Memory that must be there for so much to be used: predictions are good to some 15 %.
fn with_room(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 20 * 3)
}

/// Whether any limit forbids so many clients of any transport.
pub(super) fn forbids(plan: &Plan, machine: &Machine, clients: u32) -> bool {
    plan.transports.iter().any(|transport| {
        let step = super::step(plan, machine, transport, clients);
        Limit::ALL.into_iter().any(|limit| limit.exceeded_by(machine, &step))
    })
}

/// The limit of which nine tenths are `part`.
fn whole_of(part: u64) -> u64 {
    part.saturating_mul(10).div_ceil(9)
}

/// Each limit once, where it is exceeded most.
pub(super) fn worst(refusals: Vec<Refusal>) -> Vec<Refusal> {
    let mut worst: Vec<Refusal> = Vec::new();
    for refusal in refusals {
        match worst.iter_mut().find(|known| known.limit == refusal.limit) {
            Some(known) => {
                // What fits must fit for all of them.
                let fits = known.fits.min(refusal.fits);
                let further = if known.needed < refusal.needed { refusal } else { known.clone() };
                *known = Refusal { fits, ..further };
            }
            None => worst.push(refusal),
        }
    }
    worst
}
