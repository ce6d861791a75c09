//! What one step is to measure, and with how many processes.

use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::Resources;
use pushbench_scenario::plan::{Plan, TransportPlan};
use pushbench_scenario::share::{TargetShare, WorkerShare};
use std::net::SocketAddr;
use std::path::Path;

use super::topology::Topology;

/// What is to be measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) transport: usize,
    pub(crate) clients: u32,
    /// Number of the plan's point, from 1, in a run of several.
    pub(crate) point: Option<u32>,
    /// Round of the run, from 1.
    pub(crate) round: u32,
    pub(crate) targets: u32,
    pub(crate) workers: u32,
    pub(crate) program: &'a Path,
    /// What it is predicted to use; `None` where nobody asks.
    pub(crate) predicted: Option<Resources>,
}

impl Job<'_> {
    pub(crate) fn transport(&self) -> &TransportPlan {
        &self.plan.transports[self.transport]
    }

    /// Which measurement of its transport it is, in the interval log.
    pub(crate) fn mark(&self) -> Mark {
        Mark { point: self.point, step: (self.plan.steps.len() > 1).then_some(self.clients) }
    }

    /// What each target has to do.
    pub(crate) fn target_shares(&self, topology: &Topology) -> Vec<TargetShare> {
        let targets = u64::from(self.targets);
        let share = |target| TargetShare {
            plan: self.plan.clone(),
            transport: self.transport,
            clients: self.clients,
            listen: topology.listen(),
            // Dealt out in turn, as clients are.
            connections: self.plan.target_connections.map(|all| (all + targets - 1 - target) / targets),
        };
        (0..targets).map(share).collect()
    }

    /// What each worker has to do, with targets at these addresses.
    pub(crate) fn worker_shares(&self, topology: &Topology, targets: &[SocketAddr]) -> Vec<WorkerShare> {
        let share = |worker| WorkerShare {
            plan: self.plan.clone(),
            transport: self.transport,
            clients: self.clients,
            worker,
            workers: self.workers,
            targets: targets.to_vec(),
            source: Some(topology.source(worker).into()),
        };
        (0..self.workers).map(share).collect()
    }
}
