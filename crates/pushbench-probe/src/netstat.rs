//! `/proc/net/netstat`: connection attempts that a listener of the calling thread's network namespace lost.
//!
//! Of the hundreds of counters of that file only this one is read.

use std::io;

use crate::proc_file::{malformed, read};

const NETSTAT: &str = "/proc/thread-self/net/netstat";

/// Connection attempts lost at any listener since boot: its queue of accepted connections was full, or there
/// was no memory.
///
/// This is the counter `ListenDrops`. The kernel counts a full queue both there and in `ListenOverflows`, so that
/// adding the two would count it twice.
///
/// # Errors
/// When `/proc/net/netstat` cannot be read.
pub fn listen_overflows() -> io::Result<u64> {
    counter(&read(NETSTAT)?, "TcpExt:", "ListenDrops").ok_or_else(|| malformed(NETSTAT, "ListenDrops"))
}

/// The counter `name` of `group`, which has two lines: the names, then the values in the same order.
fn counter(text: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(group));
    let (names, values) = (lines.next()?, lines.next()?);
    let column = names.split_whitespace().position(|column| column == name)?;
    values.split_whitespace().nth(column)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts
TcpExt: 0 17 19 4
IpExt: InNoRoutes ListenDrops
IpExt: 1 2
";

    #[test]
    fn a_counter_is_found_by_its_column() {
        let table = [
            (TEXT, "TcpExt:", "ListenDrops", Some(19)),
            (TEXT, "TcpExt:", "ListenOverflows", Some(17)),
            (TEXT, "IpExt:", "ListenDrops", Some(2)),
            (TEXT, "TcpExt:", "NoSuch", None),
            (TEXT, "MPTcpExt:", "ListenDrops", None),
            ("TcpExt: ListenDrops\n", "TcpExt:", "ListenDrops", None),
            ("TcpExt: A ListenDrops\nTcpExt: 1\n", "TcpExt:", "ListenDrops", None),
            ("TcpExt: ListenDrops\nTcpExt: x\n", "TcpExt:", "ListenDrops", None),
            ("", "TcpExt:", "ListenDrops", None),
        ];
        for (text, group, name, value) in table {
            assert_eq!(counter(text, group, name), value, "{group} {name} in {text:?}");
        }
    }

    #[test]
    fn this_kernel_counts() {
        let before = listen_overflows().unwrap();
        assert!(listen_overflows().unwrap() >= before);
    }
}
