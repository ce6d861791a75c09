//! Opening a client's connection without waiting for it.

use pushbench_probe::limits::is_exhaustion;
use pushbench_probe::socket::outgoing;
use rustix::io::Errno;
use rustix::net::sockopt;
use std::io;
use std::os::fd::OwnedFd;

use crate::arrivals::target_of;
use crate::thread::Thread;

/// Begins to connect the worker's own client `nth` to its target. The socket is watched under `key`, and reported as
/// writable when the connect is over, well or not.
///
/// # Errors
/// When the socket cannot be made, connected or watched.
pub(crate) fn connect(nth: u32, key: u64, thread: &Thread) -> io::Result<OwnedFd> {
    let target = target_of(&thread.share, nth);
    let socket = outgoing(target, thread.share.source)?;
    if let Some(bytes) = thread.slow.as_ref().and_then(|slow| slow.receive_buffer(nth)) {
        // Before the connect: the window that the other side hears of follows from it (tcp(7)).
        sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
    }
    match rustix::net::connect(&socket, &target) {
        // On loopback it is over by now, whatever the answer.
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    // A socket that is not yet on its way would be reported as hung up.
    thread.sockets.add(&socket, key)?;
    Ok(socket)
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
