//! What stands in the folder of a run.

use pushbench_measure::interval_log::{self, Line};
use pushbench_measure::results::{Interval, Run, StepResult, names};
use pushbench_measure::verdict::{Condition, Level};
use std::fs;
use std::path::Path;

/// The manifest.
pub(crate) fn manifest(folder: &Path) -> Run {
    let text = fs::read_to_string(folder.join(names::RUN)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The rows of a label's seconds.
pub(crate) fn intervals(folder: &Path, label: &str) -> Vec<Interval> {
    let mut reader = csv::Reader::from_path(folder.join(label).join(names::INTERVALS)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The lines of a label's histograms.
pub(crate) fn histograms(folder: &Path, label: &str) -> Vec<Line> {
    let text = fs::read_to_string(folder.join(label).join(names::LATENCY_LOG)).unwrap();
    interval_log::read(&text).unwrap()
}

/// The first line of a file.
pub(crate) fn header(file: &Path) -> String {
    fs::read_to_string(file).unwrap().lines().next().unwrap_or_default().to_owned()
}

/// Names of the files in a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What a machine that is busy with something else does to a step.
const OF_THE_MACHINE: [Condition; 9] = [
    Condition::PublishSlip,
    Condition::WorkerBusy,
    Condition::TargetBusy,
    Condition::CpuShared,
    Condition::WorkerTimer,
    Condition::WorkerRunQueue,
    Condition::SendSlip,
    Condition::HostSteal,
    // Counted for the whole host, so other programs' sockets are among them.
    Condition::ListenOverflows,
];

/// Whether the only complaint about a step is that this machine was busy with something else meanwhile. Tests that ask
/// for exit code 0 would ask for an idle machine.
pub(crate) fn sound_but_for_lateness(result: &StepResult) -> bool {
    went_well_from(result, Level::Warning)
}

/// The same where warnings are nothing to complain about.
pub(crate) fn valid_but_for_lateness(result: &StepResult) -> bool {
    went_well_from(result, Level::Breach)
}

fn went_well_from(result: &StepResult, complaint: Level) -> bool {
    let findings = &result.findings;
    result.complete
        && result.thresholds.iter().all(|threshold| threshold.met)
        && findings
            .iter()
            .all(|finding| finding.level < complaint || OF_THE_MACHINE.contains(&finding.condition))
}
