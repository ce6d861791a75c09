//! Sockets that are waited for with epoll, level-triggered.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;
use std::os::fd::{AsFd, OwnedFd};

use crate::FloorError;

/// How long one wait lasts at most: how late a job notices that it must end.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// Most sockets that one wait reports.
const AT_ONCE: usize = 1024;

/// An epoll set whose sockets are known by their number.
#[derive(Debug)]
pub(crate) struct Readiness {
    epoll: OwnedFd,
}

impl Readiness {
    /// The sockets, by their position; each is reported while it can be read.
    pub(crate) fn of<Fd: AsFd>(sockets: &[Fd]) -> Result<Self, FloorError> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(FloorError::refused("make an epoll set"))?;
        for (at, socket) in sockets.iter().enumerate() {
            epoll::add(&epoll, socket, EventData::new_u64(at as u64), EventFlags::IN)
                .map_err(FloorError::refused("watch a socket"))?;
        }
        Ok(Self { epoll })
    }

    /// Replaces `ready` by the positions of sockets that can be read; none after 50 ms without any.
    pub(crate) fn wait(&self, ready: &mut Ready) -> Result<(), FloorError> {
        ready.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut ready.events), Some(&WAIT)) {
            // After a signal whoever waits looks whether it was meant for the job.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(FloorError::refused("wait for sockets")(error)),
        }
    }
}

/// What one wait reported.
pub(crate) struct Ready {
    events: Vec<epoll::Event>,
}

impl Ready {
    /// Room for a report.
    pub(crate) fn new() -> Self {
        Self { events: Vec::with_capacity(AT_ONCE) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> {
        self.events.iter().map(|event| {
            // The kernel's struct is packed: its field cannot be borrowed.
            let data = event.data;
            data.u64() as usize
        })
    }
}
