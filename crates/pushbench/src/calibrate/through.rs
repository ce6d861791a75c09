//! The same jobs through pushbench's own target and worker: real steps of a run, with their verdicts.

use pushbench_measure::Phase;
use pushbench_measure::results::{CalibrationRun, Interval, RoundResult, Summary};
use pushbench_measure::verdict::Level;
use pushbench_scenario::needs::{Machine, needs};
use pushbench_scenario::{Overrides, Plan, parse};
use std::path::Path;
use std::time::Duration;

use super::size::{Sizes, one_way};
use super::steps::Steps;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::run::{Ended, Job, alone};

/// What is under way when nothing is due any more arrives within this: nobody polls here.
const DRAIN: Duration = Duration::from_millis(300);

/// What a transport showed.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) label: String,
    pub(super) fan_out: Shot,
    pub(super) one_way: Shot,
}

/// One run of one transport.
#[derive(Debug)]
pub(super) struct Shot {
    pub(super) summary: Summary,
    /// CPU time of target and worker while the clients connected, in microseconds.
    pub(super) ramp_cpu_us: Option<u64>,
    pub(super) run: CalibrationRun,
}

/// Runs both jobs over every transport. `scratch` is a folder that may be made and removed.
pub(super) async fn measure(
    sizes: &Sizes,
    machine: &Machine,
    scratch: &Path,
    steps: &mut Steps,
    interrupt: &mut Interrupt,
) -> Result<Vec<Shown>, Failure> {
    let program = std::env::current_exe().map_err(Failure::environment)?;
    let (fan_out, one_way) = (plan(&sizes.fan_out(), machine)?, plan(&one_way(), machine)?);
    let mut shown = Vec::new();
    for (transport, planned) in fan_out.transports.iter().enumerate() {
        let label = &planned.label;
        let mut shots = Vec::new();
        for (plan, job) in [(&fan_out, "fan-out"), (&one_way, "one way")] {
            steps.begin(&format!("{label}: {job}"));
            let clients = plan.steps.first().copied().unwrap_or(1);
            let job_of = Job {
                plan,
                transport,
                clients,
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
            let alone = alone(job_of, scratch, interrupt).await.map_err(unwritable)?;
            match (alone.result, alone.ended) {
                (Some(result), None) => shots.push(shot(label, job, &result, &alone.rows)),
                (_, ended) => return Err(failure(label, ended)),
            }
        }
        if let (Some(one_way), Some(fan_out)) = (shots.pop(), shots.pop()) {
            shown.push(Shown { label: label.clone(), fan_out, one_way });
        }
    }
    Ok(shown)
}

fn plan(text: &str, machine: &Machine) -> Result<Plan, Failure> {
    let mut plan = parse(text, "calibration", &Overrides::default()).map_err(anyhow::Error::new)?;
    plan.phases.drain = DRAIN;
    let refusals: Vec<String> =
        needs(&plan, machine).refusals().iter().map(|refusal| format!("calibrate: {refusal}")).collect();
    if refusals.is_empty() { Ok(plan) } else { Err(Failure::of(Exit::Environment, refusals.join("\n"))) }
}

fn failure(label: &str, ended: Option<Ended>) -> Failure {
    match ended {
        Some(Ended::Interrupted) => Failure::of(Exit::Interrupted, "interrupted: nothing was saved"),
        Some(Ended::Died(reason)) => Failure::of(Exit::Unexpected, format_args!("{label}: {reason}")),
        Some(Ended::Environment(reason)) => Failure::of(Exit::Environment, format_args!("{label}: {reason}")),
        None => Failure::of(Exit::Unexpected, format_args!("{label}: no result")),
    }
}

fn shot(label: &str, job: &str, result: &RoundResult, rows: &[Interval]) -> Shot {
    let doubtful = result.findings.iter().filter(|finding| finding.level > Level::Ok);
    Shot {
        summary: result.summary.clone(),
        ramp_cpu_us: ramp_cpu_us(rows),
        run: CalibrationRun {
            label: label.to_owned(),
            job: job.to_owned(),
            verdict: result.summary.verdict.clone(),
            reasons: doubtful.map(|finding| finding.text.clone()).collect(),
        },
    }
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
