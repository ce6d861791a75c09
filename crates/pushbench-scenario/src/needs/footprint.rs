//! What processes, clients and connections take: those numbers of the needs that are measured rather than derived.
//!
//! To measure them again: every round in `run.json` has `resources`, with what was predicted beside what was used. A run
//! of one client and one of 20,000 (as root, so that the kernel's part is there; on a machine without other traffic) give
//! both terms of each sum:
//!
//! ```text
//! bytes of a process       what the run of one client used
//! bytes per client         (used by 20,000 − used by one) / 19,999, for each kind of transport
//! ```
//!
//! The summary has the same apart for both sides: `target_bytes_per_client`, `worker_bytes_per_client`,
//! `kernel_bytes_per_client`. What is left to whatever was not thought of is no part of these numbers: see `Machine`.

use pushbench_transport::Kind;

/// Files of a target that are no client's: its control socket, standard error, poller, timer, listener and their like.
pub(super) const TARGET_FILES: u64 = 16;
/// Files of a worker that are no client's.
pub(super) const WORKER_FILES: u64 = 16;
/// Files of the coordinator that are no child's: its runtime, the sampler, what the shell left open.
pub(super) const COORDINATOR_FILES: u64 = 14;
/// Files of the coordinator for two network namespaces: each, and what is read of the kernel in the other one as well.
pub(super) const COORDINATOR_FILES_OF_VETH: u64 = 5;
/// Files of the coordinator per child: its control socket and its pidfd.
pub(super) const COORDINATOR_FILES_PER_PROCESS: u64 = 2;
/// Files of the coordinator per label: the intervals, the latency log, the clients.
pub(super) const COORDINATOR_FILES_PER_LABEL: u64 = 3;

/// As much of the program and its libraries as is read, which all processes have in common, in bytes; more of one that is
/// not optimized.
pub(super) const PROGRAM_BYTES: u64 = if cfg!(debug_assertions) { 13 << 20 } else { 6 << 20 };
/// User memory of the coordinator without children, in bytes: mostly the histograms of a step.
pub(super) const COORDINATOR_BYTES: u64 = 6 << 20;
/// User memory of the coordinator per child: what the verdict keeps of each, and room for a report, in bytes.
pub(super) const COORDINATOR_BYTES_PER_PROCESS: u64 = 256 << 10;
/// User memory of a target with next to no clients, in bytes.
pub(super) const TARGET_BYTES: u64 = 5 << 17;
/// User memory of a worker with next to no clients, in bytes: its histograms are there from the begin.
pub(super) const WORKER_BYTES: u64 = 31 << 18;

/// Kernel memory of a connection, both ends in their pollers, in bytes.
pub(super) const KERNEL_BYTES_PER_CONNECTION: u64 = 8 << 10;
/// Kernel memory of a socket in `TIME_WAIT`, in bytes.
pub(super) const KERNEL_BYTES_PER_TIME_WAIT: u64 = 256;

/// User memory per client, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PerClient {
    pub(super) target: u64,
    pub(super) worker: u64,
}

impl PerClient {
    /// At both ends.
    pub(super) fn of_both(self) -> u64 {
        self.target + self.worker
    }
}

/// User memory on top for a client that sends messages on its only connection: from the first on the library reads them.
pub(super) const SENDER: PerClient = PerClient { target: 2_400, worker: 300 };
/// User memory on top for a client's second connection, on which it publishes: in the target the HTTP library has it, with a
/// buffer for each direction.
pub(super) const UPLINK: PerClient = PerClient { target: 18_000, worker: 800 };

/// By the name of the kind.
const PER_CLIENT: &[(&str, PerClient)] = &[
    ("short-polling", PerClient { target: 230, worker: 560 }),
    ("long-polling", PerClient { target: 340, worker: 470 }),
    ("sse", PerClient { target: 370, worker: 470 }),
    ("websocket", PerClient { target: 390, worker: 450 }),
];

/// User memory per client of a kind. One that was not measured yet is reckoned like the dearest.
pub(super) fn per_client(kind: Kind) -> PerClient {
    let known = PER_CLIENT.iter().find(|(name, _)| *name == kind.name()).map(|(_, bytes)| *bytes);
    known.unwrap_or_else(|| PerClient {
        target: PER_CLIENT.iter().map(|(_, bytes)| bytes.target).max().unwrap_or_default(),
        worker: PER_CLIENT.iter().map(|(_, bytes)| bytes.worker).max().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_was_measured() {
        for kind in Kind::ALL {
            assert!(PER_CLIENT.iter().any(|(name, _)| *name == kind.name()), "{kind}");
        }
    }
}
