//! Runs over a virtual Ethernet cable: what they measure, what they leave, and what is said where they cannot be had.
//!
//! Networks are made by tests only where this process has the privileges; elsewhere that they are refused is tested.

use pushbench_measure::results::Status;
use pushbench_probe::network::{self, Namespace, privileges_lacking};
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::spawn;
use std::time::Duration;

use crate::folder::{files, intervals, manifest, sound_but_for_lateness};
use crate::process::{Ended, until};
use crate::scenario::{ALL_FOUR, SSE, Workshop, tiny_but};

const NAME: &str = "name = \"tiny\"\n";
const OVER_VETH: (&str, &str) = (NAME, "name = \"tiny\"\nnetwork = \"veth\"\n");

/// Whether this process may make networks. Says so where it may not.
pub(crate) fn privileged() -> bool {
    let lacking = privileges_lacking();
    if !lacking.is_empty() {
        #[expect(clippy::print_stderr, reason = "a test that does nothing says why")]
        {
            eprintln!("not tested: this process lacks {lacking:?}");
        }
    }
    lacking.is_empty()
}

#[test]
fn every_transport_delivers_everything_and_its_sockets_are_seen_on_both_sides() {
    if !privileged() {
        return;
    }
    let workshop =
        tiny_but(&[OVER_VETH], &format!("{ALL_FOUR}[target]\nprocesses = 2\n[workers]\nprocesses = 2\n"));
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!((run.status, &run.reason), (Status::Complete, &None), "{ended:?}");
    assert_eq!((run.scenario.setup.network.as_str(), run.scenario.setup.mtu_bytes), ("veth", 1500));
    assert_eq!(run.results.len(), 4);
    for result in &run.results {
        let row = &result.summary;
        assert!(sound_but_for_lateness(result), "{result:?}");
        assert_eq!((row.expected, row.delivered, row.lost), (Some(320), Some(320), Some(0)), "{row:?}");
        assert_eq!((row.connected, row.errors, row.sockets_established_peak), (Some(8), Some(0), Some(8)));
        assert_sockets(&folder, &row.label);
    }
    // On a busy machine the first line says that nothing is to be compared.
    let mut said = ended.out.lines();
    assert!(said.any(|line| line.ends_with(" of warm-up, over veth, MTU 1500")), "{}", ended.out);
}

/// Eight connections, seen from both ends; the namespaces hold those and what listens, and nothing of the host.
fn assert_sockets(folder: &Path, label: &str) {
    let rows = intervals(folder, label);
    // On a busy machine dumps are rare: some rows have none.
    let seen = rows.iter().map(|row| (row.client_established, row.target_established));
    assert!(seen.clone().any(|both| both == (Some(8), Some(8))), "{label}: {:?}", seen.collect::<Vec<_>>());
    let waiting = rows.iter().flat_map(|row| [row.client_time_wait, row.target_time_wait]).flatten();
    assert_eq!(waiting.max(), Some(0), "{label}");
    let measured = rows.iter().find(|row| row.phase == "measure").unwrap();
    assert_eq!(measured.host_sockets_peak, Some(8 + 8 + 2), "{label}: two listeners");
}

/// A scenario that would measure for two minutes, on two processes of each side.
fn long() -> Workshop {
    tiny_but(
        &[OVER_VETH, ("measure = \"1s\"", "measure = \"2m\"")],
        &format!("{SSE}[target]\nprocesses = 2\n[workers]\nprocesses = 2\n"),
    )
}

/// The links by which processes hold network namespaces: those they are in, and those they have open.
fn namespaces_held() -> BTreeSet<PathBuf> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let links = processes.flat_map(|process| {
        // Processes come and go meanwhile.
        let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten().map(|file| file.path());
        open.chain([process.join("ns/net")]).filter_map(|link| fs::read_link(link).ok()).collect::<Vec<_>>()
    });
    links.filter(|link| link.to_string_lossy().starts_with("net:[")).collect()
}

fn namespace_of(pid: u32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/ns/net")).unwrap()
}

#[test]
fn segments_are_those_of_ethernet_and_no_network_outlives_a_coordinator_that_is_killed() {
    if !privileged() {
        return;
    }
    let devices = files(Path::new("/sys/class/net"));
    let workshop = long();
    let mut started = workshop.start(&["run", "tiny.toml"]);
    started.says("] sse            measure ");
    let sides = ["__target", "__worker"].map(|role| started.children(role, 2));
    for side in &sides {
        assert_eq!(network::mtu(&Namespace::of_process(side[0]).unwrap()).unwrap(), 1500);
        assert_eq!(namespace_of(side[0]), namespace_of(side[1]));
    }
    assert_connected_by_cable(sides[1][0]);
    assert_eq!(files(Path::new("/sys/class/net")), devices, "no end of the cable is ever the host's");

    let made = sides.map(|side| namespace_of(side[0]));
    assert_ne!(made[0], made[1]);
    assert!(!made.contains(&namespace_of(started.pid())), "the coordinator stays where it is");
    assert!(made.iter().all(|namespace| namespaces_held().contains(namespace)));
    started.killed(Duration::from_secs(15));
    until("the end of both namespaces", || {
        let held = namespaces_held();
        (!made.iter().any(|namespace| held.contains(namespace))).then_some(())
    });
    assert_eq!(files(Path::new("/sys/class/net")), devices);
}

/// All connections of a worker go to a target at the other end, from the worker's own address.
fn assert_connected_by_cable(worker: u32) {
    let text = fs::read_to_string(format!("/proc/{worker}/net/tcp")).unwrap();
    // Addresses are hexadecimal numbers of the host's byte order.
    let address = |column: &str| {
        let number = u32::from_str_radix(column.split(':').next().unwrap(), 16).unwrap();
        number.to_ne_bytes()
    };
    let sockets: Vec<_> = text
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().skip(1).take(2).map(address).collect::<Vec<_>>())
        .collect();
    assert_eq!(sockets.len(), 8, "{text}");
    for socket in &sockets {
        assert_eq!((&socket[0][..3], socket[1]), (&[198, 19, 0][..], [198, 18, 0, 1]), "{text}");
    }
    let sources: BTreeSet<u8> = sockets.iter().map(|socket| socket[0][3]).collect();
    assert_eq!(sources.len(), 2, "one address for each worker: {text}");
}

/// `check` and `run` of a scenario over veth, without one of the capabilities if this process has it.
fn refused_without(capability: CapabilitySet) -> Vec<(Ended, Vec<String>)> {
    // What a thread can never have again, the programs that it starts cannot have either.
    let refused = spawn(move || {
        if privileges_lacking().is_empty() {
            remove_capability_from_bounding_set(capability).unwrap();
        }
        ["check", "run"].map(|command| {
            let workshop = tiny_but(&[OVER_VETH], SSE);
            (workshop.run(&[command, "tiny.toml"]), files(workshop.path()))
        })
    });
    refused.join().unwrap().into()
}

#[test]
fn without_the_privileges_it_is_refused_before_anything_begins() {
    let table = [(CapabilitySet::SYS_ADMIN, "CAP_SYS_ADMIN"), (CapabilitySet::NET_ADMIN, "CAP_NET_ADMIN")];
    for (capability, name) in table {
        for (ended, left) in refused_without(capability) {
            assert_eq!(ended.code, Some(3), "{ended:?}");
            assert!(
                ended.err.starts_with("error: tiny.toml: network = \"veth\": this process lacks CAP_"),
                "{}",
                ended.err
            );
            assert!(ended.err.contains(name), "{}", ended.err);
            assert!(ended.err.contains("\n  hint: run as root, or "), "{}", ended.err);
            assert_eq!(left, ["tiny.toml"]);
        }
    }
}
