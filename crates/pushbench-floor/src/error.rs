//! Why a floor cannot be measured.

use std::io;

/// Every way in which a job of this crate ends without a figure.
#[derive(Debug, thiserror::Error)]
pub enum FloorError {
    /// The kernel refused something.
    #[error("bare sockets: cannot {what}: {source}")]
    Refused {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A message did not fit into its socket, although few are under way.
    #[error("bare sockets: {sent} of a message of {message} bytes fitted into a socket buffer")]
    Blocked {
        /// Bytes that were taken.
        sent: usize,
        /// Bytes of a message.
        message: usize,
    },
    /// Nothing arrived for seconds.
    #[error("bare sockets: {what} stopped at {done}")]
    Stalled {
        /// What did not go on.
        what: &'static str,
        /// How many there had been.
        done: u64,
    },
    /// A connection ended although nobody had closed it.
    #[error("bare sockets: a connection was closed in the middle")]
    Closed,
    /// Somebody wanted it to end.
    #[error("stopped")]
    Stopped,
}

impl FloorError {
    /// For `map_err`: the error of the kernel with what was tried.
    pub(crate) fn refused<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Refused { what, source: source.into() }
    }
}
