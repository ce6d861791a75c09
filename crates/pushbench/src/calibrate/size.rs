//! How much a calibration does, and what it does less of on a small machine.

use pushbench_floor::Size;
use pushbench_report::format::grouped;
use pushbench_scenario::needs::Machine;
use std::time::Duration;

/// Connections of the fan-out where there is room.
const CONNECTIONS: u32 = 5_000;
/// Fewer say nothing.
const FEWEST_CONNECTIONS: u32 = 10;
/// Ports that do for the fewest: a tenth of them is left free.
const PORTS_NEEDED: u64 = (FEWEST_CONNECTIONS as u64 * 10).div_ceil(9);
/// Open files of this process that are no end of a connection.
const OWN_FILES: u64 = 64;
/// From that many connections on a difference of memory is more than noise.
const ENOUGH_FOR_MEMORY: u32 = 100;

/// Messages per connection and second of the fan-out.
pub(super) const EVENTS_PER_SECOND: u32 = 5;
/// Rounds of the fan-out in each repetition.
const ROUNDS: u32 = 5;
/// How often every bare job is done.
pub(super) const REPETITIONS: u8 = 5;
/// Connections of the round trips, and clients of the run that they are compared with.
pub(super) const FEW: u32 = 1;
/// Messages per second over these connections.
pub(super) const FEW_PER_SECOND: u32 = 100;
/// Length of the measure phase of the run with few clients, and of the round trips: 200 messages, so that there is a
/// 90th percentile.
pub(super) const FEW_LASTING: Duration = Duration::from_secs(2);

/// The size of a calibration on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) connections: u32,
    /// What is less than elsewhere, for people.
    pub(super) notes: Vec<String>,
}

/// A machine that has no room for a calibration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooSmall {
    #[error(
        "open files: {present} per process here, at least {needed} are needed to calibrate\n  \
         hint: ulimit -n {needed} (beyond the hard limit: as root, or in limits.conf)"
    )]
    Files { present: u64, needed: u64 },
    #[error(
        "ephemeral ports: {present} here, every second one of the range; at least {needed} are needed to calibrate\n  \
         hint: sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\""
    )]
    Ports { present: u64, needed: u64 },
}

impl Sizes {
    /// As large as the machine has room for, up to what is enough.
    pub(super) fn on(machine: &Machine) -> Result<Self, TooSmall> {
        let files = machine.open_files_soft_after_raise;
        let by_files = connections_by_files(machine, files);
        if by_files < u64::from(FEWEST_CONNECTIONS) {
            let enough = |files: &u64| connections_by_files(machine, *files) >= u64::from(FEWEST_CONNECTIONS);
            let needed = (files..1 << 20).find(enough).unwrap_or(1 << 20);
            return Err(TooSmall::Files { present: files, needed });
        }
        // Each repetition with bare sockets has an address of its own, as each worker has.
        let (ports, by_ports) = (machine.ports_per_address(), machine.clients_per_address());
        if by_ports < u64::from(FEWEST_CONNECTIONS) {
            return Err(TooSmall::Ports { present: ports, needed: PORTS_NEEDED });
        }
        let connections = u64::from(CONNECTIONS).min(by_files).min(by_ports) as u32;
        let mut notes = Vec::new();
        if connections < CONNECTIONS {
            let limit = if by_files <= by_ports {
                format!("open files: {} per process", grouped(files))
            } else {
                format!("ephemeral ports: {}, every second one of the range", grouped(ports))
            };
            notes.push(format!(
                "{limit}, so {connections} connections instead of {}: figures per message contain more of what a \
                 thread costs that wakes up",
                grouped(CONNECTIONS.into())
            ));
        }
        if connections < ENOUGH_FOR_MEMORY {
            notes.push(format!(
                "memory and connects: not measured with fewer than {ENOUGH_FOR_MEMORY} connections"
            ));
        }
        if machine.cpus < 2 {
            notes.push(
                "1 CPU: both sides share it, so every figure contains the change from one to the other"
                    .to_owned(),
            );
        }
        Ok(Self { connections, notes })
    }

    /// Whether figures of memory, and of the CPU time of opening, say something.
    pub(super) fn enough_for_differences(&self) -> bool {
        self.connections >= ENOUGH_FOR_MEMORY
    }

    /// The size of a repetition with bare sockets.
    pub(super) fn of_a_repetition(&self) -> Size {
        Size {
            connections: self.connections,
            rounds: ROUNDS,
            interval: Duration::from_secs(1) / EVENTS_PER_SECOND,
            flat_out: Duration::from_millis(500),
        }
    }
}

/// Connections that fit into that many open files, bare with both ends in this process, or through pushbench with a
/// process a side.
fn connections_by_files(machine: &Machine, files: u64) -> u64 {
    let bare = files.saturating_sub(OWN_FILES) / 2;
    let through = Machine { open_files_soft_after_raise: files, ..*machine }.clients_per_process();
    bare.min(through)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::calibrate) fn machine(open_files: u64, ports: (u16, u16), cpus: u32) -> Machine {
        Machine {
            open_files_soft_after_raise: open_files,
            host_files_left: u64::MAX,
            ports,
            memory_available_bytes: 1 << 32,
            cpus,
            listen_backlog: 4096,
            time_wait_max: 1 << 17,
            tcp_memory_max_bytes: 1 << 31,
        }
    }

    pub(in crate::calibrate) const PORTS: (u16, u16) = (32_768, 60_999);

    #[test]
    fn few_files_or_ports_make_a_smaller_calibration_that_says_so() {
        let table = [
            (machine(20_000, PORTS, 2), 5_000, vec![]),
            (machine(u64::MAX, PORTS, 2), 5_000, vec![]),
            (machine(1_024, PORTS, 2), 480, vec!["open files: 1,024 per process, so 480 "]),
            (
                machine(256, PORTS, 2),
                30,
                vec!["open files: 256 per process, so 30 ", "memory and connects: not measured"],
            ),
            (
                machine(20_000, (1_024, 1_423), 2),
                180,
                vec!["ephemeral ports: 200, every second one of the range, so 180 "],
            ),
            (machine(20_000, PORTS, 1), 5_000, vec!["1 CPU: "]),
        ];
        for (machine, connections, notes) in table {
            let sizes = Sizes::on(&machine).unwrap();
            assert_eq!(sizes.connections, connections, "{machine:?}");
            assert_eq!(sizes.notes.len(), notes.len(), "{:?}", sizes.notes);
            for (note, begin) in sizes.notes.iter().zip(notes) {
                assert!(note.starts_with(begin), "{note}");
            }
        }
    }

    #[test]
    fn a_machine_without_room_is_refused_with_what_would_do() {
        let refused = Sizes::on(&machine(100, PORTS, 2)).unwrap_err();
        let TooSmall::Files { present: 100, needed } = refused else { panic!("{refused}") };
        assert_eq!(Sizes::on(&machine(needed, PORTS, 2)).map(|sizes| sizes.connections), Ok(10));
        assert!(Sizes::on(&machine(needed - 1, PORTS, 2)).is_err());
        let ports = |last| Sizes::on(&machine(20_000, (9, last), 2)).map(|sizes| sizes.connections);
        assert_eq!(ports(12), Err(TooSmall::Ports { present: 2, needed: 12 }));
        assert_eq!(ports(9 + 22), Err(TooSmall::Ports { present: 11, needed: 12 }));
        assert_eq!(ports(9 + 23), Ok(10));
    }
}
