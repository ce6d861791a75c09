//! Which of the machine's limits a round has reached, as far as the kernel's readings of this moment show it.
//!
//! Asked when a process says that it got no more of something. What no reading shows is not guessed: how many sockets other
//! programs of the user watch, the kernel does not tell.

use pushbench_measure::verdict::{Scarce, Scarcity};
use pushbench_probe::limits::{self, HostFiles};
use pushbench_probe::process::Usage;

use super::sampler::{self, Usages, Watched};

/// Files left at which a process is as good as out of them: some are for accepting and refusing.
const LAST_FILES: u64 = 80;
/// Share of the memory that is left when a run is ended before the kernel ends one of its processes, and the least.
const LAST_MEMORY_SHARE: u64 = 100;
const LAST_MEMORY_BYTES: u64 = 64 << 20;
/// Sockets of the run up to which those of others are looked at too: a dump of as many takes 200 ms, in which the
/// coordinator does nothing else.
const DUMPED_SOCKETS: u64 = 50_000;

/// What a process ran out of that says it got no more of something; `before` is from before the first client.
pub(crate) fn scarce(watched: &Watched, before: &Usages) -> Option<Scarcity> {
    let now = sampler::usages(watched);
    files(Scarce::WorkerFiles, &watched.workers, &now.workers)
        .or_else(|| files(Scarce::TargetFiles, &watched.targets, &now.targets))
        .or_else(|| limits::host_files().ok().and_then(host_files))
        .or_else(|| ports(watched.topology.ephemeral_ports().ok()?, 0, &now, before))
        .or_else(|| watches(limits::epoll_watches_max().ok()?, &now, before))
        .or_else(|| ports_beside_others(watched, &now, before))
}

/// Memory, of which so much is left.
pub(crate) fn memory(available_bytes: u64, allowed_bytes: u64) -> Scarcity {
    let used = allowed_bytes.saturating_sub(available_bytes);
    Scarcity { what: Scarce::Memory, used, allowed: allowed_bytes }
}

/// Whether so little memory is left that a run had better end itself.
pub(crate) fn is_out_of_memory(available_bytes: u64, total_bytes: u64) -> bool {
    available_bytes < (total_bytes / LAST_MEMORY_SHARE).max(LAST_MEMORY_BYTES)
}

/// Files of the first process that has nearly all it may have.
fn files(what: Scarce, pids: &[u32], usages: &[Option<Usage>]) -> Option<Scarcity> {
    let of_process = |(pid, usage): (&u32, &Option<Usage>)| {
        let used = usage.as_ref()?.open_files?;
        all_but(LAST_FILES, Scarcity { what, used, allowed: limits::open_files_of(*pid).ok()? })
    };
    pids.iter().zip(usages).find_map(of_process)
}

/// Files of the whole host, where nearly all of them are open.
fn host_files(files: HostFiles) -> Option<Scarcity> {
    all_but(LAST_FILES, Scarcity { what: Scarce::HostFiles, used: files.open, allowed: files.allowed })
}

/// Ports towards one target, where nearly all of them are taken, so many by other programs: a worker has an address of its
/// own, and as many clients at each target.
fn ports((first, last): (u16, u16), of_others: u64, now: &Usages, before: &Usages) -> Option<Scarcity> {
    let targets = now.targets.len().max(1) as u64;
    let own = opened(&now.workers, &before.workers).max()?.div_ceil(targets);
    let allowed = u64::from(last - first) + 1;
    all_but_a_tenth(Scarcity { what: Scarce::Ports, used: (own + of_others).min(allowed), allowed })
}

/// The same with the ports that other programs have, where looking for them does not take long.
fn ports_beside_others(watched: &Watched, now: &Usages, before: &Usages) -> Option<Scarcity> {
    if sockets(now, before) > DUMPED_SOCKETS {
        return None;
    }
    let of_others = watched.topology.ports_of_others(&watched.ports).ok()?;
    ports(watched.topology.ephemeral_ports().ok()?, of_others, now, before)
}

/// Sockets that are watched by epoll sets, both ends of every connection, where nearly as many are as one user may watch.
fn watches(allowed: u64, now: &Usages, before: &Usages) -> Option<Scarcity> {
    all_but_a_tenth(Scarcity { what: Scarce::Watches, used: sockets(now, before), allowed })
}

/// Sockets of all processes.
fn sockets(now: &Usages, before: &Usages) -> u64 {
    opened(&now.workers, &before.workers).chain(opened(&now.targets, &before.targets)).sum()
}

/// Files that each process has opened since: its sockets. None of a process that was not read.
fn opened(now: &[Option<Usage>], before: &[Option<Usage>]) -> impl Iterator<Item = u64> {
    now.iter().zip(before).filter_map(|(now, before)| {
        Some(now.as_ref()?.open_files?.saturating_sub(before.as_ref()?.open_files?))
    })
}

fn all_but(last: u64, scarcity: Scarcity) -> Option<Scarcity> {
    (scarcity.used.saturating_add(last) >= scarcity.allowed).then_some(scarcity)
}

/// Where some of it may be taken by others, or is found only with luck.
fn all_but_a_tenth(scarcity: Scarcity) -> Option<Scarcity> {
    all_but(scarcity.allowed / 10, scarcity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "readings of processes that are gone are none")]
    fn with(files: u64) -> Option<Usage> {
        let (rss_bytes, private_bytes, open_files) = (0, 0, Some(files));
        Some(Usage { cpu_ns: 0, rss_bytes, private_bytes, open_files, run_queue_wait_ns: 0, turns: 0 })
    }

    fn usages(targets: &[u64], workers: &[u64]) -> Usages {
        let all = |files: &[u64]| files.iter().copied().map(with).collect();
        Usages { targets: all(targets), workers: all(workers), coordinator: None }
    }

    #[test]
    fn files_of_the_host_are_out_when_next_to_none_are_left() {
        let scarce = |open| host_files(HostFiles { open, allowed: 1000 });
        assert_eq!(scarce(919), None);
        assert_eq!(scarce(920), Some(Scarcity { what: Scarce::HostFiles, used: 920, allowed: 1000 }));
    }

    #[test]
    fn ports_are_those_of_the_worker_with_the_most_towards_each_target() {
        let before = usages(&[9, 9], &[10, 10]);
        let scarce = |others, workers: [u64; 2]| {
            ports((40_000, 40_099), others, &usages(&[0, 0], &workers), &before).map(|scarcity| scarcity.used)
        };
        assert_eq!(scarce(0, [100, 188]), None);
        assert_eq!(scarce(0, [100, 189]), Some(90));
        assert_eq!(scarce(1, [100, 188]), Some(90));
        assert_eq!(scarce(99, [100, 188]), Some(100), "some may be counted twice");
    }

    #[test]
    fn watches_are_those_of_all_processes_together() {
        let before = usages(&[15, 15], &[10]);
        let scarce = |targets: [u64; 2], worker| watches(1000, &usages(&targets, &[worker]), &before);
        assert_eq!(scarce([240, 239], 460), None);
        let all = Scarcity { what: Scarce::Watches, used: 900, allowed: 1000 };
        assert_eq!(scarce([240, 240], 460), Some(all));
        let mut without_one = usages(&[240, 240], &[920]);
        without_one.targets[0] = None;
        assert_eq!(watches(1000, &without_one, &before).unwrap().used, 225 + 910, "others still count");
    }

    #[test]
    fn memory_is_out_before_the_last_byte_is() {
        assert!(is_out_of_memory(200 << 20, 24 << 30));
        assert!(!is_out_of_memory(300 << 20, 24 << 30));
        assert!(is_out_of_memory(60 << 20, 1 << 30), "a small machine keeps some too");
    }
}
