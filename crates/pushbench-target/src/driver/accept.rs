//! Taking connections in, some at a time, and refusing them politely when there is no room.

use pushbench_probe::socket::end_of_writing;
use rustix::net::{SendFlags, send};
use std::os::fd::OwnedFd;

use super::connection::Mode;
use super::{Driver, LINGER_NS, MeteredSocket};
use crate::listener::{Accepted, refusal};

/// Connections accepted in one turn.
const ACCEPTS: usize = 64;
/// Refused connections that are given time to read why; further ones are closed over what they may have sent.
const REFUSALS_MAX: usize = 32;

impl Driver {
    /// Accepts some of the connections that wait. True when there may be more at once.
    pub(super) fn accept(&mut self, now_ns: u64) -> bool {
        for _ in 0..ACCEPTS {
            match self.listener.as_mut().map(|listener| listener.next(now_ns)) {
                Some(Accepted::Connection(socket)) => self.admit(socket, now_ns),
                Some(Accepted::GaveUp) => {}
                Some(Accepted::OutOfFiles(waiting)) => {
                    if let Some(socket) = waiting {
                        self.refuse_at_once(socket);
                    }
                    if let Some(listener) = &mut self.listener {
                        listener.restore_reserve();
                    }
                    return false;
                }
                // Then an answer cannot be given either.
                Some(Accepted::OutOfMemory) => {
                    self.counters.refused.count();
                    return false;
                }
                Some(Accepted::None) | None => return false,
            }
        }
        true
    }

    /// The listening socket has something to accept.
    pub(super) fn listener_became_ready(&mut self) {
        if let Some(listener) = &mut self.listener {
            listener.became_ready();
        }
    }

    /// Listens no longer.
    pub(super) fn stop_listening(&mut self) {
        self.listener = None;
    }

    fn admit(&mut self, socket: OwnedFd, now_ns: u64) {
        let socket = MeteredSocket::new(&self.meter, socket);
        if self.len() as u64 >= self.connections_max {
            let why = format!("this target already has its {} connections\n", self.connections_max);
            self.refuse(socket, &why, now_ns);
        } else if self.enter(socket, now_ns).is_some() {
            self.counters.accepted.count();
        } else {
            self.counters.refused.count();
        }
    }

    fn refuse_at_once(&mut self, socket: OwnedFd) {
        self.counters.refused.count();
        let socket = MeteredSocket::new(&self.meter, socket);
        let why = refusal("this target is out of open files\n");
        let _ = send(&socket.socket, why.as_bytes(), SendFlags::NOSIGNAL);
    }

    fn refuse(&mut self, socket: MeteredSocket, why: &str, now_ns: u64) {
        self.counters.refused.count();
        // A new socket's buffer has room for this.
        let _ = send(&socket.socket, refusal(why).as_bytes(), SendFlags::NOSIGNAL);
        if self.refusals >= REFUSALS_MAX {
            return;
        }
        let Some(key) = self.enter(socket, now_ns) else { return };
        self.refusals += 1;
        if let Some(connection) = self.get(key) {
            connection.mode = Mode::Refused;
            let _ = end_of_writing(&connection.pipe.socket);
        }
        self.set_timer(key, now_ns + LINGER_NS);
    }
}
