//! What one process of a step has to do: its share of the plan.
//!
//! Shares are values that a coordinator hands out; how they travel is not known here.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

use crate::plan::{Plan, TransportPlan};

/// A worker's share of the clients of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerShare {
    /// The whole plan.
    pub plan: Plan,
    /// Position of the transport in the plan.
    pub transport: usize,
    /// Clients of the step, over all workers.
    pub clients: u32,
    /// This worker's number, from 0.
    pub worker: u32,
    /// Number of workers.
    pub workers: u32,
    /// Where the targets listen.
    pub targets: Vec<SocketAddr>,
    /// Address to connect from; `None` leaves it to the kernel.
    pub source: Option<IpAddr>,
}

impl WorkerShare {
    /// The transport under test.
    #[must_use]
    pub fn transport(&self) -> &TransportPlan {
        &self.plan.transports[self.transport]
    }

    /// The numbers of this worker's clients: dealt out in turn, so that every worker sees the whole ramp.
    pub fn client_numbers(&self) -> impl Iterator<Item = u32> + use<> {
        (self.worker..self.clients).step_by(self.workers.max(1) as usize)
    }

    /// The target of a client.
    #[must_use]
    pub fn target_of(&self, client: u32) -> SocketAddr {
        self.targets[client as usize % self.targets.len()]
    }
}

/// A target process's share: all of them publish the same schedule to clients of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetShare {
    /// The whole plan.
    pub plan: Plan,
    /// Position of the transport in the plan.
    pub transport: usize,
    /// Clients of the step, over all targets.
    pub clients: u32,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl TargetShare {
    /// The transport under test.
    #[must_use]
    pub fn transport(&self) -> &TransportPlan {
        &self.plan.transports[self.transport]
    }
}
