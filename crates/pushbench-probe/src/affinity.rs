//! Which CPUs a process may run on.
//!
//! How CPUs are best shared out is not decided here.

use std::io;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The numbers of the CPUs that this thread may run on, ascending.
///
/// # Errors
/// When the kernel does not tell.
pub fn allowed() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
}

/// Confines a process that has one thread, and every thread that it starts later, to some CPUs.
///
/// # Errors
/// When none of them exists, the process is gone, or it is somebody else's.
pub fn confine(pid: u32, cpus: &[usize]) -> io::Result<()> {
    let pid = Pid::from_raw(pid.cast_signed())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{pid} is no process id")))?;
    Ok(sched_setaffinity(Some(pid), &set_of(cpus))?)
}

/// Confines the calling thread to some CPUs.
///
/// # Errors
/// When none of them exists.
pub fn confine_thread(cpus: &[usize]) -> io::Result<()> {
    Ok(sched_setaffinity(None, &set_of(cpus))?)
}

fn set_of(cpus: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    for cpu in cpus.iter().filter(|cpu| **cpu < CpuSet::MAX_CPU) {
        set.set(*cpu);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_confined_process_may_run_on_those_cpus_only() {
        let cpus = allowed().unwrap();
        let last = *cpus.last().unwrap();
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        confine(child.id(), &[last]).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
        assert_eq!(list.trim(), last.to_string());
    }

    #[test]
    fn no_cpu_and_no_process_are_refused() {
        assert!(confine(std::process::id(), &[]).is_err());
        assert!(confine(0, &[0]).is_err());
    }
}
