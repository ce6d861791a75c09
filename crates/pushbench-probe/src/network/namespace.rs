//! A network namespace that nothing but open files and processes keeps alive.
//!
//! A thread that enters a namespace is never used for anything else afterwards: it does its errand and ends. So no code
//! ever runs in the wrong network because the way back failed.

use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt as _,
    },
    panic::resume_unwind,
    path::Path,
    process::Command,
    sync::Arc,
    thread,
};

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::proc_file::unreadable;

/// The network namespace of the thread that reads it (`namespaces(7)`).
const OWN: &str = "/proc/thread-self/ns/net";

/// A network namespace, held by an open file. Clones hold the same.
#[derive(Debug, Clone)]
pub struct Namespace {
    file: Arc<OwnedFd>,
}

impl Namespace {
    /// First and last port that the kernel gives to outgoing connections in a new namespace, whatever the host's own range is.
    pub const PORTS: (u16, u16) = (32_768, 60_999);

    /// Makes one, empty but for a loopback device that is down.
    ///
    /// # Errors
    /// Without `CAP_SYS_ADMIN`, where the kernel has no namespaces or allows no more of them.
    pub fn create() -> io::Result<Self> {
        on_a_thread(|| {
            leave_for_a_new_one()?;
            Ok(Self { file: Arc::new(File::open(OWN)?.into()) })
        })
        .map_err(|error| told(&error, "make a network namespace"))
    }

    /// The namespace in which a process is.
    ///
    /// # Errors
    /// When the process is gone, or may not be looked at.
    pub fn of_process(pid: u32) -> io::Result<Self> {
        let path = format!("/proc/{pid}/ns/net");
        let file = File::open(&path).map_err(|error| unreadable(Path::new(&path), error))?;
        Ok(Self { file: Arc::new(file.into()) })
    }

    /// Does something on a thread in this namespace, and waits for it.
    ///
    /// # Errors
    /// Those of `errand`; when no thread can be had; without `CAP_SYS_ADMIN`.
    pub fn inside<T: Send>(&self, errand: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        on_a_thread(|| {
            enter(self.as_fd()).map_err(|error| told(&error, "enter a network namespace"))?;
            errand()
        })
    }

    /// Has a program run in this namespace: its process enters it before it becomes the program.
    ///
    /// Starting it fails with the kernel's error where the namespace cannot be entered.
    #[expect(unsafe_code, reason = "code between fork and exec is the one way that leaves the parent alone")]
    pub fn host(&self, command: &mut Command) {
        let namespace = self.clone();
        // SAFETY: the closure makes one system call on a file that it keeps open; it allocates nothing and takes no lock.
        unsafe { command.pre_exec(move || enter(namespace.as_fd())) };
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Moves this thread into a namespace.
fn enter(namespace: BorrowedFd<'_>) -> io::Result<()> {
    Ok(move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))?)
}

/// Moves this thread into a new namespace.
#[expect(unsafe_code, reason = "the call has flags that are unsafe; this is none of them")]
fn leave_for_a_new_one() -> io::Result<()> {
    // SAFETY: threads go on to share their table of open files.
    Ok(unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?)
}

fn on_a_thread<T: Send>(errand: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, errand)?;
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// The error with what could not be done; its kind is kept.
pub(super) fn told(error: &io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}
