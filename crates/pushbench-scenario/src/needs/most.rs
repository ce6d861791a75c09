//! The most clients of a plan that a machine has room for.

use super::{Machine, Refusal, refusal};
use crate::plan::Plan;

/// What `--clients max` comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Most {
    /// Clients that fit for every transport of the plan: no more than its largest step.
    pub clients: u32,
    /// What forbids one more; `None` where the largest step fits.
    pub stopped_by: Option<Refusal>,
}

/// The most clients of the plan's largest step that `machine` has room for, with every transport.
#[must_use]
pub fn most_clients(plan: &Plan, machine: &Machine) -> Most {
    let largest = plan.steps.iter().copied().max().unwrap_or(0);
    let refusals = |clients: u32| {
        let of_transport = |transport| {
            refusal::of(plan, machine, transport, &super::step(plan, machine, transport, clients))
        };
        plan.transports.iter().flat_map(of_transport).collect::<Vec<_>>()
    };
    if refusals(largest).is_empty() {
        return Most { clients: largest, stopped_by: None };
    }
    let clients = refusal::most_below(largest, |clients| refusal::forbids(plan, machine, clients));
    Most { clients, stopped_by: refusals(clients + 1).into_iter().next() }
}
