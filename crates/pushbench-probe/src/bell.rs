//! Waking a thread that waits in a set of sockets, from another thread.
//!
//! One `eventfd`, watched like a socket. What there is to be done is said elsewhere, and before the bell rings.

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, retry_on_intr, write};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A bell. In a [`crate::readiness::Set`] every ring is news of it, so that nobody has to take anything back.
#[derive(Debug)]
pub struct Bell {
    rings: OwnedFd,
}

impl Bell {
    /// A bell that has not rung.
    ///
    /// # Errors
    /// When the process is out of files.
    pub fn new() -> io::Result<Self> {
        Ok(Self { rings: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    /// Rings. Several rings that nobody has heard yet are heard as one.
    pub fn ring(&self) {
        let rung = retry_on_intr(|| write(&self.rings, &1_u64.to_ne_bytes()));
        // Only after 2^64 - 2 rings there is no room for another.
        debug_assert!(matches!(rung, Ok(8) | Err(Errno::AGAIN)), "eventfd: {rung:?}");
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.rings.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readiness::{Ready, Set};
    use std::sync::Arc;

    #[test]
    fn every_ring_wakes_a_thread_that_waits() {
        let (set, bell, mut ready) = (Set::new().unwrap(), Arc::new(Bell::new().unwrap()), Ready::new());
        set.add(&*bell, 9).unwrap();
        set.look(&mut ready).unwrap();
        assert!(ready.iter().all(|ready| !ready.readable), "it has not rung");
        for _ in 0..3 {
            let ringer = std::thread::spawn({
                let bell = Arc::clone(&bell);
                move || bell.ring()
            });
            set.wait(&mut ready).unwrap();
            assert!(ready.iter().any(|ready| ready.key == 9 && ready.readable));
            ringer.join().unwrap();
        }
    }

    #[test]
    fn a_ring_before_anybody_waits_is_heard() {
        let (set, bell, mut ready) = (Set::new().unwrap(), Bell::new().unwrap(), Ready::new());
        set.add(&bell, 9).unwrap();
        bell.ring();
        bell.ring();
        set.wait(&mut ready).unwrap();
        assert!(ready.iter().any(|ready| ready.readable));
        assert!(!set.look(&mut ready).unwrap(), "once");
    }
}
