//! One round of a step: one transport at one number of clients, from fresh processes to closed books.

mod intake;

use pushbench_control::{ToTarget, ToWorker};
use pushbench_measure::PhaseEdges;
use pushbench_measure::rollup::WorkerSums;
use pushbench_measure::verdict::Scarcity;
use pushbench_probe::{clock, memory};
use pushbench_scenario::patience;
use pushbench_scenario::schedule::arrival_offset_ns;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::fleet::{Fleet, FleetError, Heard, Member};
use super::folder::LabelFiles;
use super::gather::{Gather, Publishes, Seconds};
use super::job::Job;
use super::outcome::{self, Evidence, Measured};
use super::placement::Placement;
use super::progress::Progress;
use super::ramp::Ramp;
use super::resources::Peak;
use super::sampler::{self, AtEdge, EDGES, Sampler, Seen, Usages, Watched};
use super::topology::Topology;
use crate::interrupt::Interrupt;

/// From the order to connect to the first arrival: time for the order to reach every worker.
const CONNECT_LEAD_NS: u64 = 50_000_000;
/// From the order to begin to the begin of the warm-up: time for the order to reach every process.
const BEGIN_LEAD_NS: u64 = 250_000_000;
/// The same where there is no warm-up to absorb a process that is held up.
const BEGIN_LEAD_COLD_NS: u64 = 1_000_000_000;
/// How long the last look at the sockets of a step may take.
const LAST_LOOK_NS: u64 = 2_000_000_000;
/// The same when all clients have connected and nothing is measured yet: of a million connections it takes seconds.
const FULL_LOOK_NS: u64 = 60_000_000_000;

/// Why a step ended before its time.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By a signal.
    Interrupted,
    /// A process of the run ended or failed.
    Died(String),
    /// The machine does not give what is needed.
    Environment(String),
    /// The machine has no more of what it gave until then: what was measured is kept, and marked as invalid.
    Exhausted { scarcity: Scarcity, reason: String },
}

/// A step's end: what was measured, and why it ended early if it did.
#[derive(Debug)]
pub(crate) struct StepEnd {
    pub(crate) measured: Option<Measured>,
    pub(crate) ended: Option<Ended>,
}

/// Runs a step to its end, whatever that is. No process is left when it returns.
pub(crate) async fn run(
    job: Job<'_>,
    files: &mut LabelFiles,
    progress: &mut Progress,
    interrupt: &mut Interrupt,
) -> StepEnd {
    let topology = match Topology::make(job.plan.network, job.workers) {
        Ok(topology) => topology,
        Err(error) => return StepEnd { measured: None, ended: Some(Ended::Environment(error.to_string())) },
    };
    let mut fleet = Fleet::new(job.program.to_owned(), topology.clone(), Placement::here());
    let started = tokio::select! {
        started = start_processes(&job, &topology, &mut fleet) => started.map_err(|error| {
            if error.is_environment() {
                Ended::Environment(error.to_string())
            } else {
                Ended::Died(error.to_string())
            }
        }),
        () = interrupt.wait() => Err(Ended::Interrupted),
    };
    let ports = match started {
        Ok(ports) => ports,
        Err(ended) => {
            fleet.kill().await;
            return StepEnd { measured: None, ended: Some(ended) };
        }
    };
    let watched = Watched { topology, targets: fleet.target_pids(), workers: fleet.worker_pids(), ports };
    let mut step = Step::new(job, fleet, watched, files, progress, interrupt);
    let ended = step.measure().await.err();
    step.close(ended).await
}

/// Starts targets, then workers that know them. Returns the targets' ports.
async fn start_processes(
    job: &Job<'_>,
    topology: &Topology,
    fleet: &mut Fleet,
) -> Result<Vec<u16>, FleetError> {
    let addresses = fleet.add_targets(job.target_shares(topology)).await?;
    fleet.add_workers(job.worker_shares(topology, &addresses)).await?;
    Ok(addresses.iter().map(SocketAddr::port).collect())
}

struct Step<'r, 'a> {
    job: Job<'a>,
    fleet: Fleet,
    files: &'r mut LabelFiles,
    progress: &'r mut Progress,
    interrupt: &'r mut Interrupt,
    sampler: Sampler,
    seen: UnboundedReceiver<Seen>,
    gather: Gather,
    watched: Watched,
    connect_ns: u64,
    before: Before,
    edges: Option<PhaseEdges>,
    at_edges: [Option<AtEdge>; EDGES],
    peak: Peak,
    ramp: Ramp,
    looked: bool,
    finished: Vec<Member>,
    sums: WorkerSums,
}

/// Readings from before the first client.
struct Before {
    usages: Usages,
    kernel_bytes: Option<u64>,
    listen_overflows: Option<u64>,
    killed_for_memory: Option<u64>,
}

impl<'r, 'a> Step<'r, 'a> {
    fn new(
        job: Job<'a>,
        fleet: Fleet,
        watched: Watched,
        files: &'r mut LabelFiles,
        progress: &'r mut Progress,
        interrupt: &'r mut Interrupt,
    ) -> Self {
        let before = Before {
            usages: sampler::usages(&watched),
            kernel_bytes: memory::socket_bytes().ok(),
            listen_overflows: watched.topology.listen_overflows().ok(),
            killed_for_memory: memory::killed_for_memory().ok(),
        };
        let order_ns = patience::order(job.targets + job.workers).as_nanos() as u64;
        let connect_ns = clock::now_ns() + CONNECT_LEAD_NS + order_ns;
        let last_arrival_ns = connect_ns + arrival_offset_ns(job.clients, job.plan.connect_rate);
        let (tell, seen) = unbounded_channel();
        let sampler = Sampler::start(watched.clone(), connect_ns, tell);
        let gather = Gather::new(
            job.clients,
            job.targets as usize,
            job.workers as usize,
            connect_ns,
            before.usages.clone(),
        )
        .of(Publishes::of(job.plan))
        .keeping(if job.plan.rounds > 1 { Seconds::Kept } else { Seconds::Dropped });
        Self {
            job,
            fleet,
            files,
            progress,
            interrupt,
            sampler,
            seen,
            gather,
            watched,
            connect_ns,
            before,
            edges: None,
            at_edges: Default::default(),
            peak: Peak::default(),
            ramp: Ramp::new(last_arrival_ns),
            looked: false,
            finished: Vec::new(),
            sums: WorkerSums::default(),
        }
    }

    /// Ramp, warm-up, measure, drain, and the closing of the books.
    async fn measure(&mut self) -> Result<(), Ended> {
        let from_ns = self.connect_ns;
        self.progress.ramp_begins(&self.job);
        self.fleet.tell_targets(&ToTarget::Report { from_ns }).await;
        self.fleet.tell_workers(&ToWorker::Connect { start_ns: from_ns }).await;
        let (clients, workers) = (self.job.clients, self.job.workers);
        let grace_ns = patience::connecting(self.job.plan, clients).as_nanos() as u64;
        let last_arrival_ns = arrival_offset_ns(clients, self.job.plan.connect_rate);
        self.listen_until((from_ns + last_arrival_ns).saturating_add(grace_ns), |step| {
            step.ramp.workers_ready() == workers || step.ramp.is_stuck(clock::now_ns())
        })
        .await?;
        self.see_kernel();
        self.sampler.look();
        self.listen_until(clock::now_ns() + FULL_LOOK_NS, |step| step.looked).await?;

        let edges = self.begin().await;
        self.listen_until(edges.end_ns, |_| false).await?;
        // Sockets are looked at once more before anybody closes one.
        self.listen_until(edges.end_ns + LAST_LOOK_NS, |step| step.gather.is_sampled(edges.end_ns)).await?;
        self.see_kernel();

        self.fleet.tell_workers(&ToWorker::Finish).await;
        self.await_closed((0..workers as usize).map(Member::Worker)).await?;
        self.fleet.tell_targets(&ToTarget::Stop).await;
        self.await_closed((0..self.job.targets as usize).map(Member::Target)).await
    }

    /// Waits until these processes have closed their books; names one that does not.
    async fn await_closed(&mut self, members: impl Iterator<Item = Member> + Clone) -> Result<(), Ended> {
        let open = |step: &Self| members.clone().find(|member| !step.finished.contains(member));
        let patience = patience::closing(self.job.clients);
        let deadline_ns = clock::now_ns() + patience.as_nanos() as u64;
        self.listen_until(deadline_ns, |step| open(step).is_none()).await?;
        match open(self) {
            Some(member) => {
                Err(Ended::Died(format!("{member} did not close its books within {} s", patience.as_secs())))
            }
            None => Ok(()),
        }
    }

    async fn begin(&mut self) -> PhaseEdges {
        let phases = self.job.plan.phases;
        let warmup_ns = phases.warmup.as_nanos() as u64;
        let lead_ns = if warmup_ns < BEGIN_LEAD_COLD_NS { BEGIN_LEAD_COLD_NS } else { BEGIN_LEAD_NS };
        let order_ns = patience::order(self.job.targets + self.job.workers).as_nanos() as u64;
        let start_ns = clock::now_ns() + lead_ns + order_ns;
        let measure_ns = start_ns + warmup_ns;
        let drain_ns = measure_ns + phases.measure.as_nanos() as u64;
        let edges =
            PhaseEdges { start_ns, measure_ns, drain_ns, end_ns: drain_ns + phases.drain.as_nanos() as u64 };
        self.edges = Some(edges);
        self.gather.begin(edges);
        self.sampler.begin(edges, self.job.clients as usize);
        self.fleet.tell_workers(&ToWorker::Begin(edges)).await;
        self.fleet.tell_targets(&ToTarget::Begin(edges)).await;
        edges
    }

    /// Takes in what processes, kernel and user say until a condition holds or an instant has come.
    async fn listen_until(&mut self, deadline_ns: u64, done: impl Fn(&Self) -> bool) -> Result<(), Ended> {
        while !done(self) {
            let left = Duration::from_nanos(deadline_ns.saturating_sub(clock::now_ns()));
            tokio::select! {
                heard = self.fleet.heard.recv() => if let Some(heard) = heard {
                    self.hear(heard).await?;
                },
                seen = self.seen.recv() => if let Some(seen) = seen {
                    self.see(seen)?;
                },
                () = self.interrupt.wait() => return Err(Ended::Interrupted),
                () = tokio::time::sleep(left) => return Ok(()),
            }
            self.write_rows(false)?;
        }
        Ok(())
    }

    /// Writes the rows that are complete, or at the end all that there are.
    fn write_rows(&mut self, all: bool) -> Result<(), Ended> {
        while let Some(mut row) = if all { self.gather.next_row() } else { self.gather.complete_row() } {
            if let Some(interval) = &mut row.interval {
                interval.round = self.job.round;
                interval.point.clone_from(&self.job.plan.point.name);
            }
            self.files.write_row(&self.job, &row).map_err(|error| {
                Ended::Environment(format!("cannot write {}: {error}", self.files.folder().display()))
            })?;
            if let Some(interval) = &row.interval {
                self.progress.row(interval, &self.gather.histograms, self.edges);
            }
        }
        Ok(())
    }

    /// Takes in reports that had come when the step ended; that a process is gone is no news any more.
    async fn take_in_what_is_left(&mut self) {
        while let Ok(heard) = self.fleet.heard.try_recv() {
            if !matches!(heard, Heard::Gone(_)) {
                // Why the step ended is known by now.
                let _ = self.hear(heard).await;
            }
        }
        while let Ok(seen) = self.seen.try_recv() {
            let _ = self.see(seen);
        }
    }

    /// Ends the processes and makes the result of what was measured.
    async fn close(mut self, mut ended: Option<Ended>) -> StepEnd {
        self.take_in_what_is_left().await;
        if let Err(error) = self.write_rows(true) {
            ended.get_or_insert(error);
        }
        let exhausted = match &ended {
            Some(Ended::Exhausted { scarcity, .. }) => Some(*scarcity),
            _ => None,
        };
        if exhausted.is_some() {
            self.see_kernel();
        }
        if ended.is_some() {
            self.fleet.kill().await;
        } else {
            self.fleet.end(patience::ending(self.job.clients)).await;
        }
        drop(self.sampler);
        let used = self.peak.used(&self.before.usages);
        let Watched { topology, ports, .. } = &self.watched;
        let evidence = Evidence {
            edges: self.edges,
            complete: ended.is_none(),
            sums: self.sums,
            gather: self.gather,
            before: self.before.usages,
            at_edges: self.at_edges,
            // Sockets that others closed meanwhile hide the growth: then it is unknown, not zero.
            kernel_bytes: used.kernel_bytes.filter(|bytes| *bytes > 0),
            scarcity: self.ramp.scarcity(),
            exhausted,
            ended_ns: clock::now_ns(),
            used,
            listen_overflows: growth(topology.listen_overflows().ok(), self.before.listen_overflows),
            sockets_left: outcome::sockets_left(topology, ports),
            ports: ports.clone(),
        };
        if let Some(sums) = evidence.complete.then_some(&evidence.sums)
            && let Err(error) = self.files.write_clients(&self.job, sums)
        {
            ended.get_or_insert(Ended::Environment(format!("cannot write clients.csv: {error}")));
        }
        StepEnd { measured: outcome::measured(&self.job, evidence), ended }
    }
}

fn growth(now: Option<u64>, before: Option<u64>) -> Option<u64> {
    Some(now?.saturating_sub(before?))
}
