//! Scenario files as commands take them: all of them read and checked before anything begins.

use pushbench_measure::results::Vary;
use pushbench_probe::limits;
use pushbench_probe::network::Namespace;
use pushbench_scenario::needs::{Machine, Needs, most_clients, needs, with_upper_end};
use pushbench_scenario::{Capacity, LoadError, Network, Overrides, Plan, Scenario};
use std::path::{Path, PathBuf};

use crate::cli::{Clients, OverrideArguments};
use crate::exit::{Exit, Failure};
use crate::run::{self, Asked};
use crate::terminal;

/// Reads all files. All faults of all files are said at once.
pub(super) fn load_all(paths: &[PathBuf], overrides: &OverrideArguments) -> Result<Vec<Asked>, Failure> {
    let clients = match &overrides.clients {
        Some(Clients::Steps(steps)) => Some(steps.clone()),
        Some(Clients::Max) | None => None,
    };
    let clients_wanted = match overrides.clients {
        Some(Clients::Max) => ClientsWanted::AsManyAsFit,
        Some(Clients::Steps(_)) | None => ClientsWanted::AsPlanned,
    };
    let overrides = Overrides {
        clients,
        rate: overrides.rate.clone(),
        duration: overrides.duration,
        seed: overrides.seed,
        repeat: overrides.repeat,
        only: overrides.only.clone(),
        points: overrides.points.clone(),
        inject: overrides.inject,
    };
    let mut plans = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        match load(path, &overrides, clients_wanted, machine) {
            Ok(loaded) => plans.push(loaded),
            Err(error) => faults.push(error.to_string()),
        }
    }
    if faults.is_empty() { Ok(plans) } else { Err(Failure::of(Exit::Usage, faults.join("\n"))) }
}

/// How many clients a plan is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientsWanted {
    AsPlanned,
    AsManyAsFit,
}

/// Reads a file, and the machine once for each network: what fits into a reading need not fit into the next.
fn load(
    path: &Path,
    overrides: &Overrides,
    wanted: ClientsWanted,
    mut machine: impl FnMut(Network) -> Machine,
) -> Result<Asked, LoadError> {
    let scenario = pushbench_scenario::load(path, overrides)?;
    let mut machines = Vec::new();
    for plan in &scenario.points {
        if !machines.iter().any(|(network, _)| *network == plan.network) {
            machines.push((plan.network, machine(plan.network)));
        }
    }
    let machine_of = |plan: &Plan| {
        let of_network = machines.iter().find(|(network, _)| *network == plan.network);
        of_network.map_or(machines[0].1, |(_, machine)| *machine)
    };
    let scenario = match wanted {
        ClientsWanted::AsPlanned => scenario,
        // It goes as far as that.
        ClientsWanted::AsManyAsFit if searches_clients(&scenario) => without_end(scenario),
        ClientsWanted::AsManyAsFit => {
            pushbench_scenario::load(path, &scaled_to_fit(&scenario, overrides, machine_of))?
        }
    };
    let points = scenario.points.into_iter();
    let points = points.map(|plan| {
        let machine = machine_of(&plan);
        with_upper_end(plan, &machine)
    });
    let scenario = Scenario { points: points.collect(), varies: scenario.varies };
    let needs = scenario.points.iter().map(|plan| needs(plan, &machine_of(plan))).collect();
    Ok(Asked { scenario, needs })
}

fn searches_clients(scenario: &Scenario) -> bool {
    scenario.first().capacity.is_some_and(|capacity| capacity.vary == Vary::Clients)
}

/// The search without the upper end that the file gives it.
fn without_end(mut scenario: Scenario) -> Scenario {
    for plan in &mut scenario.points {
        plan.capacity = plan.capacity.map(|capacity| Capacity { to: None, ..capacity });
    }
    scenario
}

/// The overrides with as many clients as fit at every point, which is said; where not even one does, as they are: what
/// forbids it is said later.
fn scaled_to_fit(
    scenario: &Scenario,
    overrides: &Overrides,
    machine: impl Fn(&Plan) -> Machine,
) -> Overrides {
    let fitting = scenario.points.iter().map(|plan| most_clients(plan, &machine(plan)));
    let Some(most) = fitting.min_by_key(|most| most.clients).filter(|most| most.clients > 0) else {
        return overrides.clone();
    };
    let why = match &most.stopped_by {
        None => "the scenario's largest step fits".to_owned(),
        Some(refusal) => format!("{} forbids more of `{}`", refusal.limit, refusal.label),
    };
    let path = &scenario.first().path;
    terminal::say(format_args!("{path}: --clients max is {}: {why}", most.clients));
    Overrides { clients: Some(vec![most.clients]), ..overrides.clone() }
}

/// Bounds of the kernel that allow the plans and that figures will show.
pub(super) fn tell_what_will_be_felt(asked: &[Asked]) {
    for asked in asked {
        for warning in once(asked.needs.iter().flat_map(Needs::warnings).map(ToString::to_string)) {
            terminal::say(format_args!("{}: {warning}", asked.scenario.first().path));
        }
    }
}

/// Refuses plans that this machine has no room for, naming the limits, and networks that it does not let us have.
pub(super) fn refuse_what_does_not_fit(asked: &[Asked]) -> Result<(), Failure> {
    let mut refusals = Vec::new();
    for Asked { scenario, needs } in asked {
        let of_points = scenario.points.iter().zip(needs).flat_map(|(plan, needs)| {
            let limits = needs.refusals().into_iter().map(|refusal| refusal.to_string());
            limits.chain(run::lacking_privileges(plan.network))
        });
        refusals
            .extend(once(of_points).iter().map(|refusal| format!("{}: {refusal}", scenario.first().path)));
    }
    if refusals.is_empty() { Ok(()) } else { Err(Failure::of(Exit::Environment, refusals.join("\n"))) }
}

/// Refuses what takes longer than anybody expects who did not say so.
pub(super) fn want_consent(asked: &[Asked], yes: bool) -> Result<(), Failure> {
    let wanting: Vec<String> = asked
        .iter()
        .filter_map(|Asked { scenario, needs }| {
            let reason = scenario.wants_consent(needs)?;
            Some(format!("{}: {reason}", scenario.first().path))
        })
        .collect();
    if yes || wanting.is_empty() { Ok(()) } else { Err(Failure::of(Exit::Usage, wanting.join("\n"))) }
}

/// What several points say, each line once.
fn once(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in lines {
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all
}

/// What this machine offers in a network; the usual values where it does not tell.
pub(super) fn machine(network: Network) -> Machine {
    let ports = match network {
        Network::Loopback => limits::ephemeral_ports().unwrap_or((32_768, 60_999)),
        Network::Veth => Namespace::PORTS,
    };
    Machine {
        open_files_soft_after_raise: limits::open_files().hard,
        host_files_left: limits::host_files_left().unwrap_or(u64::MAX),
        ports,
        memory_available_bytes: limits::memory_available_bytes()
            .or_else(|_| limits::memory_allowed_bytes())
            .unwrap_or(u64::MAX),
        listen_backlog: limits::listen_backlog_max().unwrap_or(4096),
        time_wait_max: limits::time_wait_max().unwrap_or(u64::MAX),
        tcp_memory_max_bytes: limits::tcp_memory_max_bytes().unwrap_or(u64::MAX),
        cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::needs::Limit;
    use std::fs;

    const SCENARIO: &str = r#"
name = "many"
[clients]
count = 100_000
[events]
pattern = "broadcast"
rate = "1/s"
[phases]
measure = "10s"
[[transports]]
kind = "sse"
"#;

    #[test]
    fn as_many_as_fit_do_fit_though_every_reading_of_the_machine_finds_less() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("many.toml");
        fs::write(&path, SCENARIO).unwrap();
        let roomy = Machine {
            open_files_soft_after_raise: 20_000,
            host_files_left: u64::MAX,
            ports: (32_768, 60_999),
            memory_available_bytes: u64::MAX,
            cpus: 2,
            listen_backlog: 4096,
            time_wait_max: 1 << 17,
            tcp_memory_max_bytes: 1 << 31,
        };
        let short_of = [
            (Limit::Memory, Machine { memory_available_bytes: 400 << 20, ..roomy }),
            (Limit::HostFiles, Machine { host_files_left: 30_000, ..roomy }),
        ];
        for (limit, mut left) in short_of {
            let reading = |_| {
                left.memory_available_bytes -= 10 << 20;
                left.host_files_left -= 1_000;
                left
            };
            let Asked { scenario, needs } =
                load(&path, &Overrides::default(), ClientsWanted::AsManyAsFit, reading).unwrap();
            let plan = scenario.first();
            assert!((1_000..100_000).contains(&plan.steps[0]), "{limit}: {:?}", plan.steps);
            assert_eq!(needs[0].refusals(), [], "{limit}");
            let Asked { needs, .. } =
                load(&path, &Overrides::default(), ClientsWanted::AsPlanned, |_| left).unwrap();
            assert_eq!(needs[0].refusals()[0].limit, limit);
        }
    }
}
