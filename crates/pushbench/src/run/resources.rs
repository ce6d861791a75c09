//! What a round used of the machine, beside what was predicted; and which of the machine's limits it ran into.
//!
//! Taken in as the sampler reads it: peaks, never a reading of its own except when a process says that it got no more of
//! something.

use pushbench_measure::results::Resources;
use pushbench_measure::verdict::{Scarce, Scarcity};
use pushbench_probe::limits::{self, HostFiles};
use pushbench_probe::process::{self, Usage};

use super::sampler::{Usages, Watched};

/// Files left at which a process is as good as out of them: some are for accepting and refusing.
const LAST_FILES: u64 = 80;
/// Share of the memory that is left when a run is ended before the kernel ends one of its processes, and the least.
const LAST_MEMORY_SHARE: u64 = 100;
const LAST_MEMORY_BYTES: u64 = 64 << 20;

/// Everything at its most until now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peak {
    files_per_target: Option<u64>,
    files_per_worker: Option<u64>,
    files_coordinator: Option<u64>,
    user_bytes: Option<u64>,
    /// Growth of the kernel's memory for sockets.
    kernel_bytes: Option<u64>,
}

impl Peak {
    /// Takes in a reading.
    pub(crate) fn see(&mut self, usages: &Usages) {
        self.files_per_target = self.files_per_target.max(most_files(&usages.targets));
        self.files_per_worker = self.files_per_worker.max(most_files(&usages.workers));
        let own = usages.coordinator.as_ref().and_then(|usage| usage.open_files);
        self.files_coordinator = self.files_coordinator.max(own);
        self.user_bytes = self.user_bytes.max(user_bytes(usages));
    }

    /// Takes in by how much the kernel's memory for sockets has grown.
    pub(crate) fn see_kernel(&mut self, grown_bytes: Option<u64>) {
        self.kernel_bytes = self.kernel_bytes.max(grown_bytes);
    }

    /// What was used, by so many processes that used `before` without clients.
    pub(crate) fn used(&self, before: &Usages) -> Resources {
        let (targets, workers) = (before.targets.len() as u32, before.workers.len() as u32);
        let sockets = self.files_per_worker.zip(most_files(&before.workers));
        Resources {
            targets,
            workers,
            files_per_target: self.files_per_target,
            files_per_worker: self.files_per_worker,
            files_coordinator: self.files_coordinator,
            // A worker has an address of its own, and as many clients at each target.
            ports_per_target: sockets
                .map(|(most, before)| most.saturating_sub(before).div_ceil(u64::from(targets.max(1)))),
            user_bytes: self.user_bytes,
            kernel_bytes: self.kernel_bytes,
        }
    }
}

/// Open files of the process with the most; `None` when any was not read.
fn most_files(usages: &[Option<Usage>]) -> Option<u64> {
    let files = usages.iter().map(|usage| usage.as_ref()?.open_files);
    files.collect::<Option<Vec<u64>>>()?.into_iter().max()
}

/// Memory of all processes, what they have in common counted once; `None` when any was not read.
fn user_bytes(usages: &Usages) -> Option<u64> {
    let all = usages.targets.iter().chain(&usages.workers).chain(std::iter::once(&usages.coordinator));
    let all = all.copied().collect::<Option<Vec<Usage>>>()?;
    let common = all.iter().map(|usage| usage.rss_bytes.saturating_sub(usage.private_bytes)).max()?;
    Some(common + all.iter().map(|usage| usage.private_bytes).sum::<u64>())
}

/// Whether so little memory is left that a run had better end itself.
pub(crate) fn is_out_of_memory(available_bytes: u64, total_bytes: u64) -> bool {
    available_bytes < (total_bytes / LAST_MEMORY_SHARE).max(LAST_MEMORY_BYTES)
}

/// What a process ran out of that says it got no more of something, as far as the kernel's readings of this moment show;
/// `before` is from before the first client.
pub(crate) fn scarce(watched: &Watched, before: &Usages) -> Option<Scarcity> {
    let files = |pids: &[u32], what| {
        let of_process = |pid: &u32| {
            let used = process::usage(*pid).ok()?.open_files?;
            let allowed = limits::open_files_of(*pid).ok()?;
            (used + LAST_FILES >= allowed).then_some(Scarcity { what, used, allowed })
        };
        pids.iter().find_map(of_process)
    };
    files(&watched.workers, Scarce::WorkerFiles)
        .or_else(|| files(&watched.targets, Scarce::TargetFiles))
        .or_else(|| limits::host_files().ok().and_then(host_files))
        .or_else(|| ports(watched, before))
}

/// Files of the whole host, where nearly all of them are open.
fn host_files(files: HostFiles) -> Option<Scarcity> {
    let HostFiles { open: used, allowed } = files;
    (used + LAST_FILES >= allowed).then_some(Scarcity { what: Scarce::HostFiles, used, allowed })
}

/// Memory, of which so much is left.
pub(crate) fn memory(available_bytes: u64, allowed_bytes: u64) -> Scarcity {
    let used = allowed_bytes.saturating_sub(available_bytes);
    Scarcity { what: Scarce::Memory, used, allowed: allowed_bytes }
}

/// Ports towards one target, where nearly all of them are taken.
fn ports(watched: &Watched, before: &Usages) -> Option<Scarcity> {
    let (first, last) = watched.topology.ephemeral_ports().ok()?;
    let allowed = u64::from(last - first) + 1;
    let targets = watched.targets.len().max(1) as u64;
    let of_worker = |(pid, before): (&u32, &Option<Usage>)| {
        let now = process::usage(*pid).ok()?.open_files?;
        Some(now.saturating_sub(before.as_ref()?.open_files?).div_ceil(targets))
    };
    let used = watched.workers.iter().zip(&before.workers).filter_map(of_worker).max()?;
    (used * 10 >= allowed * 9).then_some(Scarcity { what: Scarce::Ports, used, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "readings of processes that are gone are none")]
    fn usage(rss: u64, private: u64, files: u64) -> Option<Usage> {
        let (rss_bytes, private_bytes, open_files) = (rss, private, Some(files));
        Some(Usage { cpu_ns: 0, rss_bytes, private_bytes, open_files, run_queue_wait_ns: 0, turns: 0 })
    }

    #[test]
    fn what_was_used_is_the_most_ever_seen_and_the_program_counts_once() {
        let before = Usages {
            targets: vec![usage(9, 2, 15), usage(9, 2, 15)],
            workers: vec![usage(8, 1, 13)],
            coordinator: usage(10, 3, 20),
        };
        let full = Usages {
            targets: vec![usage(19, 12, 515), usage(20, 12, 514)],
            workers: vec![usage(28, 21, 1013)],
            coordinator: usage(11, 4, 21),
        };
        let mut peak = Peak::default();
        for usages in [&before, &full, &before] {
            peak.see(usages);
        }
        // One that is gone makes a reading worthless, not zero.
        peak.see(&Usages { workers: vec![None], ..full.clone() });
        for bytes in [None, Some(70), Some(60)] {
            peak.see_kernel(bytes);
        }
        let used = Resources {
            targets: 2,
            workers: 1,
            files_per_target: Some(515),
            files_per_worker: Some(1013),
            files_coordinator: Some(21),
            ports_per_target: Some(500),
            user_bytes: Some(8 + 12 + 12 + 21 + 4),
            kernel_bytes: Some(70),
        };
        assert_eq!(peak.used(&before), used);
        assert_eq!(Peak::default().used(&before).user_bytes, None);
    }

    #[test]
    fn files_of_the_host_are_out_when_next_to_none_are_left() {
        let scarce = |open| host_files(HostFiles { open, allowed: 1000 });
        assert_eq!(scarce(919), None);
        assert_eq!(scarce(920), Some(Scarcity { what: Scarce::HostFiles, used: 920, allowed: 1000 }));
    }

    #[test]
    fn memory_is_out_before_the_last_byte_is() {
        assert!(is_out_of_memory(200 << 20, 24 << 30));
        assert!(!is_out_of_memory(300 << 20, 24 << 30));
        assert!(is_out_of_memory(60 << 20, 1 << 30), "a small machine keeps some too");
    }
}
