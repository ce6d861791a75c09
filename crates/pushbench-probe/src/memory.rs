//! Memory of the whole host: how much there is, and what the kernel holds for sockets.
//!
//! The kernel does not charge a socket's memory to a process, so it is read for the host; only differences
//! between two readings of a quiet host say something about a run.

use std::io;

use crate::{
    proc_file::{malformed, read, value_of_key},
    sockstat,
};

const MEMINFO: &str = "/proc/meminfo";
const VMSTAT: &str = "/proc/vmstat";
const SLABINFO: &str = "/proc/slabinfo";

/// Slabs that grow with TCP sockets and with watching them. Measured on Linux 6.18, these are 7.7 of the 7.9 KiB by which
/// all slabs grow for a loopback connection with both ends in an epoll set.
const SOCKET_SLABS: [&str; 14] = [
    "TCP",
    "TCPv6",
    "request_sock_TCP",
    "request_sock_TCPv6",
    "tw_sock_TCP",
    "tw_sock_TCPv6",
    "sock_inode_cache",
    "dentry",
    "filp",
    "lsm_inode_cache",
    "lsm_file_cache",
    "eventpoll_epi",
    "eventpoll_pwq",
    "ep_head",
];

/// Bytes of physical memory that the kernel manages (`MemTotal`).
///
/// # Errors
/// When `/proc/meminfo` cannot be read.
pub fn total_bytes() -> io::Result<u64> {
    meminfo_bytes("MemTotal")
}

/// How many processes the kernel has ended for lack of memory since boot, on the whole host.
///
/// # Errors
/// When `/proc/vmstat` cannot be read.
pub fn killed_for_memory() -> io::Result<u64> {
    let text = read(VMSTAT)?;
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok());
    count.ok_or_else(|| malformed(VMSTAT, "oom_kill"))
}

/// Bytes of the kernel's objects that come with sockets, in use, plus the pages in TCP's buffers; host wide.
///
/// Objects in use are counted, not pages: pages stay with the slabs when sockets are closed and are filled again by the
/// next ones, so that their number would say nothing was needed. Use differences.
///
/// # Errors
/// When `/proc/slabinfo` cannot be read, which only root may, or `/proc/net/sockstat` cannot.
pub fn socket_bytes() -> io::Result<u64> {
    let objects = object_bytes(&read(SLABINFO)?).ok_or_else(|| malformed(SLABINFO, "table of slabs"))?;
    Ok(objects + sockstat::read()?.tcp_memory_bytes)
}

/// Sums `active objects × object size` over [`SOCKET_SLABS`]. Lines are `name active all size …`, after two of heading.
fn object_bytes(slabinfo: &str) -> Option<u64> {
    let mut total = 0;
    for line in slabinfo.lines().skip(2) {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let active: u64 = words.next()?.parse().ok()?;
        let size: u64 = words.nth(1)?.parse().ok()?;
        if SOCKET_SLABS.contains(&name) {
            total += active * size;
        }
    }
    Some(total)
}

/// A line of `/proc/meminfo` in bytes; the file says "kB" and means KiB.
pub(crate) fn meminfo_bytes(key: &str) -> io::Result<u64> {
    let kib = value_of_key(&read(MEMINFO)?, key).ok_or_else(|| malformed(MEMINFO, key))?;
    Ok(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_in_use_of_socket_slabs_are_added_up() {
        let text = "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> <objperslab>\n\
                    TCP 10 13 2432 13 8 : tunables 0 0 0\nbuffer_head 9 9 9 9 9 :\nfilp 3 4 100 4 4 :\n";
        assert_eq!(object_bytes(text), Some(10 * 2432 + 300));
        assert_eq!(object_bytes("a\nb\nTCP ten 13 2432\n"), None);
        assert_eq!(object_bytes("a\nb\nTCP 10\n"), None);
    }

    #[test]
    fn only_root_may_look_and_others_are_told_which_file() {
        match socket_bytes() {
            Ok(bytes) => assert!(0 < bytes && bytes < total_bytes().unwrap()),
            Err(error) => assert!(error.to_string().contains(SLABINFO), "{error}"),
        }
    }

    #[test]
    fn the_kernel_counts_whom_it_ended_for_memory() {
        let before = killed_for_memory().unwrap();
        assert!(killed_for_memory().unwrap() >= before);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = meminfo_bytes("NoSuchKey").unwrap_err();
        assert_eq!(error.to_string(), "/proc/meminfo has no readable NoSuchKey");
    }
}
