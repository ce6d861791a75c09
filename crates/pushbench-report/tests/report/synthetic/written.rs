//! Made-up runs with rounds, written as a run writes them: what comparisons are tried on.

use pushbench_measure::results::{RoundResult, StepResult, Summary};
use pushbench_measure::{Figure, Histograms, Phase, interval_log};
use pushbench_report::RunFolder;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::dice::Dice;
use super::figures::complete_round;
use super::manifest::STARTED;
use super::{Shape, folder};

/// What makes one made-up run another.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) shape: Shape,
    /// How often everything was measured.
    pub(crate) rounds: u32,
    /// Other seeds give other values of the same distributions.
    pub(crate) seed: u64,
    /// Standard deviation of the logarithm by which rounds differ.
    pub(crate) apart: f64,
    /// What every delivery takes longer, microseconds.
    pub(crate) delay_us: u64,
    /// By what everything that costs is multiplied.
    pub(crate) cost: f64,
}

impl Default for Made {
    fn default() -> Self {
        let shape = Shape { measure_s: 10, steps: vec![50], transports: 2, ..Shape::default() };
        Self { shape, rounds: 5, seed: 1, apart: 0.02, delay_us: 0, cost: 1.0 }
    }
}

const WRITTEN: &str = "a file of the made-up run is written";

/// Writes the run, after a change of its manifest.
pub(crate) fn write(dir: &Path, made: &Made, change: impl FnOnce(&mut RunFolder)) {
    let mut made_up = folder(&made.shape);
    made_up.run.scenario.rounds = made.rounds;
    let mut results = std::mem::take(&mut made_up.run.results);
    for transport in &made_up.run.transports {
        let dir = dir.join(&transport.label);
        fs::create_dir_all(&dir).expect(WRITTEN);
        let mut log = Vec::new();
        interval_log::write_head(&mut log, STARTED).expect(WRITTEN);
        for result in results.iter_mut().filter(|result| result.summary.label == transport.label) {
            // What a shape knows is one round's.
            result.summary.publishes = result.summary.publishes.map(|of_one| of_one * u64::from(made.rounds));
            let mut dice = Dice(made.seed * 7_919 + transport.label.len() as u64);
            let rounds: Vec<RoundResult> = (1..=made.rounds)
                .map(|round| {
                    let factor = (made.apart * dice.normal()).exp();
                    write_round(&mut log, made, result, round, &mut dice, factor);
                    round_result(result, round, made.cost * (1.0 + 0.01 * dice.normal()), made.delay_us)
                })
                .collect();
            result.rounds = rounds;
        }
        fs::write(dir.join("latency.hlog"), log).expect(WRITTEN);
    }
    made_up.run.results = results;
    change(&mut made_up);
    let manifest = serde_json::to_string_pretty(&made_up.run).expect(WRITTEN);
    fs::write(dir.join("run.json"), manifest).expect(WRITTEN);
}

/// Log-normal latencies, for short polling on top of a wait uniform over the interval.
fn write_round(
    log: &mut Vec<u8>,
    made: &Made,
    result: &StepResult,
    round: u32,
    dice: &mut Dice,
    factor: f64,
) {
    let wait_us = if result.summary.kind == "short-polling" { 1e6 } else { 0.0 };
    let values = made.shape.steps[0] * made.shape.events_per_second;
    for second in 0..made.shape.measure_s {
        let mut histograms = Histograms::new();
        for _ in 0..values {
            let way = 1_500.0 * factor * (0.4 * dice.normal()).exp();
            let us = (wait_us * dice.roll() + way) as u64 + made.delay_us;
            histograms.record(Figure::Delivery, Phase::Measure, us);
        }
        let start = Duration::from_secs(u64::from(second));
        let length = Duration::from_secs(1);
        interval_log::write_interval(log, &histograms, start, length, result.summary.step, round)
            .expect(WRITTEN);
    }
}

fn round_result(result: &StepResult, round: u32, cost: f64, delay_us: u64) -> RoundResult {
    let of = &result.summary;
    let times = |value: Option<f64>| value.map(|value| value * cost);
    let summary = Summary {
        target_cpu_us_per_event: times(of.target_cpu_us_per_event),
        worker_cpu_us_per_event: times(of.worker_cpu_us_per_event),
        age_mean_us: of.age_mean_us.map(|us| us + delay_us as f64),
        ..of.clone()
    };
    complete_round(round, summary)
}
