//! What the processes of a run do: hidden commands that a coordinator starts with a control connection.
//!
//! A role ends as soon as its control connection does, and is killed by the kernel when its parent dies while it
//! cannot run (a stopped process).

mod target;
mod worker;

pub(crate) use target::target;
pub(crate) use worker::worker;

use std::future::Future;

use pushbench_control::{Blame, CarrierError, Failure, Hello, PROTOCOL, Receiver, Sender};
use pushbench_probe::{limits, process};

use crate::exit::{self, Exit};

/// Name of the target's hidden command.
pub(crate) const TARGET: &str = "__target";
/// Name of the worker's hidden command.
pub(crate) const WORKER: &str = "__worker";

/// Sockets taken from the kernel's ready list at a time, which matters to a target: about as many as tasks run before the list
/// is looked at again, so that the queue of tasks stays short and whoever a timer wakes is soon at its head.
const IO_EVENTS: usize = 64;

/// Runs a role on a single-threaded runtime with its control connection.
fn play<F: Future<Output = Result<(), CarrierError>>>(
    role: impl FnOnce(Sender, Receiver) -> F,
) -> Result<Exit, exit::Failure> {
    // Each is a convenience whose failure shows in what follows: a lower limit, an orphan until its next read.
    let _ = limits::raise_open_files();
    let _ = process::die_with_parent();
    let runtime = single_threaded()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let (mut sender, receiver) = pushbench_control::inherited().map_err(|_| {
            exit::Failure::of(
                Exit::Usage,
                "this command is for pushbench's own processes; see `pushbench --help`",
            )
        })?;
        let played = async {
            sender.send(&Hello { protocol: PROTOCOL }).await?;
            role(sender, receiver).await
        };
        match played.await {
            // A coordinator that is gone has no more wishes.
            Ok(()) | Err(CarrierError::Closed) => Ok(Exit::Ok),
            Err(error) => Err(exit::Failure::from(anyhow::Error::new(error))),
        }
    })
}

/// A runtime with everything enabled on the calling thread.
pub(crate) fn single_threaded() -> Result<tokio::runtime::Runtime, exit::Failure> {
    tokio::runtime::Builder::new_current_thread()
        .max_io_events_per_tick(IO_EVENTS)
        .enable_all()
        .build()
        .map_err(exit::Failure::environment)
}

/// What the machine does not give.
fn lacking(error: &impl std::fmt::Display) -> Failure {
    Failure { message: error.to_string(), blame: Blame::Environment }
}
