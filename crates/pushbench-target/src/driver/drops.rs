//! What a storm or a restart does to connections and to the listening socket; when that is, is decided elsewhere.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use super::Driver;
use super::connection::Mode;
use crate::errors::TargetError;
use crate::key::Key;
use crate::listener::Listener;

/// Connections dropped on purpose.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dropped {
    pub(crate) connections: u64,
    /// When the last one was; 0 before.
    pub(crate) at_ns: u64,
}

/// What it takes to listen again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Port {
    /// Where; `None` before the port was left.
    pub(super) address: Option<SocketAddr>,
    /// Bytes of send buffer that accepted sockets ask for.
    pub(super) send_buffer: Option<u32>,
}

impl Driver {
    /// The connections that are for events: those whose poll is held or that wait for the next, and streams.
    pub(crate) fn asking_for_events(&self) -> Vec<Key> {
        let asks = |mode: &Mode| matches!(mode, Mode::Asking | Mode::Held(_) | Mode::Streaming(_));
        let all = self.connections.iter().filter(|(_, connection)| asks(&connection.mode));
        all.map(|(place, connection)| Key::of(place, connection.generation)).collect()
    }

    /// Closes a connection without a word. False when it has ended by itself.
    pub(crate) fn drop_connection(&mut self, key: Key, now_ns: u64) -> bool {
        if self.get(key).is_none() {
            return false;
        }
        self.close(key);
        self.dropped.connections += 1;
        self.dropped.at_ns = now_ns;
        true
    }

    /// Ends the connections that the HTTP library has.
    pub(crate) fn cut_lent(&self) {
        for (_, connection) in &self.lent {
            connection.cut();
        }
    }

    /// Listens no longer; the port stays the target's as long as what is returned is kept.
    pub(crate) fn leave_port(&mut self) -> Option<OwnedFd> {
        let listener = self.listener.take()?;
        self.port.address = listener.local_addr().ok();
        listener.hold_port()
    }

    /// Listens again where it did before, unless the target has begun to shut down.
    ///
    /// # Errors
    /// When the kernel does not give the port or has no memory to watch it.
    pub(crate) fn take_port(&mut self) -> Result<(), TargetError> {
        let Some(address) = self.port.address.filter(|_| !self.closing) else { return Ok(()) };
        let listener = Listener::bind_to_keep(address, self.port.send_buffer)?;
        self.poller.add(&listener, Key::LISTENER.to_u64()).map_err(TargetError::EventLoop)?;
        self.listener = Some(listener);
        Ok(())
    }
}
