//! Truth check: the bytes that a run reports against a capture of its packets.

use pushbench_measure::results::{Run, Status, WireDirection, WireRecord};
use pushbench_measure::verdict::{Condition, Level};

use crate::capture::{Capture, Captured, Crossed};
use crate::folder::manifest;
use crate::scenario::tiny;

/// Every transport, polling also with a socket each.
const EVERY_WAY: &str = r#"
[[transports]]
kind = "short-polling"
interval = "100ms"
[[transports]]
label = "short-polling-close"
kind = "short-polling"
interval = "100ms"
connection = "close"
[[transports]]
kind = "long-polling"
timeout = "500ms"
[[transports]]
label = "long-polling-close"
kind = "long-polling"
timeout = "500ms"
connection = "close"
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
"#;

/// How often to try again when a port of the run was used by somebody else before or after.
const ATTEMPTS: usize = 3;

#[test]
#[expect(clippy::print_stderr, reason = "a test that was left out says so")]
fn a_run_reports_the_bytes_that_a_packet_capture_holds() {
    for attempt in 1..=ATTEMPTS {
        let Some(capture) = Capture::begin() else {
            eprintln!("left out: this process may not capture packets (CAP_NET_RAW)");
            return;
        };
        let workshop = tiny(EVERY_WAY);
        let ended = workshop.run(&["run", "tiny.toml"]);
        let run = manifest(&workshop.run_folder());
        assert_eq!(run.status, Status::Complete, "{ended:?}");
        assert_eq!(run.results.len(), 6);
        let captured = capture.end();
        if ports_were_its_own(&run, &captured) || attempt == ATTEMPTS {
            return assert_bytes(&run, &captured);
        }
    }
}

fn rounds(run: &Run) -> impl Iterator<Item = (&str, &[u16], &WireRecord)> {
    run.results.iter().flat_map(|result| {
        let label = result.summary.label.as_str();
        result.rounds.iter().map(move |round| {
            let wire = round.wire.as_ref().unwrap_or_else(|| panic!("{label}: no account of the wire"));
            (label, round.ports.as_slice(), wire)
        })
    })
}

/// Other tests run meanwhile, and a port that was free again may have become one of theirs.
fn ports_were_its_own(run: &Run, captured: &Captured) -> bool {
    rounds(run).all(|(_, ports, wire)| {
        captured.at(ports).iter().all(|crossed| crossed.connections == wire.step.clients.sockets)
    })
}

fn assert_bytes(run: &Run, captured: &Captured) {
    for (label, ports, wire) in rounds(run) {
        let [down, up] = captured.at(ports);
        let step = &wire.step;
        let targets = step.targets.as_ref().unwrap();
        assert_eq!((step.clients.sockets, targets.sockets), (down.connections, up.connections), "{label}");
        assert_eq!(step.stream_down_bytes, down.stream_bytes, "{label} down, as read");
        assert_eq!(step.stream_up_bytes, up.stream_bytes, "{label} up, as written");
        for side in [&step.clients, targets] {
            assert_direction(&format!("{label} down"), &side.down, &down);
            assert_direction(&format!("{label} up"), &side.up, &up);
        }
        assert!(wire.disagreement.unwrap() <= 0.01, "{label}: {wire:?}");
    }
    for result in &run.results {
        let of_the_wire =
            result.findings.iter().find(|finding| finding.condition == Condition::WireDisagreement);
        assert_eq!(of_the_wire.map(|finding| finding.level), Some(Level::Ok), "{}", result.summary.label);
    }
}

fn assert_direction(name: &str, reported: &WireDirection, captured: &Crossed) {
    assert_eq!(reported.stream_bytes, captured.stream_bytes, "{name}");
    let off = reported.bytes.abs_diff(captured.ip_bytes) as f64 / captured.ip_bytes as f64;
    assert!(off <= 0.01, "{name}: {reported:?}, captured {captured:?}");
    let off = reported.segments.abs_diff(captured.segments) as f64 / captured.segments as f64;
    assert!(off <= 0.01, "{name}: {reported:?}, captured {captured:?}");
}
