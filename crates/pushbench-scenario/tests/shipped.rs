//! The scenario files that come with pushbench.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use pushbench_scenario::schedule::EventSchedule;
use pushbench_scenario::{Machine, Overrides, Plan, Scenario, load, needs};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

/// The plan of each file; of one with several points the first.
fn shipped() -> Vec<Plan> {
    scenarios().iter().map(|scenario| scenario.first().clone()).collect()
}

fn scenarios() -> Vec<Scenario> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ext| ext == "toml")).collect();
    files.sort();
    files
        .iter()
        .map(|path| load(path, &Overrides::default()).unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

#[test]
fn every_shipped_file_is_a_plan_named_like_its_file() {
    let plans = shipped();
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "capacity",
            "chat-room",
            "churn",
            "ci-log",
            "claims",
            "crossover",
            "dashboard",
            "deploy-restart",
            "fan-out-curve",
            "hundred-thousand",
            "idle",
            "job-progress",
            "llm-tokens",
            "million",
            "notifications",
            "order-status",
            "polling-intervals",
            "quickstart",
            "reconnect-storm",
            "slow-readers",
            "smoke"
        ]
    );
    for plan in &plans {
        assert_eq!(Path::new(&plan.path).file_stem().unwrap().to_str(), Some(plan.name.as_str()));
        assert!(plan.text.starts_with("#:schema ./scenario.schema.json\n# Question:"), "{}", plan.name);
        let lost = plan.thresholds.iter().filter(|threshold| threshold.figure == "lost").count();
        assert_eq!(lost, plan.transports.len(), "every transport of {} must lose nothing", plan.name);
    }
}

/// A container with little of everything.
const SMALL: Machine = Machine {
    open_files_soft_after_raise: 4096,
    host_files_left: 4_000_000,
    ports: (32_768, 60_999),
    memory_available_bytes: 1 << 30,
    cpus: 2,
    listen_backlog: 4096,
    time_wait_max: 131_072,
    tcp_memory_max_bytes: 256 << 20,
};

/// The smallest machine for the files that say what they need.
const LARGE: Machine = Machine {
    open_files_soft_after_raise: 20_000,
    memory_available_bytes: 64 << 30,
    tcp_memory_max_bytes: 8 << 30,
    ..SMALL
};

/// The machine that a file is for.
fn machine_for(plan: &Plan) -> Machine {
    if plan.text.lines().any(|line| line.starts_with("# Needs:")) { LARGE } else { SMALL }
}

#[test]
fn every_shipped_file_runs_on_a_small_machine_in_the_time_it_says() {
    let document = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for scenario in scenarios() {
        let (plan, mut duration) = (scenario.first(), Duration::ZERO);
        for plan in &scenario.points {
            let needs = needs(plan, &machine_for(plan));
            assert_eq!(needs.refusals(), [], "{}", plan.name);
            assert_eq!(needs.warnings(), [], "{}", plan.name);
            duration += needs.duration;
        }
        let needs = needs(plan, &machine_for(plan));
        let takes = plan.text.lines().find_map(|line| line.strip_prefix("# Takes:")).unwrap();
        let lasts = if takes.contains("each") { needs.steps[0].duration } else { duration };
        assert_lasts_as_said(lasts, takes, &plan.name);

        let row =
            document.lines().find(|line| line.starts_with(&format!("| `{}.toml` |", plan.name))).unwrap();
        let takes = row.split('|').rev().nth(1).unwrap();
        assert_lasts_as_said(duration, takes, &plan.name);
    }
}

#[test]
fn memory_is_as_much_as_the_files_say_and_not_much_less() {
    let with = |gib: f64| Machine { memory_available_bytes: (gib * (1_u64 << 30) as f64) as u64, ..LARGE };
    let mut said = 0;
    for plan in shipped() {
        let Some(words) = plan.text.lines().find_map(|line| line.strip_prefix("# Needs:")) else { continue };
        let gib =
            words.split_once(" GiB").and_then(|(before, _)| before.split(' ').next_back()?.parse().ok());
        let gib: f64 = gib.unwrap_or_else(|| panic!("{}: {words}", plan.name));
        assert_eq!(needs(&plan, &with(gib)).refusals(), [], "{}: {words}", plan.name);
        assert_ne!(needs(&plan, &with(gib / 1.2)).refusals(), [], "{}: {words}", plan.name);
        said += 1;
    }
    assert_eq!(said, 3);
}

/// A percentile p is judged from 10/(1-p) events on; a search takes as many by itself.
#[test]
fn what_the_files_judge_by_percentiles_has_enough_events_at_every_point() {
    let mut judged = 0;
    for plan in
        scenarios().iter().flat_map(|scenario| &scenario.points).filter(|plan| plan.capacity.is_none())
    {
        let figures = plan.thresholds.iter().map(|threshold| threshold.figure.as_str());
        let needed = figures.filter_map(|figure| match figure.rsplit_once("_p")?.1 {
            "50" => Some(20),
            "90" => Some(100),
            "99" => Some(1_000),
            _ => None,
        });
        let Some(needed) = needed.max() else { continue };
        let [begin, end] = [plan.phases.warmup, plan.phases.warmup + plan.phases.measure];
        for clients in &plan.steps {
            let all = EventSchedule::new(plan.events_of(*clients), plan.topics(*clients), plan.seed);
            let due = all.map(|event| Duration::from_nanos(event.due_offset_ns));
            let measured = due.take_while(|due| *due < end).filter(|due| *due >= begin).count();
            assert!(measured >= needed, "{} {}: {measured} of {needed}", plan.name, plan.point.name);
            judged += 1;
        }
    }
    assert!(judged >= 14, "the cells of a sweep, and two others: {judged}");
}

/// A number and its unit are no less than the plan lasts, and not much more.
fn assert_lasts_as_said(lasts: Duration, takes: &str, name: &str) {
    let number = takes.split_whitespace().find_map(|word| word.parse::<u64>().ok()).unwrap();
    let said = if takes.contains("min") { Duration::from_mins(number) } else { Duration::from_secs(number) };
    assert!(lasts <= said && said <= lasts.mul_f64(1.35), "{name}: says {takes:?}, lasts {lasts:?}");
}

/// Of one transport of a large file: what stands in the way of its promises must be the machine.
#[test]
fn the_large_files_keep_their_promises() {
    let of = |name: &str| {
        let plan = shipped().into_iter().find(|plan| plan.name == name).unwrap();
        let ramp = Duration::from_secs_f64(f64::from(plan.steps[0]) / plan.connect_rate);
        let longest = needs(&plan, &LARGE).steps.iter().map(|step| step.duration).max().unwrap();
        (plan.steps[0], ramp, longest, plan.transports.len())
    };
    let (clients, _, longest, transports) = of("hundred-thousand");
    assert!(longest < Duration::from_mins(5), "{longest:?}");
    assert_eq!((clients, transports), (100_000, 3));
    let (clients, ramp, _, transports) = of("million");
    assert!(ramp < Duration::from_mins(3), "{ramp:?}");
    assert_eq!((clients, transports), (1_000_000, 3));
}

#[test]
fn the_quickstart_is_quick() {
    let plan = shipped().into_iter().find(|plan| plan.name == "quickstart").unwrap();
    assert!(plan.steps[0] >= 500 && plan.transports.len() == 4);
    assert!(needs(&plan, &SMALL).duration < Duration::from_mins(1));
}

#[test]
fn the_quickstart_has_room_for_the_faults_that_its_readers_are_told_to_try() {
    let path = folder().join("quickstart.toml");
    let inject = Overrides { inject: "delay=50ms,drop=10".parse().ok(), ..Overrides::default() };
    assert!(load(&path, &inject).unwrap().first().inject.is_some());
}
