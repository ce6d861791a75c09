//! Scenario files as commands take them: all of them read and checked before anything begins.

use pushbench_probe::network::Namespace;
use pushbench_probe::{limits, memory};
use pushbench_scenario::needs::{Machine, Needs, needs};
use pushbench_scenario::{Network, Overrides, Plan};
use std::path::PathBuf;

use crate::cli::OverrideArguments;
use crate::exit::{Exit, Failure};
use crate::run;

/// Reads all files. All faults of all files are said at once.
pub(super) fn load_all(
    paths: &[PathBuf],
    overrides: &OverrideArguments,
) -> Result<Vec<(Plan, Needs)>, Failure> {
    let overrides = Overrides {
        clients: overrides.clients.clone(),
        duration: overrides.duration,
        seed: overrides.seed,
        repeat: overrides.repeat,
        only: overrides.only.clone(),
        inject: overrides.inject,
    };
    let mut plans = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        match pushbench_scenario::load(path, &overrides) {
            Ok(plan) => {
                let needs = needs(&plan, &machine(plan.network));
                plans.push((plan, needs));
            }
            Err(error) => faults.push(error.to_string()),
        }
    }
    if faults.is_empty() { Ok(plans) } else { Err(Failure::of(Exit::Usage, faults.join("\n"))) }
}

/// Refuses plans that this machine has no room for, naming the limits, and networks that it does not let us have.
pub(super) fn refuse_what_does_not_fit(plans: &[(Plan, Needs)]) -> Result<(), Failure> {
    let refusals: Vec<String> = plans
        .iter()
        .flat_map(|(plan, needs)| {
            let limits = needs.refusals().into_iter().map(|refusal| refusal.to_string());
            let refusals = limits.chain(run::lacking_privileges(plan.network));
            refusals.map(|refusal| format!("{}: {refusal}", plan.path))
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(Failure::of(Exit::Environment, refusals.join("\n"))) }
}

/// What this machine offers in a network; the usual values where it does not tell.
pub(super) fn machine(network: Network) -> Machine {
    let ports = match network {
        Network::Loopback => limits::ephemeral_ports().unwrap_or((32_768, 60_999)),
        Network::Veth => Namespace::PORTS,
    };
    Machine {
        open_files_soft_after_raise: limits::open_files().hard,
        ports,
        memory_available_bytes: limits::memory_available_bytes()
            .or_else(|_| memory::total_bytes())
            .unwrap_or(u64::MAX),
        cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
    }
}
