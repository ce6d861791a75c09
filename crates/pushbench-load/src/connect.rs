//! Opening a client's connection without waiting for it.

use pushbench_probe::limits::is_exhaustion;
use pushbench_probe::socket::outgoing;
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;

use crate::arrivals::target_of;
use crate::thread::Thread;

/// How far a connect has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connect {
    /// It is over: on loopback it nearly always is.
    Done,
    /// The socket is reported as writable when it is over, or has failed.
    UnderWay,
}

/// Connects the worker's own client `nth` to its target; its socket is watched under `key`.
///
/// # Errors
/// When the socket cannot be made, connected or watched.
pub(crate) fn connect(nth: u32, key: u64, thread: &Thread) -> io::Result<(OwnedFd, Connect)> {
    let target = target_of(&thread.share, nth);
    let socket = outgoing(target, thread.share.source)?;
    let connect = match rustix::net::connect(&socket, &target) {
        Ok(()) => Connect::Done,
        Err(Errno::INPROGRESS | Errno::INTR) => Connect::UnderWay,
        Err(error) => return Err(error.into()),
    };
    // A socket that is not yet on its way would be reported as hung up.
    thread.poller.add(&socket, key)?;
    Ok((socket, connect))
}

/// Whether an error of [`connect`] says that this side has no more of something.
pub(crate) fn is_limit(error: &io::Error) -> bool {
    // Of connect(2): no port is free; of epoll_ctl(2): no more sockets may be watched.
    const MORE: [Errno; 2] = [Errno::AGAIN, Errno::NOSPC];
    is_exhaustion(error) || MORE.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_side_lacks_is_told_from_what_the_other_side_refuses() {
        for (errno, limit) in [
            (Errno::AGAIN, true),
            (Errno::ADDRNOTAVAIL, true),
            (Errno::NOSPC, true),
            (Errno::CONNREFUSED, false),
            (Errno::TIMEDOUT, false),
        ] {
            assert_eq!(is_limit(&io::Error::from(errno)), limit, "{errno}");
        }
        assert!(!is_limit(&io::ErrorKind::TimedOut.into()));
    }
}
