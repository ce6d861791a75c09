//! Limits that are met in the middle of a ramp: the run ends in order, is marked, and names them.

use pushbench_measure::results::{Run, Status, names};
use pushbench_measure::verdict::{Condition, Level};
use pushbench_probe::network::Namespace;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::net::TcpListener;
use std::{fs, io};

use crate::control_group::ControlGroup;
use crate::folder::manifest;
use crate::process::{Ended, Started, until};
use crate::scenario::{SSE, Workshop, tiny_but};
use crate::veth::privileged;

/// A ramp that is long enough for a limit to change while it lasts.
const MANY: (&str, &str) = ("count = 8", "count = 400");
const SLOWLY: (&str, &str) = ("\"400/s\"", "\"200/s\"");

fn limit(pid: u32, resource: Resource, most: u64) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    prlimit(Some(pid), resource, Rlimit { current: Some(most), maximum: Some(most) }).unwrap();
}

fn started(workshop: &Workshop, role: &str) -> (Started, u32) {
    let mut started = workshop.start(&["run", "tiny.toml"]);
    started.says("connecting 400 clients");
    let pid = started.children(role, 1)[0];
    (started, pid)
}

/// The run was measured to its end with those who could connect, and says what kept the others out.
fn assert_invalid_for(limit: &str, ended: &Ended, run: &Run) {
    assert_eq!((run.status, ended.code), (Status::Complete, Some(4)), "{ended:?}");
    let result = &run.results[0];
    assert_eq!(result.summary.verdict, "invalid");
    let finding = result.findings.iter().find(|finding| finding.condition == Condition::LimitReached);
    let finding = finding.unwrap_or_else(|| panic!("no limit: {:?}", result.findings));
    assert_eq!(finding.level, Level::Breach);
    assert!(finding.text.starts_with(&format!("{limit} ran out, ")), "{}", finding.text);
    assert!(ended.out.contains(limit), "{}", ended.out);
    let connected = result.summary.connected.unwrap();
    assert!((1..400).contains(&connected), "{connected} connected");
    assert!(result.summary.delivered > Some(0), "whoever is connected is measured");
}

#[test]
fn a_worker_or_a_target_that_runs_out_of_files_makes_the_run_invalid() {
    let both = ["worker", "target"].map(|side| {
        let workshop = tiny_but(&[MANY, SLOWLY], SSE);
        let (started, pid) = started(&workshop, &format!("__{side}"));
        limit(pid, Resource::Nofile, 100);
        (side, workshop, started)
    });
    for (side, workshop, started) in both {
        let ended = started.ended();
        let limit = format!("open files of a {side} process");
        assert_invalid_for(&limit, &ended, &manifest(&workshop.run_folder()));
    }
}

/// A run over veth whose clients arrive slowly, and the namespace of its worker.
fn started_over_veth() -> (Workshop, Started, Namespace) {
    let veth = ("name = \"tiny\"\n", "name = \"tiny\"\nnetwork = \"veth\"\n");
    let workshop = tiny_but(&[veth, MANY, SLOWLY], SSE);
    let (started, worker) = started(&workshop, "__worker");
    let namespace = Namespace::of_process(worker).unwrap();
    (workshop, started, namespace)
}

#[test]
fn ports_that_ran_out_or_that_another_program_has_taken_make_the_run_invalid() {
    // Only in a namespace of its own can a test take ports away from nobody else.
    if !privileged() {
        return;
    }
    let few = started_over_veth();
    few.2.inside(only_a_hundred_ports).unwrap();
    let taken = started_over_veth();
    let _taken: Vec<TcpListener> = taken
        .2
        .inside(|| {
            only_a_hundred_ports()?;
            // A worker that was quicker may have some of them.
            Ok((40_000..40_080).filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).collect())
        })
        .unwrap();
    for (workshop, started, _) in [few, taken] {
        let ended = started.ended();
        let run = manifest(&workshop.run_folder());
        assert_invalid_for("ephemeral ports of a worker's address", &ended, &run);
    }
}

fn only_a_hundred_ports() -> io::Result<()> {
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40099")
}

#[test]
fn a_run_whose_memory_runs_out_is_marked_invalid_with_what_was_measured_on_disk() {
    let Some(group) = ControlGroup::of_its_own() else { return };
    // The ramp is long enough for seconds of it to be over when memory gets short, and for the next to come.
    let workshop = tiny_but(&[MANY, ("\"400/s\"", "\"40/s\"")], SSE);
    let (started, worker) = started(&workshop, "__worker");
    let files = || fs::read_dir(format!("/proc/{worker}/fd")).ok().map(Iterator::count);
    until("clients of the first two seconds", || files().filter(|files| *files > 100));
    // Less than a run wants to have left.
    group.limit(48 << 20);
    group.take(started.pid());
    let ended = started.ended();
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!((run.status, ended.code), (Status::Partial, Some(4)), "{ended:?}");
    let reason = run.reason.unwrap();
    assert!(
        reason.starts_with("memory ran out: ") && reason.contains(" of 400 clients connected"),
        "{reason}"
    );
    let result = &run.results[0];
    assert_eq!((result.complete, result.summary.verdict.as_str()), (false, "invalid"));
    assert!(result.summary.connected < Some(400), "{:?}", result.summary);
    let [finding] = &result.findings[..] else { panic!("{:?}", result.findings) };
    assert_eq!((finding.condition, finding.level), (Condition::LimitReached, Level::Breach));
    assert!(finding.text.starts_with("memory ran out (") && ended.out.contains(&finding.text), "{ended:?}");
    let seconds = fs::read_to_string(folder.join("sse").join(names::INTERVALS)).unwrap();
    assert!(seconds.lines().count() > 1, "the seconds of the ramp are kept: {seconds}");
}

#[test]
fn a_worker_that_is_refused_memory_ends_the_run_with_what_was_measured_on_disk() {
    let workshop = tiny_but(&[MANY, SLOWLY], SSE);
    let (started, worker) = started(&workshop, "__worker");
    // What it has it may keep; each further mapping is refused.
    limit(worker, Resource::As, 1 << 20);
    let ended = started.ended();
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!((run.status, ended.code), (Status::Partial, Some(1)), "{ended:?}");
    let reason = run.reason.unwrap();
    assert!(reason.starts_with("worker process 1 ended in the middle of the run"), "{reason}");
    assert!(reason.contains("memory refused"), "{reason}");
    assert!(folder.join("sse").join(names::INTERVALS).exists());
}
