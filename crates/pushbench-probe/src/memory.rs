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

/// Bytes of physical memory that the kernel manages (`MemTotal`).
///
/// # Errors
/// When `/proc/meminfo` cannot be read.
pub fn total_bytes() -> io::Result<u64> {
    meminfo_bytes("MemTotal")
}

/// Bytes in the kernel's slabs plus the pages in TCP's buffers, host wide.
///
/// Slabs hold the sockets, files and inodes themselves together with every other object of the kernel; TCP's
/// pages hold what is queued. Use differences.
///
/// # Errors
/// When `/proc/meminfo` or `/proc/net/sockstat` cannot be read.
pub fn kernel_bytes() -> io::Result<u64> {
    Ok(meminfo_bytes("Slab")? + sockstat::read()?.tcp_memory_bytes)
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
    fn the_kernel_holds_some_of_the_memory() {
        let (kernel, total) = (kernel_bytes().unwrap(), total_bytes().unwrap());
        assert!(0 < kernel && kernel < total, "{kernel} of {total}");
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = meminfo_bytes("NoSuchKey").unwrap_err();
        assert_eq!(error.to_string(), "/proc/meminfo has no readable NoSuchKey");
    }
}
