//! Connections over loopback with both ends in this process, and what opening them costs.

use pushbench_probe::{clock, limits, process, socket};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with, connect, listen, sockopt};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::readiness::{Readiness, Ready};
use crate::sides::{Halt, Patience, run_both};
use crate::{FloorError, Sides};

/// Room for connections that are not accepted yet; the kernel grants less where `somaxconn` is less. Where there is none
/// left, a connection comes about only after a second.
const BACKLOG: u32 = 1024;

/// What opening connections took, one after the other and as fast as both sides can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Connections opened.
    pub connections: u32,
    /// From the first `connect` to the last `accept`, in nanoseconds.
    pub elapsed_ns: u64,
    /// CPU time of the connecting thread, in nanoseconds.
    pub connecting_cpu_ns: u64,
    /// CPU time of the accepting thread, in nanoseconds.
    pub accepting_cpu_ns: u64,
}

/// Open connections. The connecting ends are closed first, as clients do.
#[derive(Debug)]
pub(crate) struct Connections {
    connected: Vec<OwnedFd>,
    accepted: Vec<OwnedFd>,
}

impl Connections {
    /// Opens that many connections from `source`.
    pub(crate) fn open(
        count: u32,
        source: IpAddr,
        sides: &Sides,
        stop: &AtomicBool,
    ) -> Result<(Self, Opening), FloorError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(FloorError::refused("listen"))?;
        listener.set_nonblocking(true).map_err(FloorError::refused("listen"))?;
        let target = listener.local_addr().map_err(FloorError::refused("listen"))?;
        // std asks for 128.
        listen(&listener, BACKLOG as i32).map_err(FloorError::refused("listen"))?;
        let so_far = AtomicU32::new(0);
        let (accepting, connecting) = run_both(
            sides,
            stop,
            |halt| accept_all(&listener, count, &so_far, halt),
            |halt| connect_all(target, source, count, &so_far, halt),
        )?;
        let opening = Opening {
            connections: count,
            elapsed_ns: accepting.at_ns.saturating_sub(connecting.at_ns),
            connecting_cpu_ns: connecting.cpu_ns,
            accepting_cpu_ns: accepting.cpu_ns,
        };
        Ok((Self { connected: connecting.sockets, accepted: accepting.sockets }, opening))
    }

    /// Both ends, each in an epoll set.
    pub(crate) fn watch(self) -> Result<Watched, FloorError> {
        Ok(Watched {
            at_receiver: Readiness::of(&self.connected)?,
            at_sender: Readiness::of(&self.accepted)?,
            connections: self,
        })
    }
}

/// Connections with both ends in an epoll set.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) at_receiver: Readiness,
    pub(crate) at_sender: Readiness,
    connections: Connections,
}

impl Watched {
    /// The sockets of the side that sends.
    pub(crate) fn sending(&self) -> &[OwnedFd] {
        &self.connections.accepted
    }

    /// The sockets of the side that receives.
    pub(crate) fn receiving(&self) -> &[OwnedFd] {
        &self.connections.connected
    }
}

/// What one side of an opening leaves.
struct Half {
    sockets: Vec<OwnedFd>,
    /// The first `connect`, or the last `accept`.
    at_ns: u64,
    cpu_ns: u64,
}

fn connect_all(
    target: SocketAddr,
    source: IpAddr,
    count: u32,
    accepted: &AtomicU32,
    halt: &Halt<'_>,
) -> Result<Half, FloorError> {
    let unaccepted = limits::listen_backlog_max().map_or(1, |most| (most.min(BACKLOG) / 2).max(1));
    let mut sockets = Vec::with_capacity(count as usize);
    let mut patience = Patience::new("accepting");
    let (at_ns, cpu_before_ns) = (clock::now_ns(), process::thread_cpu_ns());
    while (sockets.len() as u32) < count {
        if sockets.len() as u32 - accepted.load(Ordering::Acquire) >= unaccepted {
            halt.check()?;
            patience.check(sockets.len() as u64)?;
            thread::yield_now();
            continue;
        }
        let socket = socket::outgoing(target, Some(source)).map_err(FloorError::refused("make a socket"))?;
        match connect(&socket, &target) {
            // Over loopback it is under way and, with the end of this call, done.
            Ok(()) | Err(Errno::INPROGRESS) => sockets.push(socket),
            Err(error) => return Err(FloorError::refused("connect")(error)),
        }
        patience.renew();
    }
    Ok(Half { sockets, at_ns, cpu_ns: process::thread_cpu_ns() - cpu_before_ns })
}

fn accept_all(
    listener: &TcpListener,
    count: u32,
    so_far: &AtomicU32,
    halt: &Halt<'_>,
) -> Result<Half, FloorError> {
    let cpu_before_ns = process::thread_cpu_ns();
    let readiness = Readiness::of(&[listener])?;
    let mut ready = Ready::new();
    let mut sockets = Vec::with_capacity(count as usize);
    let mut patience = Patience::new("connecting");
    while (sockets.len() as u32) < count {
        match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
            Ok(socket) => {
                sockopt::set_tcp_nodelay(&socket, true).map_err(FloorError::refused("set TCP_NODELAY"))?;
                sockets.push(socket);
                so_far.store(sockets.len() as u32, Ordering::Release);
                patience.renew();
            }
            Err(Errno::WOULDBLOCK) => {
                halt.check()?;
                patience.check(sockets.len() as u64)?;
                readiness.wait(&mut ready)?;
            }
            Err(Errno::INTR | Errno::CONNABORTED) => halt.check()?,
            Err(error) => return Err(FloorError::refused("accept")(error)),
        }
    }
    Ok(Half { sockets, at_ns: clock::now_ns(), cpu_ns: process::thread_cpu_ns() - cpu_before_ns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_probe::socket::no_delay;
    use rustix::net::{getpeername, getsockname};

    #[test]
    fn every_connection_has_two_ends_without_delay() {
        let source = IpAddr::from([127, 77, 9, 1]);
        let (connections, opening) =
            Connections::open(20, source, &Sides::default(), &AtomicBool::new(false)).unwrap();
        assert_eq!((connections.connected.len(), connections.accepted.len()), (20, 20));
        assert!(opening.elapsed_ns > 0 && opening.connecting_cpu_ns > 0 && opening.accepting_cpu_ns > 0);
        let peers: Vec<_> = connections.accepted.iter().map(|end| getpeername(end).unwrap()).collect();
        for end in &connections.connected {
            let name = getsockname(end).unwrap();
            let address = SocketAddr::try_from(name.clone()).unwrap();
            assert_eq!(address.ip(), source);
            assert!(peers.contains(&Some(name)), "{address} has no other end");
        }
        for end in connections.connected.iter().chain(&connections.accepted) {
            assert!(no_delay(end).unwrap());
        }
    }

    #[test]
    fn an_address_of_another_host_is_refused_at_once() {
        let source = IpAddr::from([192, 0, 2, 1]);
        let error = Connections::open(2, source, &Sides::default(), &AtomicBool::new(false)).unwrap_err();
        assert!(error.to_string().starts_with("bare sockets: cannot make a socket: "), "{error}");
    }
}
