//! The TCP sockets of a network namespace by state, told apart into the two sides of a target's ports; and
//! the owner of a listening port.
//!
//! The source is the kernel's socket diagnostics (`NETLINK_SOCK_DIAG`), which costs a third of reading
//! `/proc/net/tcp`, but still a walk over all sockets of the host: for a number every 100 ms see
//! [`crate::sockstat`]. Sockets are counted, not identified.

mod diag;
mod owner;
mod wire;

use std::collections::BTreeSet;
use std::io;
use std::ops::RangeInclusive;

use self::wire::{Socket, State, StateMask};
pub use self::{
    diag::SocketDiag,
    owner::{Owner, listener_owner},
};

/// Sockets by groups of TCP states (RFC 9293, section 3.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct States {
    /// `ESTABLISHED`.
    pub established: u32,
    /// `SYN_SENT` and `SYN_RECV`.
    pub opening: u32,
    /// `FIN_WAIT1`, `FIN_WAIT2`, `CLOSING` and `LAST_ACK`: closed by this side's program, not yet by TCP.
    pub closing: u32,
    /// `CLOSE_WAIT`: closed by the other side, not yet by this side's program.
    pub close_wait: u32,
    /// `TIME_WAIT`.
    pub time_wait: u32,
}

impl States {
    /// Sockets in any of the states.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.established + self.opening + self.closing + self.close_wait + self.time_wait
    }

    fn add(&mut self, state: State) {
        let count = match state {
            State::Established => &mut self.established,
            State::SynSent | State::SynRecv => &mut self.opening,
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => &mut self.closing,
            State::CloseWait => &mut self.close_wait,
            State::TimeWait => &mut self.time_wait,
            State::Listen | State::Close => return,
        };
        *count += 1;
    }
}

/// Sockets by state on both sides of the connections to some ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Sockets whose remote port is one of the ports.
    pub client: States,
    /// Sockets whose local port is one of the ports.
    pub target: States,
}

impl Census {
    /// Counts a socket, given the sorted listening ports of the target.
    fn add(&mut self, socket: Socket, ports: &[u16]) {
        let listed = |port| ports.binary_search(&port).is_ok();
        if listed(socket.local_port) {
            self.target.add(socket.state);
        } else if listed(socket.remote_port) {
            self.client.add(socket.state);
        }
    }
}

impl SocketDiag {
    /// Counts the connections to the target's listening `ports`, IPv4 and IPv6 together.
    ///
    /// With both ends on this host a connection counts once on each side. The sides cannot be confused: the kernel
    /// gives no outgoing connection a port that a listener has bound, from whatever address it comes. But what
    /// an earlier user of such a port left in `TIME_WAIT` counts, at the target when it was the local port; a census
    /// before the first connection shows it.
    ///
    /// # Errors
    /// When the kernel does not answer, refuses, or its answer is overrun three times.
    pub fn census(&mut self, ports: &[u16]) -> io::Result<Census> {
        let mut ports = ports.to_vec();
        ports.sort_unstable();
        self.gather(StateMask::connections(), |census: &mut Census, socket| census.add(socket, &ports))
    }

    /// Counts the client's side alone: sockets of this namespace whose remote port is one of `ports`.
    ///
    /// For a namespace apart from the target's, where the kernel may well give an outgoing connection the very port on
    /// which the target listens in its own.
    ///
    /// # Errors
    /// As [`SocketDiag::census`].
    pub fn client_side(&mut self, ports: &[u16]) -> io::Result<States> {
        self.count(|socket| ports.contains(&socket.remote_port))
    }

    /// Counts the target's side alone: sockets of this namespace whose local port is one of `ports`.
    ///
    /// # Errors
    /// As [`SocketDiag::census`].
    pub fn target_side(&mut self, ports: &[u16]) -> io::Result<States> {
        self.count(|socket| ports.contains(&socket.local_port))
    }

    /// How many of the local ports `range` are those of sockets that listen or are connected, but not to one of the remote
    /// ports `but`: at any address, of both families. Not seen are sockets that are bound and nothing else.
    ///
    /// The kernel gives an outgoing connection no port that a program has bound, whatever the address. One that it chose
    /// itself for another connection it may give again, so those in `TIME_WAIT`, which mostly are such, are left out.
    ///
    /// # Errors
    /// As [`SocketDiag::census`].
    pub fn ports_of_others(&mut self, range: &RangeInclusive<u16>, but: &[u16]) -> io::Result<usize> {
        let states = StateMask::connections() | StateMask::listeners();
        let taken = self.gather(states, |taken: &mut BTreeSet<u16>, socket| {
            let is_other = socket.state != State::TimeWait && !but.contains(&socket.remote_port);
            if is_other && range.contains(&socket.local_port) {
                taken.insert(socket.local_port);
            }
        })?;
        Ok(taken.len())
    }

    fn count(&mut self, wanted: impl Fn(&Socket) -> bool) -> io::Result<States> {
        self.gather(StateMask::connections(), |states: &mut States, socket| {
            if wanted(&socket) {
                states.add(socket.state);
            }
        })
    }
}

#[cfg(test)]
mod tests;
