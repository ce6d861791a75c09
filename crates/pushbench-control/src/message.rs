//! What coordinator and processes say to each other.
//!
//! ```text
//! coordinator                 target                     coordinator                 worker
//!      │ ◄──── Hello ────────── │                              │ ◄──── Hello ────────── │
//!      │ ───── Assign ────────► │                              │ ───── Assign ────────► │
//!      │ ◄──── Listening ────── │                              │ ◄──── Assigned ─────── │
//!      │                        │                              │ ───── Connect ───────► │
//!      │                        │                              │ ◄──── AllReady ─────── │
//!      │ ───── Begin ─────────► │                              │ ───── Begin ─────────► │
//!      │ ◄──── Report ───────── │ every second                 │ ◄──── Report ───────── │ every second
//!      │ ───── Stop ──────────► │                              │ ───── Finish ────────► │
//!      │ ◄──── Stopped ──────── │                              │ ◄──── Finished ─────── │
//! ```

use pushbench_measure::PhaseEdges;
use pushbench_measure::snapshot::{TargetSnapshot, WorkerFinal, WorkerSnapshot};
use pushbench_scenario::{TargetShare, WorkerShare};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Version of the messages. Both sides name theirs in the first message and refuse another.
pub const PROTOCOL: u32 = 1;

/// The first message of every process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the process.
    pub protocol: u32,
}

/// Why a process cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For people.
    pub message: String,
    /// Whose fault it is.
    pub blame: Blame,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The machine's: a limit, a port.
    Environment,
    /// pushbench's own.
    Program,
}

/// From the coordinator to a target process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToTarget {
    /// What to serve; answered with [`FromTarget::Listening`].
    Assign(Box<TargetShare>),
    /// Reports are due every second from this instant on.
    Report {
        /// Nanoseconds of `CLOCK_MONOTONIC`.
        from_ns: u64,
    },
    /// Publish by the plan's schedule, event 0 at the start of the warm-up.
    Begin(PhaseEdges),
    /// Close everything and end; answered with [`FromTarget::Stopped`].
    Stop,
}

/// From a target process to the coordinator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromTarget {
    /// Clients may come.
    Listening {
        /// Where.
        address: SocketAddr,
    },
    /// The report of a second.
    Report(Box<TargetSnapshot>),
    /// The report since the last second; the process ends.
    Stopped(Box<TargetSnapshot>),
    /// The process ends.
    Failed(Failure),
}

/// From the coordinator to a worker process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWorker {
    /// Whom to play; answered with [`FromWorker::Assigned`].
    Assign(Box<WorkerShare>),
    /// Let the clients arrive, the first of the step at this instant. Reports are due every second from then on.
    Connect {
        /// Nanoseconds of `CLOCK_MONOTONIC`.
        start_ns: u64,
    },
    /// The phases.
    Begin(PhaseEdges),
    /// Say goodbye and end; answered with [`FromWorker::Finished`].
    Finish,
}

/// From a worker process to the coordinator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// Clients can be let loose.
    Assigned,
    /// Every client of this worker has been ready once.
    AllReady,
    /// The report of a second.
    Report(Box<WorkerSnapshot>),
    /// The sums; the process ends.
    Finished(Box<WorkerFinal>),
    /// The process ends.
    Failed(Failure),
}
