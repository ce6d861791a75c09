//! One absolute timer of the kernel, as a descriptor that expires at an instant of `CLOCK_MONOTONIC`.
//!
//! For a thread that waits in a set of sockets, and for [`crate::alarm`], which shares one among tasks. Who is woken for
//! what is not known here.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::clock::timespec;

/// A timer that expires once, at the instant it was last set to. In a [`crate::readiness::Set`] every expiry is news of it.
#[derive(Debug)]
pub struct Timer {
    descriptor: OwnedFd,
}

impl Timer {
    /// A timer that is not set.
    ///
    /// # Errors
    /// When the process is out of files.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self { descriptor: timerfd_create(TimerfdClockId::Monotonic, flags)? })
    }

    /// Lets it expire at an instant, at once when that has passed, and at no other. What has expired is forgotten.
    pub fn set(&self, at_ns: u64) {
        // An instant of zero would switch the timer off instead of letting it expire at once.
        let value = timespec(at_ns.max(1));
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        let set = timerfd_settime(&self.descriptor, TimerfdTimerFlags::ABSTIME, &once);
        // The kernel refuses only foreign descriptors and malformed times: both are excluded here.
        debug_assert!(set.is_ok(), "timerfd_settime: {set:?}");
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now_ns;
    use crate::readiness::{Ready, Set};

    const MS: u64 = 1_000_000;

    #[test]
    fn it_expires_at_its_instant_and_can_be_set_again_without_being_read() {
        let (set, timer, mut ready) = (Set::new().unwrap(), Timer::new().unwrap(), Ready::new());
        set.add(&timer, 5).unwrap();
        for ahead_ns in [2 * MS, 0, MS] {
            let at_ns = now_ns() + ahead_ns;
            timer.set(u64::MAX / 2);
            timer.set(at_ns);
            set.wait(&mut ready).unwrap();
            assert!(now_ns() >= at_ns, "not before");
            assert!(ready.iter().all(|ready| ready.key == 5 && ready.readable));
        }
        timer.set(0);
        set.wait(&mut ready).unwrap();
    }
}
