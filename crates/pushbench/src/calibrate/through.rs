//! The same jobs through pushbench's own target and worker: real steps of a run, with their verdicts.

use pushbench_measure::Phase;
use pushbench_measure::results::{CalibrationRun, Interval, RoundResult, Summary};
use pushbench_measure::verdict::Level;
use pushbench_scenario::Plan;
use pushbench_scenario::schedule::arrival_offset_ns;
use std::path::Path;

use super::size::Sizes;
use super::steps::Steps;
use super::work::Work;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::run::{Alone, Ended, Job, alone};

/// What a transport showed.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) label: String,
    /// One for each of [`Work::ALL`].
    pub(super) shots: Vec<Shot>,
}

/// One run of one transport.
#[derive(Debug)]
pub(super) struct Shot {
    pub(super) work: Work,
    pub(super) summary: Summary,
    /// Events due per second.
    pub(super) rate: f64,
    /// CPU time of target and worker while the clients connected, in microseconds.
    pub(super) ramp_cpu_us: Option<u64>,
    /// From the first arrival until the last client was ready, at most, in nanoseconds.
    pub(super) opening_ns: Option<u64>,
    /// Events, and reads that brought any.
    pub(super) events_and_reads: (u64, u64),
    pub(super) run: CalibrationRun,
}

impl Shown {
    /// What a job showed.
    pub(super) fn of(&self, work: Work) -> Option<&Shot> {
        self.shots.iter().find(|shot| shot.work == work)
    }
}

/// Runs every job over every transport; bare sockets delivered `floor_per_second`. `scratch` is a folder that may be made
/// and removed.
pub(super) async fn measure(
    sizes: &Sizes,
    floor_per_second: f64,
    scratch: &Path,
    steps: &mut Steps,
    interrupt: &mut Interrupt,
) -> Result<Vec<Shown>, Failure> {
    let program = std::env::current_exe().map_err(Failure::environment)?;
    let mut planned = Vec::new();
    for work in Work::ALL {
        planned.push((work, work.plan(sizes.connections, floor_per_second)?));
    }
    let labels = planned[0].1.transports.iter().map(|transport| transport.label.clone());
    let mut shown: Vec<Shown> = labels.map(|label| Shown { label, shots: Vec::new() }).collect();
    for (transport, Shown { label, shots }) in shown.iter_mut().enumerate() {
        for (work, plan) in &planned {
            steps.begin(&format!("{label}: {}", work.name()));
            let clients = plan.steps.first().copied().unwrap_or(1);
            let job_of = Job {
                plan,
                transport,
                clients,
                point: None,
                round: 1,
                targets: 1,
                workers: 1,
                program: &program,
                predicted: None,
            };
            let unwritable = |error| {
                let path = scratch.display();
                Failure::of(Exit::Environment, format_args!("cannot write to {path}: {error}"))
            };
            let mut alone = alone(job_of, scratch, interrupt).await.map_err(unwritable)?;
            match (&alone.result, alone.ended.take()) {
                (Some(result), None) => shots.push(shot(*work, plan, label, result, &alone)),
                (_, ended) => return Err(failure(label, ended)),
            }
        }
    }
    Ok(shown)
}

fn failure(label: &str, ended: Option<Ended>) -> Failure {
    match ended {
        Some(Ended::Interrupted) => Failure::of(Exit::Interrupted, "interrupted: nothing was saved"),
        Some(Ended::Died(reason)) => Failure::of(Exit::Unexpected, format_args!("{label}: {reason}")),
        Some(Ended::Environment(reason) | Ended::Exhausted { reason, .. }) => {
            Failure::of(Exit::Environment, format_args!("{label}: {reason}"))
        }
        None => Failure::of(Exit::Unexpected, format_args!("{label}: no result")),
    }
}

fn shot(work: Work, plan: &Plan, label: &str, result: &RoundResult, alone: &Alone) -> Shot {
    let summary = result.summary.clone();
    let (verdict, reasons) = match work {
        Work::FanOut | Work::OneWay => {
            let doubtful = result.findings.iter().filter(|finding| finding.level > Level::Ok);
            (summary.verdict.clone(), doubtful.map(|finding| finding.text.clone()).collect())
        }
        // Lateness and lack of CPU are what the job is about.
        Work::FlatOut | Work::FlatOutCoalesced => {
            let missing = missing(&summary);
            let verdict = if missing.is_empty() { "valid" } else { "invalid" };
            (verdict.to_owned(), missing)
        }
    };
    Shot {
        work,
        rate: plan.events.rate,
        ramp_cpu_us: ramp_cpu_us(&alone.rows),
        opening_ns: alone
            .connect_max_us
            .map(|us| opening_ns(result.summary.connected, plan.connect_rate, us)),
        events_and_reads: alone.events_and_reads,
        run: CalibrationRun { label: label.to_owned(), job: work.name().to_owned(), verdict, reasons },
        summary,
    }
}

/// In which ways less, or more, than one event of each to every client has arrived.
fn missing(summary: &Summary) -> Vec<String> {
    let Summary { clients, connected, expected_of_all, delivered, .. } = summary;
    let (connected, delivered) = (connected.unwrap_or(0), delivered.unwrap_or(0));
    let mut missing = Vec::new();
    if let Some(clients) = clients.filter(|clients| *clients != connected) {
        missing.push(format!("{connected} of {clients} clients were connected"));
    }
    let due = expected_of_all.unwrap_or(0);
    if delivered == 0 || delivered != due {
        missing.push(format!("{delivered} of {due} events had arrived at the end"));
    }
    if let Some(duplicated @ 1..) = summary.duplicated {
        missing.push(format!("{duplicated} events arrived again"));
    }
    missing
}

/// From the first arrival until the last client was ready: the last to arrive may be the one that took longest, so it is
/// never more than this.
fn opening_ns(clients: Option<u32>, connect_rate: f64, longest_us: u64) -> u64 {
    arrival_offset_ns(clients.unwrap_or(0).saturating_sub(1), connect_rate) + longest_us * 1_000
}

/// CPU time of both sides until the warm-up; `None` where a second is not known.
fn ramp_cpu_us(rows: &[Interval]) -> Option<u64> {
    let ramp = rows.iter().filter(|row| row.phase() == Some(Phase::Ramp));
    ramp.map(|row| Some(row.target_cpu_us? + row.worker_cpu_us?))
        .collect::<Option<Vec<u64>>>()
        .filter(|seconds| !seconds.is_empty())
        .map(|seconds| seconds.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(phase: Phase, cpu: [Option<u64>; 2]) -> Interval {
        Interval {
            phase: phase.name().to_owned(),
            target_cpu_us: cpu[0],
            worker_cpu_us: cpu[1],
            ..Interval::default()
        }
    }

    #[test]
    fn opening_costs_what_both_sides_used_before_the_warm_up() {
        let ramp = row(Phase::Ramp, [Some(100), Some(20)]);
        let measure = row(Phase::Measure, [Some(7_000), Some(7_000)]);
        assert_eq!(ramp_cpu_us(&[ramp.clone(), ramp.clone(), measure.clone()]), Some(240));
        assert_eq!(ramp_cpu_us(&[ramp, row(Phase::Ramp, [Some(1), None])]), None);
        assert_eq!(ramp_cpu_us(&[measure]), None);
    }

    #[test]
    fn opening_ends_with_the_slowest_client_wherever_it_arrived() {
        assert_eq!(opening_ns(Some(5_001), 1e6, 200_000), 5_000_000 + 200_000_000);
        assert_eq!(opening_ns(Some(1), 1e6, 70), 70_000);
    }

    #[test]
    fn flat_out_all_must_have_arrived_once() {
        let all = Summary {
            clients: Some(10),
            connected: Some(10),
            expected_of_all: Some(400),
            delivered: Some(400),
            duplicated: Some(0),
            ..Summary::default()
        };
        let table: [(Summary, &[&str]); 4] = [
            (all.clone(), &[]),
            (Summary { delivered: Some(399), ..all.clone() }, &["399 of 400 events had arrived at the end"]),
            (
                Summary { connected: Some(9), delivered: Some(360), duplicated: Some(2), ..all },
                &[
                    "9 of 10 clients were connected",
                    "360 of 400 events had arrived at the end",
                    "2 events arrived again",
                ],
            ),
            (Summary::default(), &["0 of 0 events had arrived at the end"]),
        ];
        for (summary, expected) in table {
            assert_eq!(missing(&summary), expected);
        }
    }

    #[test]
    fn an_interrupted_step_ends_the_command_as_interrupted() {
        let table = [
            (Some(Ended::Interrupted), Exit::Interrupted),
            (Some(Ended::Died("x".to_owned())), Exit::Unexpected),
            (Some(Ended::Environment("x".to_owned())), Exit::Environment),
            (None, Exit::Unexpected),
        ];
        for (ended, exit) in table {
            assert_eq!(failure("sse", ended).exit, exit);
        }
    }
}
