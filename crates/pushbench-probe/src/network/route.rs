//! A conversation with the kernel about the devices of a namespace (`NETLINK_ROUTE`): a request, its answer.

use std::{io, os::fd::OwnedFd, time::Duration};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, sendto, socket_with,
    sockopt::{Timeout, set_socket_timeout},
};

use super::{
    Namespace,
    wire::{Answer, Link, Request, answers},
};

/// Room for the description of a device with all its counters, which takes two kilobytes.
const BUFFER_LEN: usize = 32 << 10;
/// The kernel answers at once; a silence of this length means that it will not.
const SILENCE: Duration = Duration::from_secs(2);

/// A connection for the devices of one namespace.
#[derive(Debug)]
pub(super) struct Route {
    socket: OwnedFd,
    sequence: u32,
}

impl Route {
    /// Opens one. The socket belongs to the namespace in which it was made, whoever uses it.
    pub(super) fn open_in(namespace: &Namespace) -> io::Result<Self> {
        let socket = namespace.inside(|| {
            let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
            // NETLINK_ROUTE is the protocol with the number 0: the one that need not be named.
            Ok(socket_with(AddressFamily::NETLINK, kind, flags, None)?)
        })?;
        set_socket_timeout(&socket, Timeout::Recv, Some(SILENCE))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// What a device is like.
    pub(super) fn describe(&mut self, name: &str) -> io::Result<Link> {
        let missing = || io::Error::new(io::ErrorKind::InvalidData, "the kernel described nothing");
        self.ask(Request::describe(name))?.ok_or_else(missing)
    }

    /// Has a request carried out; gives the device that was described, if one was.
    pub(super) fn ask(&mut self, request: Request) -> io::Result<Option<Link>> {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = request.into_bytes(self.sequence);
        sendto(&self.socket, &bytes, SendFlags::empty(), &netlink::SocketAddrNetlink::new(0, 0))?;
        let mut buffer = vec![0; BUFFER_LEN];
        let mut described = None;
        loop {
            let length = rustix::io::retry_on_intr(|| recv(&self.socket, &mut *buffer, RecvFlags::TRUNC))?.1;
            let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
            let datagram = buffer.get(..length).ok_or_else(|| invalid("netlink datagram is cut"))?;
            let cut = |cut| io::Error::new(io::ErrorKind::InvalidData, cut);
            for answer in answers(datagram, self.sequence).map_err(cut)? {
                match answer {
                    Answer::Link(link) => described = Some(link),
                    Answer::Done => return Ok(described),
                    Answer::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
                    Answer::Other => {}
                }
            }
        }
    }
}
