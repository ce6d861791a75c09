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
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;

use super::placement::Placement;
use super::topology::Topology;
use crate::roles;

/// How long a process may take to say hello or to answer an assignment.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a process may take to end when it was told to.
const END_TIMEOUT: Duration = Duration::from_secs(7);

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

    /// Starts a target, gives it its share and returns where it listens.
    pub(crate) async fn add_target(&mut self, share: TargetShare) -> Result<SocketAddr, FleetError> {
        let at = self.targets.len();
        let member = Member::Target(at);
        let assign = ToTarget::Assign(Box::new(share));
        let (process, receiver, answer) = self.start(member, roles::TARGET, &assign).await?;
        let address = match answer {
            FromTarget::Listening { address } => address,
            FromTarget::Failed(failure) => return Err(FleetError::Failed { member, failure }),
            _ => return Err(FleetError::OutOfTurn { member }),
        };
        self.targets.push(process);
        self.listen(member, receiver, move |message| Heard::Target(at, message));
        Ok(address)
    }

    /// Starts a worker and gives it its share.
    pub(crate) async fn add_worker(&mut self, share: WorkerShare) -> Result<(), FleetError> {
        let at = self.workers.len();
        let member = Member::Worker(at);
        let assign = ToWorker::Assign(Box::new(share));
        let (process, receiver, answer) = self.start(member, roles::WORKER, &assign).await?;
        match answer {
            FromWorker::Assigned => {}
            FromWorker::Failed(failure) => return Err(FleetError::Failed { member, failure }),
            _ => return Err(FleetError::OutOfTurn { member }),
        }
        self.workers.push(process);
        self.listen(member, receiver, move |message| Heard::Worker(at, message));
        Ok(())
    }

    /// Starts a process in its network and on its CPUs, exchanges greetings, and returns its answer to the assignment.
    async fn start<A: Serialize, M: DeserializeOwned>(
        &self,
        member: Member,
        role: &str,
        assign: &A,
    ) -> Result<(Process, Receiver, M), FleetError> {
        let mut command = Command::new(&self.program);
        if let Some(namespace) = self.topology.namespace_of(member) {
            namespace.host(&mut command);
        }
        let (mut child, mut sender, mut receiver) = Child::start(command, role)?;
        let cpus = match member {
            Member::Target(_) => &self.placement.targets,
            Member::Worker(_) => &self.placement.workers,
        };
        if !cpus.is_empty() {
            // A process that runs elsewhere measures a little worse; the manifest says what was asked for.
            let _ = affinity::confine(child.pid(), cpus);
        }
        let Hello { protocol } = in_time(member, receiver.receive(), &mut child).await?;
        if protocol != PROTOCOL {
            return Err(FleetError::Protocol { member, protocol });
        }
        let answered = async {
            sender.send(assign).await?;
            receiver.receive().await
        };
        let answer = in_time(member, answered, &mut child).await?;
        Ok((Process { member, child, sender }, receiver, answer))
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

    /// Waits for the end of all processes, and kills what does not end.
    pub(crate) async fn end(mut self) {
        for process in self.workers.iter_mut().chain(&mut self.targets) {
            if tokio::time::timeout(END_TIMEOUT, process.child.wait()).await.is_err() {
                process.child.kill().await;
            }
        }
    }

    /// Kills all processes at once.
    pub(crate) async fn kill(mut self) {
        for process in self.workers.iter_mut().chain(&mut self.targets) {
            process.child.kill().await;
        }
    }
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
        Ok(Ok(status)) => format!(" ({status})"),
        _ => String::new(),
    }
}
