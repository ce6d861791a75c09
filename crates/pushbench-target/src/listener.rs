//! The listening socket, and what the kernel says when it is asked for the next connection.
//!
//! When the process is out of files, a descriptor kept in reserve serves to accept one connection, so that it can be told;
//! then accepting rests for a moment, as after any error. What is done with connections is not known here.

use pushbench_probe::{limits, sockets};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, accept_with, bind, ipproto, listen, socket_with, sockopt,
};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::errors::{ListenerOwner, TargetError};

/// How long accepting rests after an error.
const REST_NS: u64 = 100_000_000;
/// The file kept open in reserve.
const RESERVE: &str = "/dev/null";
/// Of accepted sockets.
const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// A listening socket.
pub(crate) struct Listener {
    socket: TcpListener,
    /// Keeps the port while there is no listening socket; see [`Listener::hold_port`].
    guard: Option<OwnedFd>,
    reserve: Option<File>,
    /// Whether there may be connections to accept.
    ready: bool,
    rests_until_ns: Option<u64>,
}

/// What came of accepting.
pub(crate) enum Accepted {
    /// A connection, which sends what it has without waiting for more (`TCP_NODELAY`).
    Connection(OwnedFd),
    /// Nothing now.
    None,
    /// A client that was gone before it was accepted.
    GaveUp,
    /// The process is out of files; the connection takes the place of the reserve, and is to be closed at once.
    OutOfFiles(Option<OwnedFd>),
    /// The kernel is out of memory.
    OutOfMemory,
}

impl Listener {
    /// Accepted sockets ask for so many bytes of send buffer, where there is a number.
    pub(crate) fn bind(address: SocketAddr, send_buffer: Option<u32>) -> Result<Self, TargetError> {
        Self::open(address, Port::Own, send_buffer)
    }

    /// The same on a port that can be kept over the end of the listener: see [`Self::hold_port`].
    pub(crate) fn bind_to_keep(address: SocketAddr, send_buffer: Option<u32>) -> Result<Self, TargetError> {
        let mut listener = Self::open(address, Port::Kept, send_buffer)?;
        let listen = |source| TargetError::Listen { address, source };
        let bound = listener.local_addr().map_err(listen)?;
        listener.guard = Some(guard(bound).map_err(listen)?);
        Ok(listener)
    }

    /// Listens no longer, so that connects are refused, and keeps the port meanwhile: what is returned has to be kept until
    /// [`Self::bind_to_keep`] is called for the same address.
    pub(crate) fn hold_port(self) -> Option<OwnedFd> {
        self.guard
    }

    fn open(address: SocketAddr, port: Port, send_buffer: Option<u32>) -> Result<Self, TargetError> {
        let socket = open(address, port, send_buffer).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => TargetError::AddressInUse {
                address,
                owner: ListenerOwner(sockets::listener_owner(address.port())),
            },
            _ => TargetError::Listen { address, source },
        })?;
        let reserve = File::open(RESERVE).map_err(TargetError::EventLoop)?;
        Ok(Self { socket, guard: None, reserve: Some(reserve), ready: true, rests_until_ns: None })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// There is something to accept.
    pub(crate) fn became_ready(&mut self) {
        self.ready = true;
    }

    /// When accepting goes on after an error.
    pub(crate) fn rests_until_ns(&self) -> Option<u64> {
        self.rests_until_ns
    }

    /// The next connection, if accepting does not rest.
    pub(crate) fn next(&mut self, now_ns: u64) -> Accepted {
        if !self.ready || self.rests_until_ns.is_some_and(|until_ns| now_ns < until_ns) {
            return Accepted::None;
        }
        self.rests_until_ns = None;
        match accept_with(&self.socket, FLAGS) {
            Ok(socket) => Accepted::Connection(socket),
            Err(Errno::AGAIN) => {
                self.ready = false;
                Accepted::None
            }
            Err(Errno::CONNABORTED | Errno::INTR) => Accepted::GaveUp,
            Err(error) => {
                self.rests_until_ns = Some(now_ns + REST_NS);
                match error {
                    Errno::MFILE | Errno::NFILE => Accepted::OutOfFiles(self.accept_with_reserve()),
                    Errno::NOBUFS | Errno::NOMEM => Accepted::OutOfMemory,
                    _ => Accepted::None,
                }
            }
        }
    }

    /// Gives the reserved descriptor up for one accept, so that the client hears why instead of waiting.
    fn accept_with_reserve(&mut self) -> Option<OwnedFd> {
        drop(self.reserve.take());
        accept_with(&self.socket, FLAGS).ok()
    }

    /// Takes a descriptor in reserve again, once the connection that took its place is closed.
    pub(crate) fn restore_reserve(&mut self) {
        if self.reserve.is_none() {
            self.reserve = File::open(RESERVE).ok();
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whose a listener's port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    /// The listener's.
    Own,
    /// Also that of a guard, which keeps it.
    Kept,
}

fn socket(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    Ok(socket_with(family, SocketType::STREAM, FLAGS, Some(ipproto::TCP))?)
}

/// A socket that has the port beside the listener (`SO_REUSEPORT`, for which both must be of one user) and does not listen:
/// without the listener connects are refused. It does not share addresses (`SO_REUSEADDR`), so nobody else gets the port.
fn guard(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = socket(address)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(&socket, &address)?;
    Ok(socket)
}

fn open(address: SocketAddr, port: Port, send_buffer: Option<u32>) -> io::Result<TcpListener> {
    let socket = socket(address)?;
    if port == Port::Kept {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    // A target that is started again must not wait for the sockets of the last one.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    // Accepted sockets inherit it: a system call less for each.
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some(bytes) = send_buffer {
        sockopt::set_socket_send_buffer_size(&socket, bytes as usize)?;
    }
    bind(&socket, &address)?;
    // Clients arrive in bursts; the kernel grants no more than this anyway.
    let backlog = limits::listen_backlog_max().unwrap_or(1024);
    listen(&socket, i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// A whole response, for connections that are not served.
pub(crate) fn refusal(why: &str) -> String {
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
         content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n{why}",
        why.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn accepted_sockets_do_not_wait_for_more_to_send() {
        let mut listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Some(50_000)).unwrap();
        assert!(matches!(listener.next(0), Accepted::None));
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!pushbench_probe::socket::no_delay(&client).unwrap(), "the system's default is off");
        assert!(matches!(listener.next(0), Accepted::None), "nobody said that it is ready");
        listener.became_ready();
        let Accepted::Connection(accepted) = listener.next(0) else { panic!("nothing to accept") };
        assert!(pushbench_probe::socket::no_delay(&accepted).unwrap());
        // Linux grants twice what is asked for (socket(7)).
        assert_eq!(sockopt::socket_send_buffer_size(&accepted).unwrap(), 100_000);
    }

    #[test]
    fn a_port_is_kept_while_nobody_listens_and_connects_are_refused_meanwhile() {
        let mut listener = Listener::bind_to_keep("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..2 {
            let client = TcpStream::connect(address).unwrap();
            listener.became_ready();
            let Accepted::Connection(accepted) = listener.next(0) else { panic!("nothing to accept") };
            // The side that closes first is left with TIME_WAIT on the port.
            drop(accepted);
            drop(client);
            let kept = listener.hold_port();
            let refused = TcpStream::connect(address).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            assert!(Listener::bind(address, None).is_err(), "nobody else gets the port");
            assert!(TcpListener::bind(address).is_err());
            listener = Listener::bind_to_keep(address, None).unwrap();
            drop(kept);
        }
    }

    #[test]
    fn an_address_in_use_is_named_with_its_owner() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let address = listener.local_addr().unwrap();
        let error = Listener::bind(address, None).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{address} is already in use by ")), "{error}");
        assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
        assert!(error.contains("\nhint: "), "{error}");
    }
}
