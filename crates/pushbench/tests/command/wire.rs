//! Truth check: the bytes that a run reports against a capture of its packets.

use pushbench_measure::results::{Run, Status, Summary, WireDirection, WireRecord};
use pushbench_measure::verdict::{Condition, Level};

use crate::capture::{Capture, Captured, Crossed};
use crate::folder::manifest;
use crate::scenario::tiny;

/// Every transport, polling also with a socket each. Only the first polls more often than there are events.
const EVERY_WAY: &str = r#"
[[transports]]
kind = "short-polling"
interval = "10ms"
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

/// Bytes of a segment without payload.
const ACKNOWLEDGEMENT: u64 = 52;

/// How often to try again when a port of the run was used by somebody else before or after.
const ATTEMPTS: usize = 3;

#[test]
#[expect(clippy::print_stderr, reason = "a test that was left out says so")]
fn a_run_reports_the_bytes_that_a_packet_capture_holds() {
    for attempt in 1..=ATTEMPTS {
        let capture = Capture::begin();
        let workshop = tiny(EVERY_WAY);
        let ended = workshop.run(&["run", "tiny.toml"]);
        let run = manifest(&workshop.run_folder());
        assert_eq!(run.status, Status::Complete, "{ended:?}");
        assert_eq!(run.results.len(), 6);
        run.results.iter().for_each(|result| assert_parts(&result.summary));
        let Some(captured) = capture.map(Capture::end) else {
            eprintln!("comparison left out: this process may not capture packets (CAP_NET_RAW)");
            return;
        };
        if ports_were_its_own(&run, &captured) || attempt == ATTEMPTS {
            return assert_bytes(&run, &captured);
        }
    }
}

/// The figures of the wire that do not need a capture to be right or wrong.
fn assert_parts(row: &Summary) {
    let label = &row.label;
    let figure = |name: &str| row.figure(name).unwrap_or_else(|| panic!("{label}: no {name}"));
    for (direction, parts) in [
        ("down", ["payload", "framing", "empty_poll", "connecting"].as_slice()),
        ("up", ["framing", "empty_poll", "connecting"].as_slice()),
    ] {
        let all = figure(&format!("wire_{direction}_bytes_per_event"));
        let sum: f64 =
            parts.iter().map(|part| figure(&format!("wire_{direction}_{part}_bytes_per_event"))).sum();
        assert!((all - sum).abs() < 1e-6, "{label} {direction}: {all} is not the sum {sum} of its parts");
    }
    assert!((figure("wire_down_payload_bytes_per_event") - 200.0).abs() < 1e-6, "{label}");
    // Each event is in a segment, alone or with others, and somebody acknowledges or asks.
    assert!(
        figure("wire_down_framing_bytes_per_event") > 0.0 && figure("segments_per_event") > 0.0,
        "{label}"
    );
    let polls = row.kind.ends_with("polling");
    let opens = label.ends_with("-close");
    assert_eq!(figure("wire_up_connecting_bytes_per_event") > 0.0, opens, "{label}");
    assert_eq!(figure("wire_up_empty_poll_bytes_per_event") > 0.0, label == "short-polling", "{label}");
    // Half of the drain is shorter than the pause between heartbeats or pings, but not than that between polls.
    let idle = [row.idle_wire_bytes_per_client_minute, row.idle_target_cpu_us_per_client_second];
    assert_eq!(idle.map(|figure| figure.is_some_and(|figure| figure > 0.0)), [polls; 2], "{label}: {idle:?}");
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
        // A target that closes first never hears whether its FIN was acknowledged in a segment of its own.
        for (side, unseen) in [(&step.clients, 0), (targets, targets.sockets)] {
            assert_direction(&format!("{label} down"), &side.down, &down, unseen);
            assert_direction(&format!("{label} up"), &side.up, &up, unseen);
        }
        assert!(wire.disagreement.unwrap() <= 0.01, "{label}: {wire:?}");
    }
    for result in &run.results {
        let of_the_wire =
            result.findings.iter().find(|finding| finding.condition == Condition::WireDisagreement);
        assert_eq!(of_the_wire.map(|finding| finding.level), Some(Level::Ok), "{}", result.summary.label);
    }
}

fn assert_direction(name: &str, reported: &WireDirection, captured: &Crossed, unseen_segments: u64) {
    assert_eq!(reported.stream_bytes, captured.stream_bytes, "{name}");
    for (reported, captured, unseen) in [
        (reported.bytes, captured.ip_bytes, unseen_segments * ACKNOWLEDGEMENT),
        (reported.segments, captured.segments, unseen_segments),
    ] {
        let off = reported.abs_diff(captured).saturating_sub(unseen);
        assert!(off * 100 <= captured, "{name}: {reported} reported, {captured} captured");
    }
}
