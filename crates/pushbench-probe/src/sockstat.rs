//! `/proc/net/sockstat`: TCP's totals for the price of reading two short files.
//!
//! The totals know neither ports nor states; for those see [`crate::sockets`].

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rustix::param::page_size;

use crate::proc_file::{self, malformed};

const IPV4: &str = "/proc/thread-self/net/sockstat";
const IPV6: &str = "/proc/thread-self/net/sockstat6";

/// TCP's totals. Counts are those of one network namespace; memory is the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sockstat {
    /// Sockets in use over IPv4 and IPv6: listening, opening, open and closing, without `TIME_WAIT`.
    pub tcp_inuse: u64,
    /// Sockets in `TIME_WAIT`, of both families.
    pub tcp_time_wait: u64,
    /// Bytes of the pages charged to TCP's send and receive queues.
    pub tcp_memory_bytes: u64,
}

/// Reads the totals of now, once.
///
/// # Errors
/// Those of a [`Reader`].
pub fn read() -> io::Result<Sockstat> {
    Reader::open()?.read()
}

/// Reads the totals again and again, always of the network namespace that it was opened in: the kernel binds an open file
/// of `/proc/net` to the namespace of the thread that opened it.
#[derive(Debug)]
pub struct Reader {
    ipv4: File,
    /// `None` on a host without IPv6: none in use.
    ipv6: Option<File>,
}

impl Reader {
    /// Opens the files of the calling thread's network namespace.
    ///
    /// # Errors
    /// When `/proc/net/sockstat` cannot be opened. A host without IPv6 has no `/proc/net/sockstat6`, which is none.
    pub fn open() -> io::Result<Self> {
        let open = |path: &'static str| {
            File::open(path).map_err(|source| proc_file::unreadable(Path::new(path), source))
        };
        let ipv4 = open(IPV4)?;
        let ipv6 = match open(IPV6) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { ipv4, ipv6 })
    }

    /// Reads the totals of now, on any thread.
    ///
    /// # Errors
    /// When a file cannot be read, or lacks a field.
    pub fn read(&self) -> io::Result<Sockstat> {
        let ipv4 = Ipv4::parse(&text(&self.ipv4, IPV4)?).map_err(|field| malformed(IPV4, field))?;
        let ipv6_inuse = match &self.ipv6 {
            Some(file) => {
                let text = text(file, IPV6)?;
                field(&text, "TCP6:", "inuse").map_err(|field| malformed(IPV6, field))?
            }
            None => 0,
        };
        Ok(Sockstat {
            tcp_inuse: ipv4.inuse + ipv6_inuse,
            tcp_time_wait: ipv4.time_wait,
            tcp_memory_bytes: ipv4.memory_pages * page_size() as u64,
        })
    }
}

/// The text of an open file as it is now: the kernel makes it anew for whoever reads from its begin.
fn text(mut file: &File, path: &'static str) -> io::Result<String> {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text));
    read.map_err(|source| proc_file::unreadable(Path::new(path), source))?;
    Ok(text)
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
        let reader = Reader::open().unwrap();
        let _listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        assert!(read().unwrap().tcp_inuse >= 2);
        assert!(reader.read().unwrap().tcp_inuse >= 2);
    }
}
