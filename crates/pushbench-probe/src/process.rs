//! What a process costs: CPU, resident memory, and time spent waiting for a CPU.
//!
//! Readings are running totals; the caller takes differences. Nothing is sampled here.

use std::{fs, io, path::Path};

use rustix::{
    param::page_size,
    process::{Signal, set_parent_process_death_signal},
    time::{ClockId, Timespec, clock_gettime},
};

use crate::{
    clock::nanoseconds,
    proc_file::{malformed, read, unreadable},
};

/// What a process has used until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all its threads, also of those that have ended, user and system, in nanoseconds.
    pub cpu_ns: u64,
    /// Resident memory in bytes, as the kernel's quick counter has it (it may lag by some pages per CPU).
    pub rss_bytes: u64,
    /// Of these, what no file is behind (heap, stacks), in bytes: what one more process of the same program costs.
    pub private_bytes: u64,
    /// Files it has open; `None` where the kernel does not tell (before Linux 6.2).
    pub open_files: Option<u64>,
    /// Time that its living threads were ready to run but waited for a CPU, in nanoseconds. It falls when a
    /// thread ends, because that thread's share goes with it.
    pub run_queue_wait_ns: u64,
    /// How often its living threads got a CPU. It falls when a thread ends.
    pub turns: u64,
}

/// Reads the usage of a process.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] when there is no such process; otherwise when its files in `/proc` cannot be read.
pub fn usage(pid: u32) -> io::Result<Usage> {
    let statm = format!("/proc/{pid}/statm");
    let text = read(&statm)?;
    let pages = |position| {
        number_at(&text, position).ok_or_else(|| malformed(&statm, "number of resident and of shared pages"))
    };
    let (resident, shared) = (pages(1)?, pages(2)?);
    let (run_queue_wait_ns, turns) = scheduling(pid)?;
    Ok(Usage {
        cpu_ns: cpu_ns(pid)?,
        rss_bytes: resident * page_size() as u64,
        private_bytes: resident.saturating_sub(shared) * page_size() as u64,
        open_files: open_files(pid)?,
        run_queue_wait_ns,
        turns,
    })
}

/// How many files a process has open, for the price of one look: the kernel gives their number as the size of the folder
/// since Linux 6.2, and before that zero, which no size of this folder can be taken for.
fn open_files(pid: u32) -> io::Result<Option<u64>> {
    let folder = format!("/proc/{pid}/fd");
    let folder = Path::new(&folder);
    let size = fs::metadata(folder).map_err(|error| unreadable(folder, error))?.len();
    Ok((size > 0).then_some(size))
}

/// CPU time of the calling thread until now, user and system, in nanoseconds.
#[must_use]
pub fn thread_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

/// Asks the kernel to kill this process when its parent ends, so that no run leaves processes behind.
///
/// The "parent" is the *thread* that started this process: start children from one that lives as long as they
/// shall. A parent that has ended before this call is not noticed.
///
/// # Errors
/// When the kernel refuses.
pub fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// The process's CPU clock, exact to the nanosecond where `/proc/PID/stat` has ticks of 10 ms.
#[expect(unsafe_code, reason = "rustix does not read the CPU clocks of other processes")]
fn cpu_ns(pid: u32) -> io::Result<u64> {
    /// The clock that the scheduler itself keeps (`CPUCLOCK_SCHED`).
    const SCHEDULER_CLOCK: libc::clockid_t = 2;

    // The kernel's encoding of a process's clock, as clock_getcpuclockid(3) computes it.
    let clock = (!pid.cast_signed() << 3) | SCHEDULER_CLOCK;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a live timespec to be written; an invalid clock is an error, not a fault.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } == 0 {
        return Ok(nanoseconds(Timespec { tv_sec: time.tv_sec, tv_nsec: time.tv_nsec }));
    }
    let error = io::Error::last_os_error();
    // The clock of a process that is gone is an invalid argument.
    let gone = error.raw_os_error() == Some(libc::EINVAL);
    let kind = if gone { io::ErrorKind::NotFound } else { error.kind() };
    Err(io::Error::new(kind, format!("cannot read the CPU clock of process {pid}: {error}")))
}

/// The second and third field of `/proc/PID/task/*/schedstat`, summed: nanoseconds of waiting, and turns.
fn scheduling(pid: u32) -> io::Result<(u64, u64)> {
    let folder = format!("/proc/{pid}/task");
    let folder = Path::new(&folder);
    let (mut wait_ns, mut turns, mut threads) = (0, 0, 0);
    for thread in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = thread.map_err(|error| unreadable(folder, error))?.path().join("schedstat");
        // A thread may end between the listing and the reading.
        let Ok(text) = read(&path) else { continue };
        wait_ns += number_at(&text, 1).ok_or_else(|| malformed(&path, "run-queue wait"))?;
        turns += number_at(&text, 2).ok_or_else(|| malformed(&path, "number of turns"))?;
        threads += 1;
    }
    if threads == 0 {
        // Nothing was readable: the process has just ended, or this kernel keeps no such account.
        read(format!("/proc/{pid}/schedstat"))?;
    }
    Ok((wait_ns, turns))
}

/// The number at `position` among words separated by white space.
fn number_at(text: &str, position: usize) -> Option<u64> {
    text.split_whitespace().nth(position)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{
        hint::black_box,
        process::{self, Command, Stdio},
        sync::{Mutex, MutexGuard, PoisonError},
        thread,
    };

    use rustix::process::parent_process_death_signal;

    use super::*;

    /// So much that what all other tests of this process hold together is little.
    const TOUCHED: usize = 64 << 20;

    /// Held by a test from before it allocates [`TOUCHED`] bytes until they are freed: where it looks at how much the process
    /// has, nobody else frees as much. What comes later in a test's body is dropped first.
    fn with_much_memory() -> MutexGuard<'static, ()> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn numbers_by_position() {
        let table =
            [("5270 1138 897 10 0 1100 0\n", Some(1_138)), ("5270", None), ("5270 x", None), ("", None)];
        for (text, number) in table {
            assert_eq!(number_at(text, 1), number, "{text:?}");
        }
    }

    #[test]
    fn own_cpu_time_grows_with_work_and_keeps_that_of_ended_threads() {
        let before = usage(process::id()).unwrap();
        let worked_ns = thread::spawn(|| {
            while thread_cpu_ns() < 20_000_000 {
                black_box(0);
            }
            thread_cpu_ns()
        })
        .join()
        .unwrap();
        let after = usage(process::id()).unwrap();
        assert!(after.cpu_ns - before.cpu_ns >= worked_ns, "{before:?} {after:?} {worked_ns}");
    }

    #[test]
    fn own_memory_grows_when_touched() {
        let _alone = with_much_memory();
        let before = usage(process::id()).unwrap();
        let touched = black_box(vec![1_u8; TOUCHED]);
        let after = usage(process::id()).unwrap();
        // Half of it: other tests of this process free a little memory meanwhile, and the counter lags.
        assert!(after.rss_bytes >= before.rss_bytes + TOUCHED as u64 / 2, "{before:?} {after:?}");
        drop(touched);
    }

    #[test]
    fn memory_without_a_file_behind_it_and_open_files_are_told() {
        let _alone = with_much_memory();
        let touched = black_box(vec![1_u8; TOUCHED]);
        let files: Vec<_> = (0..300).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        let usage = usage(process::id()).unwrap();
        assert!((TOUCHED as u64 / 2..usage.rss_bytes).contains(&usage.private_bytes), "{usage:?}");
        // The kernel of a machine either tells or does not; where it does, no file is forgotten.
        assert!(usage.open_files.is_none_or(|open| open >= files.len() as u64 + 3), "{usage:?}");
        drop(touched);
    }

    #[test]
    fn another_process_is_read_until_it_is_reaped() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let usage_of_child = usage(child.id()).unwrap();
        assert!(usage_of_child.rss_bytes > 0, "{usage_of_child:?}");
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(usage(child.id()).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(cpu_ns(child.id()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_missing_process_is_an_error_that_names_the_file() {
        let error = usage(u32::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("/proc/4294967295/statm"), "{error}");
    }

    #[test]
    fn the_signal_of_the_parents_death_is_set() {
        die_with_parent().unwrap();
        assert_eq!(parent_process_death_signal().unwrap(), Some(Signal::KILL));
        set_parent_process_death_signal(None).unwrap();
    }
}
