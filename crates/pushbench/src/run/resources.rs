//! What a round used of the machine, beside what was predicted.
//!
//! Taken in as the sampler reads it: peaks, never a reading of its own.

use pushbench_measure::results::Resources;
use pushbench_probe::process::Usage;

use super::sampler::Usages;

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
}
