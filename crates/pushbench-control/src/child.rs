//! Child processes of a run: started with a control connection, and ended with the run whatever happens.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::carrier::{Receiver, Sender, pair, split};

/// Why a child could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The program could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Path of the program.
        program: String,
        /// The reason.
        source: io::Error,
    },
}

/// Between two looks at a process that was killed, and how many there are before it is left to itself.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
const LOOKS: u32 = 2_000;

/// A running child. Dropping it kills the process and waits until it is gone.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    pid: u32,
}

impl Child {
    /// Starts a program with a control connection as its standard input and a role as its last argument.
    ///
    /// The child gets a process group of its own, so that a Ctrl-C at the terminal reaches the coordinator alone,
    /// which then ends the run in order. Its standard output is closed to it; standard error is shared.
    ///
    /// # Errors
    /// [`ChildError::Start`].
    pub fn start(program: Command, role: &str) -> Result<(Self, Sender, Receiver), ChildError> {
        let name = program.get_program().display().to_string();
        let failed = |source| ChildError::Start { program: name.clone(), source };
        let (sender, receiver, theirs) = pair().map_err(failed)?;
        let process = tokio::process::Command::from(program)
            .arg(role)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pid = process.id().unwrap_or_default();
        Ok((Self { process, pid }, sender, receiver))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Kills it without waiting for its end. A process that has ended already is no error.
    pub fn start_kill(&mut self) {
        // The only failure is that it is gone.
        let _ = self.process.start_kill();
    }

    /// Kills it and waits for its end. A process that has ended already is no error.
    pub async fn kill(&mut self) {
        // The only failure is that it is gone.
        let _ = self.process.kill().await;
    }
}

impl Drop for Child {
    /// Waits on this thread: a run that is interrupted while it starts a process would otherwise end before that process has.
    fn drop(&mut self) {
        self.start_kill();
        for _ in 0..LOOKS {
            match self.process.try_wait() {
                Ok(None) => sleep(LOOK_AGAIN),
                Ok(Some(_)) | Err(_) => return,
            }
        }
    }
}

/// The control connection of a child: its standard input.
///
/// # Errors
/// When standard input is not a socket, as when a person calls a role by hand.
pub fn inherited() -> io::Result<(Sender, Receiver)> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.peer_addr()?;
    split(socket)
}
