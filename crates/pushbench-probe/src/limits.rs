//! What the machine allows: open files, ports, backlog and memory; and how much of it is in use.
//!
//! Only the soft limit of open files is ever changed, and only upwards to what the process may have anyway.

use std::{fs, io, path::Path};

use rustix::io::Errno;
use rustix::param::page_size;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, capabilities};

use crate::{
    control_group,
    memory::{self, meminfo_bytes},
    proc_file::{malformed, read, unreadable},
};

const PORT_RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
const SOMAXCONN: &str = "/proc/sys/net/core/somaxconn";
const TIME_WAIT_MAX: &str = "/proc/sys/net/ipv4/tcp_max_tw_buckets";
const TCP_MEMORY: &str = "/proc/sys/net/ipv4/tcp_mem";
const HOST_FILES: &str = "/proc/sys/fs/file-nr";
const EPOLL_WATCHES: &str = "/proc/sys/fs/epoll/max_user_watches";
const OWN_FDS: &str = "/proc/self/fd";

/// A resource limit of this process. `u64::MAX` stands for "unlimited".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What the kernel enforces now.
    pub soft: u64,
    /// How far the process may raise `soft` by itself.
    pub hard: u64,
}

/// How many files this process may have open (`RLIMIT_NOFILE`).
#[must_use]
pub fn open_files() -> Limit {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    Limit { soft: current.unwrap_or(u64::MAX), hard: maximum.unwrap_or(u64::MAX) }
}

/// Raises the soft limit of open files to the hard one and returns the limit that holds afterwards.
///
/// # Errors
/// When the kernel refuses, as it may under a security policy.
pub fn raise_open_files() -> io::Result<Limit> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(open_files())
}

/// First and last port that the kernel gives to outgoing connections, both included.
///
/// # Errors
/// When `/proc/sys/net/ipv4/ip_local_port_range` cannot be read.
pub fn ephemeral_ports() -> io::Result<(u16, u16)> {
    parse_port_range(&read(PORT_RANGE)?).ok_or_else(|| malformed(PORT_RANGE, "pair of ports"))
}

/// The largest backlog that `listen` grants (`net.core.somaxconn`).
///
/// # Errors
/// When `/proc/sys/net/core/somaxconn` cannot be read.
pub fn listen_backlog_max() -> io::Result<u32> {
    read(SOMAXCONN)?.trim().parse().map_err(|_| malformed(SOMAXCONN, "number"))
}

/// Sockets in `TIME_WAIT` that the kernel keeps at most (`net.ipv4.tcp_max_tw_buckets`); one more is closed at once.
///
/// # Errors
/// When `/proc/sys/net/ipv4/tcp_max_tw_buckets` cannot be read.
pub fn time_wait_max() -> io::Result<u64> {
    read(TIME_WAIT_MAX)?.trim().parse().map_err(|_| malformed(TIME_WAIT_MAX, "number"))
}

/// Bytes that TCP's queues may take over all sockets of the host (the last number of `net.ipv4.tcp_mem`); beyond it
/// segments are dropped.
///
/// # Errors
/// When `/proc/sys/net/ipv4/tcp_mem` cannot be read.
pub fn tcp_memory_max_bytes() -> io::Result<u64> {
    let pages = read(TCP_MEMORY)?.split_whitespace().nth(2).and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.ok_or_else(|| malformed(TCP_MEMORY, "third number"))?.saturating_mul(page_size() as u64))
}

/// How many files the epoll sets of one user may watch together, one in two sets counting twice
/// (`fs.epoll.max_user_watches`); root is a user too. How many they watch now the kernel does not tell.
///
/// # Errors
/// When `/proc/sys/fs/epoll/max_user_watches` cannot be read.
pub fn epoll_watches_max() -> io::Result<u64> {
    read(EPOLL_WATCHES)?.trim().parse().map_err(|_| malformed(EPOLL_WATCHES, "number"))
}

/// How many more files all processes of the host together may open (`fs.file-max` less those open now); `u64::MAX` for a
/// process with `CAP_SYS_ADMIN`, which the kernel lets go beyond it.
///
/// # Errors
/// When `/proc/sys/fs/file-nr` cannot be read.
pub fn host_files_left() -> io::Result<u64> {
    let privileged = capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN));
    if privileged {
        return Ok(u64::MAX);
    }
    let HostFiles { open, allowed } = host_files()?;
    Ok(allowed.saturating_sub(open))
}

/// Files of the whole host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostFiles {
    /// Open now, of all processes.
    pub open: u64,
    /// How many may be (`fs.file-max`), but for processes with `CAP_SYS_ADMIN`.
    pub allowed: u64,
}

/// Files that all processes of the host have open, and may have.
///
/// # Errors
/// When `/proc/sys/fs/file-nr` cannot be read.
pub fn host_files() -> io::Result<HostFiles> {
    parse_host_files(&read(HOST_FILES)?).ok_or_else(|| malformed(HOST_FILES, "three numbers"))
}

/// Open, free (always zero), and allowed files, in a line.
fn parse_host_files(text: &str) -> Option<HostFiles> {
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let open = numbers.next()?.ok()?;
    let allowed = numbers.nth(1)?.ok()?;
    Some(HostFiles { open, allowed })
}

/// How many files another process may have open now (its soft `RLIMIT_NOFILE`).
///
/// # Errors
/// [`io::ErrorKind::NotFound`] when there is no such process; otherwise when `/proc/PID/limits` cannot be read.
pub fn open_files_of(pid: u32) -> io::Result<u64> {
    let path = format!("/proc/{pid}/limits");
    parse_open_files(&read(&path)?).ok_or_else(|| malformed(&path, "Max open files"))
}

/// The soft limit in a line such as `Max open files            1024                 20000                files`.
fn parse_open_files(text: &str) -> Option<u64> {
    let soft =
        text.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?;
    if soft == "unlimited" { Some(u64::MAX) } else { soft.parse().ok() }
}

/// Bytes that this process could allocate without swapping: `MemAvailable` of the host, or what its control groups leave
/// where that is less.
///
/// # Errors
/// When `/proc/meminfo` cannot be read.
pub fn memory_available_bytes() -> io::Result<u64> {
    let of_groups = control_group::memory().map_or(u64::MAX, |room| room.left_bytes);
    Ok(meminfo_bytes("MemAvailable")?.min(of_groups))
}

/// Bytes of memory that this process could ever have: those of the host, or what its control groups allow where that is
/// less.
///
/// # Errors
/// When `/proc/meminfo` cannot be read.
pub fn memory_allowed_bytes() -> io::Result<u64> {
    let of_groups = control_group::memory().map_or(u64::MAX, |room| room.allowed_bytes);
    Ok(memory::total_bytes()?.min(of_groups))
}

/// How many files this process has open now, without the one that the counting itself needs.
///
/// # Errors
/// When `/proc/self/fd` cannot be listed.
pub fn open_fds() -> io::Result<usize> {
    let listed = fs::read_dir(OWN_FDS).map_err(|error| unreadable(Path::new(OWN_FDS), error))?.count();
    Ok(listed - 1)
}

fn parse_port_range(text: &str) -> Option<(u16, u16)> {
    let mut ports = text.split_whitespace().map(str::parse);
    let range = (ports.next()?.ok()?, ports.next()?.ok()?);
    (range.0 <= range.1).then_some(range)
}

/// Whether an error of making or connecting a socket says that the machine or the process has no more of something:
/// file descriptors, ports, buffers, memory.
#[must_use]
pub fn is_exhaustion(error: &io::Error) -> bool {
    const EXHAUSTIONS: [Errno; 5] =
        [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| EXHAUSTIONS.contains(&Errno::from_raw_os_error(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raising_reaches_the_hard_limit_and_stays() {
        let before = open_files();
        let raised = raise_open_files().unwrap();
        assert_eq!(raised, Limit { soft: before.hard, hard: before.hard });
        assert_eq!(open_files(), raised);
        assert!(raised.soft > 0);
    }

    #[test]
    fn port_ranges() {
        let table = [
            ("32768\t60999\n", Some((32_768, 60_999))),
            ("1024 65535", Some((1_024, 65_535))),
            ("60999 32768", None),
            ("32768", None),
            ("32768 99999", None),
            ("", None),
        ];
        for (text, range) in table {
            assert_eq!(parse_port_range(text), range, "{text:?}");
        }
    }

    #[test]
    fn this_machine_has_ports_backlog_and_memory() {
        let (first, last) = ephemeral_ports().unwrap();
        assert!(first < last);
        assert!(listen_backlog_max().unwrap() > 0);
        assert!(memory_available_bytes().unwrap() > 1 << 20);
        assert!(memory_allowed_bytes().unwrap() >= memory_available_bytes().unwrap());
    }

    #[test]
    fn watches_are_bounded() {
        assert!(epoll_watches_max().unwrap() > 0);
    }

    #[test]
    fn the_kernels_bounds_of_tcp_are_read() {
        assert!(time_wait_max().unwrap() > 0);
        assert!(tcp_memory_max_bytes().unwrap() >= page_size() as u64);
    }

    #[test]
    fn files_of_the_host_are_those_allowed_less_those_open() {
        let table = [
            ("1984\t0\t2466177\n", Some((1984, 2_466_177))),
            ("9 0 5", Some((9, 5))),
            ("1984\t0\n", None),
            ("1984 0 many", None),
            ("", None),
        ];
        for (text, files) in table {
            let files = files.map(|(open, allowed)| HostFiles { open, allowed });
            assert_eq!(parse_host_files(text), files, "{text:?}");
        }
        assert!(host_files_left().unwrap() > 0);
    }

    #[test]
    fn the_limit_of_a_process_is_found_among_its_others() {
        assert_eq!(open_files_of(std::process::id()).unwrap(), open_files().soft);
        assert_eq!(open_files_of(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
        let table = [
            ("Max cpu time 1\nMax open files            1024      20000      files\n", Some(1024)),
            ("Max open files            unlimited      unlimited      files\n", Some(u64::MAX)),
            ("Max open files\n", None),
            ("", None),
        ];
        for (text, limit) in table {
            assert_eq!(parse_open_files(text), limit, "{text:?}");
        }
    }

    #[test]
    fn open_files_are_counted() {
        const EXTRA: usize = 300;
        // Other tests open and close files of this process meanwhile; the extra files outnumber theirs.
        let files: Vec<_> = (0..EXTRA).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        assert!(open_fds().unwrap() >= files.len() + 3);
    }

    #[test]
    fn running_out_is_told_from_being_refused() {
        for (errno, exhaustion) in
            [(Errno::MFILE, true), (Errno::ADDRNOTAVAIL, true), (Errno::CONNREFUSED, false)]
        {
            assert_eq!(
                is_exhaustion(&io::Error::from_raw_os_error(errno.raw_os_error())),
                exhaustion,
                "{errno}"
            );
        }
        assert!(!is_exhaustion(&io::ErrorKind::TimedOut.into()));
    }
}
