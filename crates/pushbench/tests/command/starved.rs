//! A generator that is starved is caught by the run's own verdict.

use pushbench_measure::results::Status;
use pushbench_measure::verdict::{Condition, Level};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::thread::spawn;

use crate::folder::manifest;
use crate::scenario::{SSE, tiny_but};

/// Lets this thread, and every process it starts from now on, run on one CPU only.
fn confine_to_one_cpu() {
    let allowed = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).unwrap();
}

#[test]
fn a_worker_with_too_many_events_for_its_cpu_is_caught() {
    // 600,000 deliveries a second, where one CPU with both sides on it manages half of that at best, and less beside other tests.
    let changes = [
        ("count = 8", "count = 600"),
        ("\"400/s\"", "\"2000/s\""),
        ("\"40/s\"", "\"1000/s\""),
        ("\"1200ms\"", "\"3s\""),
    ];
    let workshop = tiny_but(&changes, SSE);
    let ended = spawn({
        let folder = workshop.path().to_owned();
        move || {
            confine_to_one_cpu();
            crate::process::start(&folder, &["run", "tiny.toml"]).ended()
        }
    })
    .join()
    .unwrap();
    let run = manifest(&workshop.run_folder());
    assert_eq!((run.status, ended.code), (Status::Complete, Some(4)), "{ended:?}");
    assert!(run.host.worker_cpus.is_empty(), "one CPU cannot be divided: {:?}", run.host);
    let result = &run.results[0];
    assert_eq!(result.summary.verdict, "invalid");
    let of_the_generator =
        [Condition::WorkerBusy, Condition::CpuShared, Condition::WorkerTimer, Condition::WorkerRunQueue];
    let shared = result.findings.iter().find(|finding| finding.condition == Condition::CpuShared);
    assert!(shared.is_some(), "{:?}", result.findings);
    let breach = result
        .findings
        .iter()
        .find(|finding| finding.level == Level::Breach && of_the_generator.contains(&finding.condition))
        .unwrap_or_else(|| panic!("the generator does not know it was starved: {:?}", result.findings));
    assert!(breach.breach.is_some_and(|bound| breach.value > bound), "{breach:?}");
    let fact = breach.text.split(": ").next().unwrap();
    let first = ended.out.lines().next().unwrap();
    assert!(first.starts_with("INVALID, not to be compared: sse (") && first.contains(fact), "{first}");
    assert!(ended.out.contains(&format!("\n! sse is invalid: {}\n", breach.text)), "{}", ended.out);
}
