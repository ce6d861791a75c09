//! Scenario files as commands take them: all of them read and checked before anything begins.

use pushbench_probe::{limits, memory};
use pushbench_scenario::needs::{Machine, Needs, needs};
use pushbench_scenario::{Overrides, Plan};
use std::path::PathBuf;

use crate::cli::OverrideArguments;
use crate::exit::{Exit, Failure};

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
    };
    let machine = machine();
    let mut plans = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        match pushbench_scenario::load(path, &overrides) {
            Ok(plan) => {
                let needs = needs(&plan, &machine);
                plans.push((plan, needs));
            }
            Err(error) => faults.push(error.to_string()),
        }
    }
    if faults.is_empty() { Ok(plans) } else { Err(Failure::of(Exit::Usage, faults.join("\n"))) }
}

/// Refuses plans that this machine has no room for, naming the limits.
pub(super) fn refuse_what_does_not_fit(plans: &[(Plan, Needs)]) -> Result<(), Failure> {
    let refusals: Vec<String> = plans
        .iter()
        .flat_map(|(plan, needs)| {
            needs.refusals().into_iter().map(|refusal| format!("{}: {refusal}", plan.path))
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(Failure::of(Exit::Environment, refusals.join("\n"))) }
}

/// What this machine offers; the usual values where it does not tell.
fn machine() -> Machine {
    Machine {
        open_files_soft_after_raise: limits::open_files().hard,
        ports: limits::ephemeral_ports().unwrap_or((32_768, 60_999)),
        memory_available_bytes: limits::memory_available_bytes()
            .or_else(|_| memory::total_bytes())
            .unwrap_or(u64::MAX),
        cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
    }
}
