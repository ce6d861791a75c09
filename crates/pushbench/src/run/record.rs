//! A run's manifest before anything is measured: what was asked for, and the machine.

use pushbench_measure::results::{
    FORMAT, Host, LifeRecord, PointRecord, Run, ScenarioRecord, Setup, SlowRecord, Status, TransportRecord,
};
use pushbench_probe::{clock, host, limits};
use pushbench_scenario::plan::{Comparison, Plan};
use pushbench_scenario::{Coalesce, Scenario, Topics, Varies};
use pushbench_transport::settings::TransportSettings as _;
use std::collections::BTreeMap;

use super::placement::Placement;

/// The manifest of a scenario's run that begins now.
pub(super) fn manifest_of(scenario: &Scenario) -> Run {
    let mut run = manifest(scenario.first());
    let of_point = |plan: &&Plan| !plan.point.name.is_empty();
    run.scenario.points = scenario.points.iter().filter(of_point).map(point).collect();
    run.scenario.sweep = match &scenario.varies {
        Varies::Sweep(sweep) => Some(sweep.clone()),
        Varies::Nothing | Varies::Cases => None,
    };
    for transport in scenario.points.iter().flat_map(|plan| &plan.transports) {
        if !run.transports.iter().any(|known| known.label == transport.label) {
            run.transports.push(transport_record(transport));
        }
    }
    run
}

/// What the manifest says of a plan's point.
pub(super) fn point(plan: &Plan) -> PointRecord {
    let transports = plan.transports.iter().map(transport_record).collect();
    let (name, values) = (plan.point.name.clone(), plan.point.values.clone());
    PointRecord { name, values, setup: setup(plan), transports }
}

/// The manifest of a plan's run that begins now.
pub(super) fn manifest(plan: &Plan) -> Run {
    Run {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("PUSHBENCH_COMMIT").map(str::to_owned),
        command: std::env::args().collect(),
        started: clock::utc_rfc3339(),
        finished: None,
        status: Status::Running,
        reason: None,
        scenario: scenario(plan),
        host: host_record(),
        calibration: None,
        transports: plan.transports.iter().map(transport_record).collect(),
        results: Vec::new(),
        capacity: Vec::new(),
    }
}

/// The scenario of a plan.
fn scenario(plan: &Plan) -> ScenarioRecord {
    ScenarioRecord {
        name: plan.name.clone(),
        title: plan.title.clone(),
        path: plan.path.clone(),
        text: plan.text.clone(),
        sha256: plan.sha256.clone(),
        overrides: plan.overrides.clone(),
        rounds: plan.rounds,
        setup: setup(plan),
        points: Vec::new(),
        sweep: None,
    }
}

/// What a plan's transports are measured under.
fn setup(plan: &Plan) -> Setup {
    let seconds = |duration: std::time::Duration| duration.as_secs_f64();
    let (latency_p99_limit_us, latency_p99_limits_us) = latency_limits_us(plan);
    Setup {
        seed: plan.seed,
        network: plan.network.name().to_owned(),
        mtu_bytes: plan.network.mtu(),
        steps: plan.steps.clone(),
        pattern: plan.events.pattern().to_owned(),
        topics: plan.topics(plan.steps.iter().copied().max().unwrap_or(0)),
        members: match plan.events.topics {
            Topics::Rooms { members } => Some(members),
            Topics::Broadcast | Topics::Count(_) | Topics::PerClient => None,
        },
        events_per_second: plan.events_of(plan.steps.iter().copied().max().unwrap_or(0)).per_second(),
        event_size: plan.events.size.to_string(),
        warmup_s: seconds(plan.phases.warmup),
        measure_s: seconds(plan.phases.measure),
        drain_s: seconds(plan.phases.drain),
        latency_p99_limit_us,
        latency_p99_limits_us,
        inject: plan.inject.map(|inject| inject.to_string()),
        coalesce: (plan.coalesce != Coalesce::Off).then(|| plan.coalesce.to_string()),
        life: life_record(plan),
        slow: plan.slow.map(|slow| SlowRecord { share: slow.share, reading: slow.reading.to_string() }),
    }
}

/// What happens to connections.
fn life_record(plan: &Plan) -> Option<LifeRecord> {
    let (storm, restart) = (plan.life.storm, plan.life.restart);
    (plan.has_lives() || plan.life.drops()).then(|| LifeRecord {
        leaves: plan.has_lives(),
        resume: plan.life.resume,
        storm_at_s: storm.map(|storm| storm.at.as_secs_f64()),
        storm_share: storm.map(|storm| storm.share),
        restart_at_s: restart.map(|restart| restart.at.as_secs_f64()),
        restart_s: restart.map(|restart| restart.down.as_secs_f64()),
    })
}

/// The limit on p99 that every transport must keep, if there is one; or where they differ those that there are, by label.
fn latency_limits_us(plan: &Plan) -> (Option<u64>, BTreeMap<String, u64>) {
    let upper = |comparison| matches!(comparison, Comparison::Less | Comparison::AtMost);
    let limits = plan.transports.iter().filter_map(|transport| {
        let of_label = plan.thresholds.iter().filter(|threshold| threshold.label == transport.label);
        let of_p99 =
            of_label.filter(|threshold| threshold.column == "latency_p99_us" && upper(threshold.comparison));
        Some((transport.label.clone(), of_p99.map(|threshold| threshold.bound as u64).min()?))
    });
    let limits: BTreeMap<String, u64> = limits.collect();
    let first = limits.values().next().copied();
    let shared = limits.len() == plan.transports.len() && limits.values().all(|limit| Some(*limit) == first);
    if shared { (first, BTreeMap::new()) } else { (None, limits) }
}

fn transport_record(transport: &pushbench_scenario::TransportPlan) -> TransportRecord {
    let settings = &transport.settings;
    TransportRecord {
        label: transport.label.clone(),
        kind: settings.kind().name().to_owned(),
        kind_index: settings.kind().index(),
        settings: settings.describe(),
        poll_interval_us: settings.poll_interval().map(|interval| interval.as_micros() as u64),
    }
}

/// The machine, as far as it tells.
pub(crate) fn host_record() -> Host {
    let read = host::read().ok();
    let placement = Placement::here();
    Host {
        name: read.as_ref().map(|host| host.name.clone()).unwrap_or_default(),
        kernel: read.as_ref().map(|host| host.kernel.clone()).unwrap_or_default(),
        cpu: read.as_ref().map(|host| host.cpu.clone()).unwrap_or_default(),
        cpus: read.as_ref().map_or(0, |host| host.cpus as u32),
        memory_bytes: read.map_or(0, |host| host.memory_bytes),
        open_files: limits::open_files().hard,
        ports: limits::ephemeral_ports().unwrap_or_default(),
        target_cpus: placement.targets,
        worker_cpus: placement.workers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::{Overrides, parse};

    fn recorded(thresholds: &str) -> Setup {
        let head = "name = \"x\"\n[clients]\ncount = 10\n[events]\npattern = \"broadcast\"\nrate = \"5/s\"\n\
            [phases]\nmeasure = \"10s\"\n[[transports]]\nkind = \"short-polling\"\n[[transports]]\nkind = \"sse\"\n";
        setup(&parse(&format!("{head}{thresholds}"), "x.toml", &Overrides::default()).unwrap())
    }

    #[test]
    fn limits_that_differ_are_known_by_label_and_one_of_all_is_known_once() {
        let all = "[thresholds]\nlatency_p99 = \"< 250ms\"\n";
        let own = |condition: &str| format!("[thresholds.short-polling]\nlatency_p99 = \"{condition}\"\n");
        let none = BTreeMap::new();
        let of_label = |label: &str, us: u64| (label.to_owned(), us);
        let both = BTreeMap::from([of_label("short-polling", 1_250_000), of_label("sse", 250_000)]);
        let one = BTreeMap::from([of_label("short-polling", 1_250_000)]);
        let table = [
            (String::new(), None, none.clone()),
            (all.to_owned(), Some(250_000), none.clone()),
            (format!("{all}{}", own("< 1250ms")), None, both),
            (own("< 1250ms"), None, one),
            (own("> 1250ms"), None, none),
        ];
        for (thresholds, of_all, by_label) in table {
            let record = recorded(&thresholds);
            assert_eq!(
                (record.latency_p99_limit_us, record.latency_p99_limits_us),
                (of_all, by_label),
                "{thresholds}"
            );
        }
    }

    #[test]
    fn who_reads_slowly_is_recorded() {
        let slow = recorded("[slow]\nshare = \"20%\"\nread = \"4KiB/s\"\n").slow;
        assert_eq!(slow, Some(SlowRecord { share: 0.2, reading: "4KiB/s".to_owned() }));
        assert_eq!(recorded("").slow, None);
    }
}
