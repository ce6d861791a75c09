//! Runs whose outcome is known beforehand, measured by the whole program.
//!
//! Bounds are worked out from the scenario. Where a machine may be late, what is allowed is what the run itself says of
//! its own lateness, so that a busy machine widens a bound and does not break it.

mod age;
mod capacity;
mod comparison;
mod delay;
mod ledger;
mod lives;
mod polling;
mod sockets;
mod standstill;
mod steadiness;
mod streams;

use pushbench_measure::results::Run;
use pushbench_measure::{Figure, Histogram, Phase, interval_log};
use std::path::Path;

use crate::folder::{histograms, manifest};
use crate::process::Ended;
use crate::scenario::Workshop;

/// One of a run's histograms of the measure phase.
fn measured(folder: &Path, label: &str, figure: Figure) -> Histogram {
    interval_log::sum(&histograms(folder, label), figure, Phase::Measure, None)
}

/// How late, by its own account, a run's timers and publisher were at worst, in microseconds.
fn worst_lateness_us(folder: &Path, label: &str) -> u64 {
    let worst = |figure| measured(folder, label, figure).max().unwrap_or(0);
    worst(Figure::TimerLate) + worst(Figure::Slip)
}

/// The same of all but the worst in a hundred: what may have moved a median.
fn usual_lateness_us(folder: &Path, label: &str) -> u64 {
    let usual = |figure| measured(folder, label, figure).quantile(0.99).unwrap_or(0);
    usual(Figure::TimerLate) + usual(Figure::Slip)
}

/// How many values are `value_us` or more, to the resolution of the histogram.
fn at_least(histogram: &Histogram, value_us: u64) -> u64 {
    histogram.inner().count_between(value_us, u64::MAX)
}

/// Runs the workshop's scenario with these faults, and returns its manifest beside how the program ended.
fn run_with(workshop: &Workshop, faults: &str) -> (Run, Ended) {
    let ended = workshop.run(&["run", "tiny.toml", "--inject", faults]);
    (manifest(&workshop.run_folder()), ended)
}
