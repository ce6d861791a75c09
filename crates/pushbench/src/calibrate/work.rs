//! The jobs that each transport does for a calibration, as plans.

use pushbench_floor::MESSAGE_BYTES;
use pushbench_scenario::needs::{Machine, needs};
use pushbench_scenario::{Coalesce, Overrides, Phases, Plan, parse};
use std::time::Duration;

use super::size::{EVENTS_PER_SECOND, FEW, FEW_LASTING, FEW_PER_SECOND};
use crate::exit::{Exit, Failure};

/// A job of every transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Paced messages to many clients.
    FanOut,
    /// Paced messages to one client.
    OneWay,
    /// More messages to many clients than the machine can deliver, and then none until all have arrived.
    FlatOut,
    /// The same, to a target that gathers events before it writes them.
    FlatOutCoalesced,
}

/// Length of the measure phase of the paced fan-out: eight events to each client.
const FAN_OUT_LASTING: Duration = Duration::from_millis(1_600);
/// What is under way when nothing is due any more arrives within this: nobody polls here.
const DRAIN: Duration = Duration::from_millis(300);

/// Flat out, messages are due at that many times the rate of bare sockets: more than can be delivered, so that both sides
/// always have something to do.
const OVERLOAD: f64 = 3.0;
/// How long messages are due in that excess.
const OVERLOADED: Duration = Duration::from_millis(500);
/// Most messages that are due for a client flat out: whatever the pace, fewer bytes than a target keeps for a client.
const MOST_EVENTS_FLAT_OUT: f64 = 800.0;
/// Until when all of them must have arrived: at less than half the rate of bare sockets some have not.
const DRAIN_FLAT_OUT: Duration = Duration::from_secs(3);

impl Work {
    /// All of them, in the order in which a transport does them.
    pub(super) const ALL: [Self; 4] = [Self::FanOut, Self::OneWay, Self::FlatOut, Self::FlatOutCoalesced];

    /// As results and progress name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FanOut => "fan-out",
            Self::OneWay => "one way",
            Self::FlatOut => "flat out",
            Self::FlatOutCoalesced => "flat out, coalesced",
        }
    }

    /// What is to be done with so many connections, where bare sockets deliver `floor_per_second`.
    pub(super) fn plan(self, connections: u32, floor_per_second: f64) -> Result<Plan, Failure> {
        let overload = Overload::of(connections, floor_per_second);
        let (clients, rate) = match self {
            Self::FanOut => (connections, EVENTS_PER_SECOND),
            Self::OneWay => (FEW, FEW_PER_SECOND),
            Self::FlatOut | Self::FlatOutCoalesced => (connections, overload.per_second),
        };
        let text = scenario(clients, rate);
        let mut plan = parse(&text, "calibration", &Overrides::default()).map_err(anyhow::Error::new)?;
        if self == Self::FlatOutCoalesced {
            plan.coalesce = Coalesce::Tick;
        }
        // Shorter than a scenario may ask for, which is about figures by the second.
        let paced = |measure| Phases { warmup: Duration::from_millis(200), measure, drain: DRAIN };
        plan.phases = match self {
            Self::FanOut => paced(FAN_OUT_LASTING),
            Self::OneWay => paced(FEW_LASTING),
            Self::FlatOut | Self::FlatOutCoalesced => {
                Phases { warmup: Duration::ZERO, measure: overload.lasting, drain: DRAIN_FLAT_OUT }
            }
        };
        Ok(plan)
    }
}

/// Refuses jobs that the machine has no room for, whatever bare sockets will turn out to deliver.
pub(super) fn refuse_what_does_not_fit(connections: u32, machine: &Machine) -> Result<(), Failure> {
    let mut refused = Vec::new();
    for work in Work::ALL {
        let plan = work.plan(connections, f64::INFINITY)?;
        refused
            .extend(needs(&plan, machine).refusals().iter().map(|refusal| format!("calibrate: {refusal}")));
    }
    refused.dedup();
    if refused.is_empty() { Ok(()) } else { Err(Failure::of(Exit::Environment, refused.join("\n"))) }
}

/// Messages that are more than can be delivered.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Overload {
    /// Messages to every client per second.
    per_second: u32,
    lasting: Duration,
}

impl Overload {
    fn of(connections: u32, floor_per_second: f64) -> Self {
        let per_second = (OVERLOAD * floor_per_second / f64::from(connections)).ceil().clamp(2.0, 1e6);
        let events = (per_second * OVERLOADED.as_secs_f64()).floor().clamp(1.0, MOST_EVENTS_FLAT_OUT);
        Self { per_second: per_second as u32, lasting: Duration::from_secs_f64(events / per_second) }
    }
}

/// A broadcast. Clients arrive at once, so that what opening costs stands by itself; one process a side, as with bare
/// sockets.
fn scenario(clients: u32, rate: u32) -> String {
    format!(
        r#"name = "calibration"
[clients]
count = {clients}
connect_rate = "1000000/s"
[events]
pattern = "broadcast"
rate = "{rate}/s"
size = "{MESSAGE_BYTES}B"
[phases]
warmup = "0s"
measure = "1s"
drain = "1s"
[target]
processes = 1
[workers]
processes = 1
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::size::Sizes;
    use crate::calibrate::size::tests::{PORTS, machine};

    #[test]
    fn every_job_fits_where_the_sizes_do() {
        let files = [240, 1_024, 20_000].map(|files| machine(files, PORTS, 2));
        // From the fewest that do over ranges that somebody made short to the longest.
        let last_ports = [1_047, 1_100, 1_423, 6_500, 10_000, 12_100, 12_200, 65_535];
        let ports = last_ports.map(|last| machine(20_000, (1_024, last), 2));
        for machine in files.into_iter().chain(ports) {
            let connections = Sizes::on(&machine).unwrap().connections;
            refuse_what_does_not_fit(connections, &machine).unwrap();
            for work in Work::ALL {
                let plan = work.plan(connections, 1e5).unwrap();
                assert_eq!(
                    plan.steps,
                    [if work == Work::OneWay { FEW } else { connections }],
                    "{work:?}, {machine:?}"
                );
            }
        }
        let refused = refuse_what_does_not_fit(5_000, &machine(1_024, PORTS, 2)).unwrap_err();
        assert_eq!(refused.exit, Exit::Environment);
    }

    #[test]
    fn an_overload_is_more_than_the_floor_and_never_more_than_is_kept_for_a_client() {
        let ms = Duration::from_secs_f64;
        let table = [
            // As many as fit into half a second.
            ((5_000, 100_000.0), (60, ms(30.0 / 60.0))),
            ((5_000, 123_456.0), (75, ms(37.0 / 75.0))),
            // 12,000 would be due for each client; 800 are.
            ((10, 80_000.0), (24_000, ms(800.0 / 24_000.0))),
            // One that is not finite demands the most that any does.
            ((5_000, f64::INFINITY), (1_000_000, ms(800.0 / 1e6))),
            // A floor of nothing overloads nobody, and is a plan all the same.
            ((5_000, 0.0), (2, ms(0.5))),
        ];
        for ((connections, floor), (per_second, lasting)) in table {
            assert_eq!(Overload::of(connections, floor), Overload { per_second, lasting }, "{connections}");
        }
    }
}
