//! The netlink socket behind a dump of the kernel's TCP sockets, and what to do when a dump goes wrong.
//!
//! Every dump is read to its end or the socket is replaced, because a half-read dump would block the next one.

use std::{io, os::fd::OwnedFd, time::Duration};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, sendto, socket_with,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use super::wire::{Body, Family, Socket, StateMask, messages, request};
use crate::network::Namespace;
use crate::process::thread_cpu_ns;

/// The kernel fills datagrams of a dump up to 32 KiB when the reader's buffer is that large; the rest is reserve.
const BUFFER_LEN: usize = 64 << 10;
/// A dump is produced while it is read: a silence of this length means that it will not go on.
const SILENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 3;
/// CPU time that the attempts of a dump may take together: of very many sockets each takes seconds, and is as inexact as the
/// one before.
const PATIENCE_NS: u64 = 200_000_000;

/// A connection to the kernel's socket diagnostics (`NETLINK_SOCK_DIAG`), with its buffer. Needs no privilege.
#[derive(Debug)]
pub struct SocketDiag {
    socket: OwnedFd,
    /// The namespace whose sockets are dumped; none for that of the thread which opened the connection.
    namespace: Option<Namespace>,
    buffer: Vec<u8>,
    sequence: u32,
}

/// How a dump ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dump {
    Complete,
    /// Complete, but the kernel says that the tables changed meanwhile.
    Interrupted,
}

impl SocketDiag {
    /// Opens the connection.
    ///
    /// # Errors
    /// When the process is out of files, or the kernel has no such diagnostics.
    pub fn open() -> io::Result<Self> {
        Self::of(None)
    }

    /// Opens a connection for the sockets of another network namespace.
    ///
    /// # Errors
    /// As [`SocketDiag::open`], and when the namespace cannot be entered.
    pub fn open_in(namespace: &Namespace) -> io::Result<Self> {
        Self::of(Some(namespace.clone()))
    }

    fn of(namespace: Option<Namespace>) -> io::Result<Self> {
        let socket = open_socket(namespace.as_ref())?;
        Ok(Self { socket, namespace, buffer: vec![0; BUFFER_LEN], sequence: 0 })
    }

    /// All sockets of both families in one of `states`, each mapped by `keep` and gathered into a `T`.
    ///
    /// A dump that was interrupted, overrun or cut is tried again from the start. If it is still interrupted at
    /// the last attempt, or takes long, it is taken as it is: with sockets opening and closing all the time no dump is exact.
    pub(super) fn gather<T: Default>(
        &mut self,
        states: StateMask,
        mut keep: impl FnMut(&mut T, Socket),
    ) -> io::Result<T> {
        let mut attempt = 1;
        let begin_ns = thread_cpu_ns();
        loop {
            let mut gathered = T::default();
            let outcome = self.dump_both(states, |socket| keep(&mut gathered, socket));
            match outcome {
                Ok(Dump::Complete) => return Ok(gathered),
                Ok(Dump::Interrupted) if attempt == ATTEMPTS || thread_cpu_ns() - begin_ns > PATIENCE_NS => {
                    return Ok(gathered);
                }
                Ok(Dump::Interrupted) => {}
                Err(error) => {
                    // What is left of the broken dump must not be taken for the next one.
                    self.socket = open_socket(self.namespace.as_ref())?;
                    if attempt == ATTEMPTS || !is_passing(&error) {
                        return Err(named(&error));
                    }
                }
            }
            attempt += 1;
        }
    }

    fn dump_both(&mut self, states: StateMask, mut visit: impl FnMut(Socket)) -> io::Result<Dump> {
        let ipv4 = self.dump(Family::Ipv4, states, &mut visit)?;
        let ipv6 = self.dump(Family::Ipv6, states, &mut visit)?;
        Ok(if ipv4 == Dump::Complete { ipv6 } else { ipv4 })
    }

    fn dump(
        &mut self,
        family: Family,
        states: StateMask,
        visit: &mut impl FnMut(Socket),
    ) -> io::Result<Dump> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = request(family, states, self.sequence);
        sendto(&self.socket, &request, SendFlags::empty(), &netlink::SocketAddrNetlink::new(0, 0))?;
        let mut outcome = Dump::Complete;
        loop {
            let datagram = receive(&self.socket, &mut self.buffer)?;
            for message in messages(datagram) {
                let message = message.map_err(|cut| io::Error::new(io::ErrorKind::InvalidData, cut))?;
                if message.sequence != self.sequence {
                    continue;
                }
                if message.interrupted {
                    outcome = Dump::Interrupted;
                }
                match message.body {
                    Body::Socket(socket) => visit(socket),
                    Body::Done => return Ok(outcome),
                    Body::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
                    Body::Other => {}
                }
            }
        }
    }
}

/// A socket belongs to the namespace of the thread that makes it, whoever uses it later.
fn open_socket(namespace: Option<&Namespace>) -> io::Result<OwnedFd> {
    let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
    let open = || Ok(socket_with(AddressFamily::NETLINK, kind, flags, Some(netlink::SOCK_DIAG))?);
    let socket = namespace.map_or_else(open, |namespace| namespace.inside(open))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(SILENCE))?;
    Ok(socket)
}

/// The next datagram of the answer.
fn receive<'buffer>(socket: &OwnedFd, buffer: &'buffer mut [u8]) -> io::Result<&'buffer [u8]> {
    let length = rustix::io::retry_on_intr(|| recv(socket, &mut *buffer, RecvFlags::TRUNC))?.1;
    // With TRUNC the length is the datagram's own, even where the buffer was too short for it.
    buffer.get(..length).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "netlink datagram is cut"))
}

/// Whether another attempt may succeed: the answer was overrun or cut, or a dump was still under way.
fn is_passing(error: &io::Error) -> bool {
    let passing = [Errno::NOBUFS, Errno::BUSY, Errno::AGAIN].map(Errno::raw_os_error);
    error.kind() == io::ErrorKind::InvalidData
        || error.raw_os_error().is_some_and(|errno| passing.contains(&errno))
}

fn named(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot list the host's TCP sockets (sock_diag): {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_errors_are_tried_again() {
        for errno in [Errno::NOBUFS, Errno::BUSY, Errno::AGAIN] {
            assert!(is_passing(&errno.into()));
        }
        for errno in [Errno::NOENT, Errno::PERM] {
            assert!(!is_passing(&errno.into()));
        }
    }

    #[test]
    fn a_buffer_too_small_is_an_error_and_leaves_the_connection_usable() {
        // Enough of them for a dump of several datagrams, of which the small buffer reads only the first.
        let listeners = [(); 200].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let mut diag = SocketDiag::open().unwrap();
        diag.buffer.truncate(32);
        let error = diag.gather(StateMask::listeners(), |(), _| {}).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().starts_with("cannot list the host's TCP sockets"), "{error}");

        diag.buffer.resize(BUFFER_LEN, 0);
        let counted = diag.gather(StateMask::listeners(), |count: &mut usize, _| *count += 1).unwrap();
        assert!(counted >= listeners.len());
    }
}
