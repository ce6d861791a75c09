//! A made-up run with the numbers of a real one: what tables and charts are tried on.
//!
//! Everything follows from a fixed seed. Latencies are drawn from the distributions that theory expects: uniform
//! over the interval for polling, a log-normal of a few milliseconds for transports that push.

use pushbench_measure::Histogram;
use pushbench_measure::results::{Interval, Summary};
use pushbench_report::{LabelFiles, RunFolder};

use self::dice::Dice;
use self::figures::{result, summary};
use self::models::MODELS;
use self::seconds::seconds;

mod dice;
mod figures;
mod manifest;
mod models;
mod seconds;
pub(crate) mod swept;
pub(crate) mod troubles;
pub(crate) mod written;

/// What is varied between made-up runs.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// How many of [`MODELS`](models::MODELS), 1 to 9.
    pub(crate) transports: usize,
    /// Length of the measure phase in seconds.
    pub(crate) measure_s: u32,
    /// Numbers of clients.
    pub(crate) steps: Vec<u32>,
    /// Published events per second.
    pub(crate) events_per_second: u32,
    /// How often everything is measured.
    pub(crate) rounds: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self { transports: 4, measure_s: 30, steps: vec![1000], events_per_second: 5, rounds: 1 }
    }
}

/// A complete, valid run.
pub(crate) fn folder(shape: &Shape) -> RunFolder {
    let mut labels = Vec::new();
    let mut results = Vec::new();
    let seed_of = |at: usize, step: u32| Dice(at as u64 * 977 + u64::from(step));
    for (at, model) in MODELS.iter().take(shape.transports).enumerate() {
        let mut files = LabelFiles::default();
        for &step in &shape.steps {
            let mut dice = seed_of(at, step);
            let mut rounds: Vec<(Vec<Interval>, Histogram, Summary)> = Vec::new();
            for round in 1..=shape.rounds {
                let model = if shape.rounds > 1 { model.varied(&mut dice) } else { *model };
                let (mut intervals, delivery) = seconds(&model, shape, step, &mut dice);
                for interval in &mut intervals {
                    interval.round = round;
                }
                let summary = summary(&model, shape, step, &intervals, &delivery);
                rounds.push((intervals, delivery, summary));
            }
            let mut all = Histogram::new();
            for (_, delivery, _) in &rounds {
                all.add(delivery);
            }
            results.push(result(model, shape, step, &rounds, &all));
            files.intervals.extend(rounds.into_iter().flat_map(|(intervals, ..)| intervals));
            files.delivery.insert((shape.steps.len() > 1).then_some(step).into(), all);
        }
        labels.push(files);
    }
    RunFolder::from_parts(manifest::run(shape, results), labels)
}
