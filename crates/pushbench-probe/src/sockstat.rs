//! `/proc/net/sockstat`: TCP's totals for the price of reading two short files.
//!
//! The totals know neither ports nor states; for those see [`crate::sockets`].

use std::io;

use rustix::param::page_size;

use crate::proc_file::{self, malformed};

const IPV4: &str = "/proc/thread-self/net/sockstat";
const IPV6: &str = "/proc/thread-self/net/sockstat6";

/// TCP's totals. Counts are those of the calling thread's network namespace; memory is the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sockstat {
    /// Sockets in use over IPv4 and IPv6: listening, opening, open and closing, without `TIME_WAIT`.
    pub tcp_inuse: u64,
    /// Sockets in `TIME_WAIT`, of both families.
    pub tcp_time_wait: u64,
    /// Bytes of the pages charged to TCP's send and receive queues.
    pub tcp_memory_bytes: u64,
}

/// Reads the totals of now.
///
/// # Errors
/// When `/proc/net/sockstat` cannot be read. A host without IPv6 has no `/proc/net/sockstat6`: that counts as none
/// in use.
pub fn read() -> io::Result<Sockstat> {
    let ipv4 = Ipv4::parse(&proc_file::read(IPV4)?).map_err(|field| malformed(IPV4, field))?;
    let ipv6_inuse = match proc_file::read(IPV6) {
        Ok(text) => field(&text, "TCP6:", "inuse").map_err(|field| malformed(IPV6, field))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(Sockstat {
        tcp_inuse: ipv4.inuse + ipv6_inuse,
        tcp_time_wait: ipv4.time_wait,
        tcp_memory_bytes: ipv4.memory_pages * page_size() as u64,
    })
}

/// The `TCP:` line of `/proc/net/sockstat`.
#[derive(Debug, PartialEq, Eq)]
struct Ipv4 {
    inuse: u64,
    time_wait: u64,
    memory_pages: u64,
}

impl Ipv4 {
    /// The error is the name of the first field that is missing.
    fn parse(text: &str) -> Result<Self, &'static str> {
        Ok(Self {
            inuse: field(text, "TCP:", "inuse")?,
            time_wait: field(text, "TCP:", "tw")?,
            memory_pages: field(text, "TCP:", "mem")?,
        })
    }
}

/// The number behind `name` in the line that begins with `protocol`.
fn field(text: &str, protocol: &str, name: &'static str) -> Result<u64, &'static str> {
    let line = text.lines().find_map(|line| line.strip_prefix(protocol)).ok_or(name)?;
    let mut words = line.split_whitespace().skip_while(|&word| word != name);
    words.nth(1).and_then(|value| value.parse().ok()).ok_or(name)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_tcp_line_is_found_among_the_others() {
        let text = "sockets: used 11\nTCP: inuse 5 orphan 1 tw 8007 alloc 9 mem 221\nUDP: inuse 3 mem 2\n";
        let expected = Ipv4 { inuse: 5, time_wait: 8_007, memory_pages: 221 };
        assert_eq!(Ipv4::parse(text), Ok(expected));
        assert_eq!(field("TCP6: inuse 4\nUDP6: inuse 1\n", "TCP6:", "inuse"), Ok(4));
    }

    #[test]
    fn the_missing_field_is_named() {
        let table = [
            ("", "inuse"),
            ("UDP: inuse 3 mem 2\n", "inuse"),
            ("TCP: inuse\n", "inuse"),
            ("TCP: inuse many orphan 0 tw 0 mem 0\n", "inuse"),
            ("TCP: inuse 1 orphan 0 mem 0\n", "tw"),
            ("TCP: inuse 1 orphan 0 tw 0\n", "mem"),
        ];
        for (text, missing) in table {
            assert_eq!(Ipv4::parse(text), Err(missing), "{text:?}");
        }
    }

    #[test]
    fn open_sockets_are_in_use() {
        let _listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        assert!(read().unwrap().tcp_inuse >= 2);
    }
}
