//! What can go wrong before a target serves.

use pushbench_probe::sockets::Owner;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Somebody else listens there.
    #[error(
        "{address} is already in use{owner}\nhint: stop it, or listen on another port (port 0 takes a free one)"
    )]
    AddressInUse {
        /// The address asked for.
        address: SocketAddr,
        /// Who listens there, as far as that can be found out.
        owner: ListenerOwner,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the kernel says.
        source: io::Error,
    },
    /// The timer of the publisher or the reserve of open files cannot be had.
    #[error("cannot set up the event loop: {0}")]
    EventLoop(#[source] io::Error),
}

/// The process that listens on an address, if it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerOwner(pub Option<Owner>);

impl fmt::Display for ListenerOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(owner) => write!(f, " by {} (pid {})", owner.name, owner.pid),
            None => Ok(()),
        }
    }
}
