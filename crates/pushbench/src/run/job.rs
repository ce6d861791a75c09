//! What one step is to measure, and with how many processes.

use pushbench_scenario::plan::{Plan, TransportPlan};
use std::path::Path;

/// What is to be measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) transport: usize,
    pub(crate) clients: u32,
    /// Round of the run, from 1.
    pub(crate) round: u32,
    pub(crate) targets: u32,
    pub(crate) workers: u32,
    pub(crate) program: &'a Path,
}

impl Job<'_> {
    pub(crate) fn transport(&self) -> &TransportPlan {
        &self.plan.transports[self.transport]
    }
}
