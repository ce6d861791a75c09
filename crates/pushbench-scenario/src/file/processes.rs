//! `[target]` and `[workers]`: the processes of both sides.

use super::{MOST_PROCESSES, keys, slow};
use crate::inject::{Inject, InjectFault, InjectFaults};
use crate::overrides::Overrides;
use crate::section::{FaultList, Section};

/// The keys of the built-in target, and the faults that it is to make.
pub(super) fn target(
    section: &Section,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> (keys::Target, Option<Inject>) {
    let keys = section.read(keys::Target::default(), None, &[], faults);
    section.check("ring", (1..=1_000_000).contains(&keys.ring), faults, "1 to 1000000 events");
    slow::check_target(section, &keys, faults);
    let connections = keys.connections.is_none_or(|connections| connections > 0);
    section.check("connections", connections, faults, "at least 1 connection");
    let inject = inject(section, keys.inject.as_deref(), overrides, faults);
    check_processes(section, keys.processes, faults);
    (keys, inject)
}

/// The number of worker processes.
pub(super) fn workers(section: &Section, faults: &mut FaultList) -> Option<u32> {
    let keys = section.read(keys::Workers::default(), None, &[], faults);
    check_processes(section, keys.processes, faults);
    keys.processes
}

fn check_processes(section: &Section, processes: Option<u32>, faults: &mut FaultList) {
    let sensible = processes.is_none_or(|count| (1..=MOST_PROCESSES).contains(&count));
    section.check("processes", sensible, faults, "1 to 1000 processes");
}

/// Every fault of the text is one of the key's line. The command line's own were said when it was read.
fn inject(
    section: &Section,
    text: Option<&str>,
    overrides: &Overrides,
    faults: &mut FaultList,
) -> Option<Inject> {
    let of_file = text.and_then(|text| {
        let said = text.parse::<Inject>().map_err(|InjectFaults(said)| said);
        said.map_err(|said| {
            for InjectFault { problem, hint } in said {
                section.fault("inject", faults, problem);
                faults.hint(hint);
            }
        })
        .ok()
    });
    overrides.inject.or(of_file)
}
