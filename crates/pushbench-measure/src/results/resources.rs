//! What a round takes of the machine: what was predicted before it, and what it used.

use serde::{Deserialize, Serialize};

/// Processes, files, ports and memory of one round, each at its most. `None` where it is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Target processes.
    pub targets: u32,
    /// Worker processes.
    pub workers: u32,
    /// Open files of the target process with the most.
    pub files_per_target: Option<u64>,
    /// Open files of the worker process with the most.
    pub files_per_worker: Option<u64>,
    /// Open files of the coordinator.
    pub files_coordinator: Option<u64>,
    /// Ports in use at once on a worker's address towards one target.
    pub ports_per_target: Option<u64>,
    /// Memory of all processes, the coordinator among them and the program itself counted once, in bytes.
    pub user_bytes: Option<u64>,
    /// Memory of the kernel for sockets, both ends, in bytes; unknown unless run as root.
    pub kernel_bytes: Option<u64>,
}

/// Both beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceRecord {
    /// As `check` says it.
    pub predicted: Resources,
    /// As the kernel said it.
    pub used: Resources,
}
