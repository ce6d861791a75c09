//! The processes of one step: started, greeted, listened to, ended.
//!
//! Whatever happens to the step, no process outlives its fleet: each ends with its control connection, and is killed
//! when the fleet is dropped.

use pushbench_control::{
    Blame, CarrierError, Child, Failure, FromTarget, FromWorker, Hello, PROTOCOL, Receiver, Sender, ToTarget,
    ToWorker,
};
use pushbench_probe::affinity;
use pushbench_scenario::{TargetShare, WorkerShare};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinSet, spawn_local};

use super::placement::Placement;
use super::topology::Topology;
use crate::roles;

/// How long a process may take to say hello or to answer an assignment.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// `SIGABRT`.
const ABORT: i32 = 6;
/// Processes that are started at the same time. Each waits for its answer most of the time, not for a CPU.
const STARTED_AT_ONCE: usize = 8;

/// Which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Target(usize),
    Worker(usize),
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Target(at) => write!(f, "target process {}", at + 1),
            Self::Worker(at) => write!(f, "worker process {}", at + 1),
        }
    }
}

/// What a process said.
#[derive(Debug)]
pub(crate) enum Heard {
    Target(usize, FromTarget),
    Worker(usize, FromWorker),
    /// Its control connection is closed.
    Gone(Member),
}

/// Why the processes of a step cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FleetError {
    #[error("{0}")]
    Start(#[from] pushbench_control::ChildError),
    #[error("{member} speaks version {protocol} of the control protocol, this is version {PROTOCOL}")]
    Protocol { member: Member, protocol: u32 },
    #[error("{member} did not answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Silent { member: Member },
    #[error("{member} ended before it was ready{how}")]
    Ended { member: Member, how: String },
    #[error("{member}: {}", failure.message)]
    Failed { member: Member, failure: Failure },
    #[error("{member} gave an answer out of turn")]
    OutOfTurn { member: Member },
}

impl FleetError {
    /// Whether the machine is the reason.
    pub(crate) fn is_environment(&self) -> bool {
        match self {
            Self::Start(_) => true,
            Self::Failed { failure, .. } => failure.blame == Blame::Environment,
            _ => false,
        }
    }
}

struct Process {
    member: Member,
    child: Child,
    sender: Sender,
}

/// All processes of a step.
pub(crate) struct Fleet {
    program: PathBuf,
    topology: Topology,
    placement: Placement,
    targets: Vec<Process>,
    workers: Vec<Process>,
    voices: UnboundedSender<Heard>,
    pub(crate) heard: UnboundedReceiver<Heard>,
}

impl Fleet {
    pub(crate) fn new(program: PathBuf, topology: Topology, placement: Placement) -> Self {
        let (voices, heard) = unbounded_channel();
        Self { program, topology, placement, targets: Vec::new(), workers: Vec::new(), voices, heard }
    }

    /// Starts a target for each share and returns where they listen.
    pub(crate) async fn add_targets(
        &mut self,
        shares: Vec<TargetShare>,
    ) -> Result<Vec<SocketAddr>, FleetError> {
        let assigns = shares.into_iter().map(|share| ToTarget::Assign(Box::new(share)));
        let mut addresses = Vec::new();
        let started = self.start_all(Member::Target, roles::TARGET, assigns).await?;
        for (at, Started { process, receiver, answer }) in started.into_iter().enumerate() {
            let member = process.member;
            addresses.push(match answer {
                FromTarget::Listening { address } => address,
                FromTarget::Failed(failure) => return Err(FleetError::Failed { member, failure }),
                _ => return Err(FleetError::OutOfTurn { member }),
            });
            self.targets.push(process);
            self.listen(member, receiver, move |message| Heard::Target(at, message));
        }
        Ok(addresses)
    }

    /// Starts a worker for each share.
    pub(crate) async fn add_workers(&mut self, shares: Vec<WorkerShare>) -> Result<(), FleetError> {
        let assigns = shares.into_iter().map(|share| ToWorker::Assign(Box::new(share)));
        let started = self.start_all(Member::Worker, roles::WORKER, assigns).await?;
        for (at, Started { process, receiver, answer }) in started.into_iter().enumerate() {
            let member = process.member;
            match answer {
                FromWorker::Assigned => {}
                FromWorker::Failed(failure) => return Err(FleetError::Failed { member, failure }),
                _ => return Err(FleetError::OutOfTurn { member }),
            }
            self.workers.push(process);
            self.listen(member, receiver, move |message| Heard::Worker(at, message));
        }
        Ok(())
    }

    /// Starts a process for each assignment, some at a time, and returns them in the order of the assignments. One that
    /// cannot be had ends all of them.
    async fn start_all<A: Serialize + 'static, M: DeserializeOwned + 'static>(
        &self,
        member: fn(usize) -> Member,
        role: &'static str,
        assigns: impl Iterator<Item = A>,
    ) -> Result<Vec<Started<M>>, FleetError> {
        let mut assigns = assigns.enumerate();
        let mut under_way = JoinSet::new();
        let mut started = Vec::new();
        loop {
            for (at, assign) in assigns.by_ref().take(STARTED_AT_ONCE - under_way.len()) {
                let (command, cpus) = self.prepare(member(at));
                under_way
                    .spawn_local(async move { (at, start(member(at), command, &cpus, role, assign).await) });
            }
            match under_way.join_next().await {
                None => break,
                Some(Ok((at, process))) => started.push((at, process?)),
                Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
        started.sort_unstable_by_key(|(at, _)| *at);
        Ok(started.into_iter().map(|(_, process)| process).collect())
    }

    /// The command of a process in its network, and its CPUs.
    fn prepare(&self, member: Member) -> (Command, Vec<usize>) {
        let mut command = Command::new(&self.program);
        if let Some(namespace) = self.topology.namespace_of(member) {
            namespace.host(&mut command);
        }
        let cpus = match member {
            Member::Target(_) => &self.placement.targets,
            Member::Worker(_) => &self.placement.workers,
        };
        (command, cpus.clone())
    }

    /// Passes on everything a process says until it is gone.
    fn listen<M: DeserializeOwned + 'static>(
        &self,
        member: Member,
        mut receiver: Receiver,
        heard: impl Fn(M) -> Heard + 'static,
    ) {
        let voices = self.voices.clone();
        spawn_local(async move {
            while let Ok(message) = receiver.receive().await {
                if voices.send(heard(message)).is_err() {
                    return;
                }
            }
            // Nobody listens any more once the step is over.
            let _ = voices.send(Heard::Gone(member));
        });
    }

    pub(crate) fn target_pids(&self) -> Vec<u32> {
        self.targets.iter().map(|process| process.child.pid()).collect()
    }

    pub(crate) fn worker_pids(&self) -> Vec<u32> {
        self.workers.iter().map(|process| process.child.pid()).collect()
    }

    /// Says the same to every target. One that is gone is heard of as [`Heard::Gone`].
    pub(crate) async fn tell_targets(&mut self, message: &ToTarget) {
        for process in &mut self.targets {
            let _ = process.sender.send(message).await;
        }
    }

    /// Says the same to every worker. One that is gone is heard of as [`Heard::Gone`].
    pub(crate) async fn tell_workers(&mut self, message: &ToWorker) {
        for process in &mut self.workers {
            let _ = process.sender.send(message).await;
        }
    }

    /// How a process that is gone ended, for people.
    pub(crate) async fn obituary(&mut self, member: Member) -> String {
        let processes = match member {
            Member::Target(_) => &mut self.targets,
            Member::Worker(_) => &mut self.workers,
        };
        match processes.iter_mut().find(|process| process.member == member) {
            Some(process) => how_it_ended(&mut process.child).await,
            None => String::new(),
        }
    }

    /// Waits that long for the end of all processes, and kills what does not end.
    pub(crate) async fn end(mut self, patience: Duration) {
        let deadline = tokio::time::Instant::now() + patience;
        for process in self.workers.iter_mut().chain(&mut self.targets) {
            if tokio::time::timeout_at(deadline, process.child.wait()).await.is_err() {
                process.child.kill().await;
            }
        }
    }

    /// Kills all processes at once.
    pub(crate) async fn kill(mut self) {
        // Each takes a while to close what it has open: they shall do it at the same time.
        for process in self.workers.iter_mut().chain(&mut self.targets) {
            process.child.start_kill();
        }
        for process in self.workers.iter_mut().chain(&mut self.targets) {
            process.child.kill().await;
        }
    }
}

/// A process that has answered its assignment.
struct Started<M> {
    process: Process,
    receiver: Receiver,
    answer: M,
}

/// Starts a process on its CPUs, exchanges greetings, and waits for its answer to the assignment.
async fn start<A: Serialize, M: DeserializeOwned>(
    member: Member,
    command: Command,
    cpus: &[usize],
    role: &str,
    assign: A,
) -> Result<Started<M>, FleetError> {
    let (mut child, mut sender, mut receiver) = Child::start(command, role)?;
    if !cpus.is_empty() {
        // A process that runs elsewhere measures a little worse; the manifest says what was asked for.
        let _ = affinity::confine(child.pid(), cpus);
    }
    let Hello { protocol } = in_time(member, receiver.receive(), &mut child).await?;
    if protocol != PROTOCOL {
        return Err(FleetError::Protocol { member, protocol });
    }
    let answered = async {
        sender.send(&assign).await?;
        receiver.receive().await
    };
    let answer = in_time(member, answered, &mut child).await?;
    Ok(Started { process: Process { member, child, sender }, receiver, answer })
}

async fn in_time<M>(
    member: Member,
    answered: impl Future<Output = Result<M, CarrierError>>,
    child: &mut Child,
) -> Result<M, FleetError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, answered).await {
        Ok(Ok(message)) => Ok(message),
        Ok(Err(_)) => Err(FleetError::Ended { member, how: how_it_ended(child).await }),
        Err(_) => Err(FleetError::Silent { member }),
    }
}

/// ` (signal: 9 (SIGKILL))` or nothing when it cannot be known.
async fn how_it_ended(child: &mut Child) -> String {
    match tokio::time::timeout(Duration::from_secs(1), child.wait()).await {
        // What Rust does when it is refused memory; it has said so on standard error.
        Ok(Ok(status)) if status.signal() == Some(ABORT) => {
            format!(" ({status}: memory refused, or a fault)")
        }
        Ok(Ok(status)) => format!(" ({status})"),
        _ => String::new(),
    }
}
