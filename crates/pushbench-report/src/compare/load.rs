//! Folders to sides: a side is one transport at one number of clients with all its rounds.

use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::{Run, StepResult, Summary, TransportRecord, names};
use pushbench_measure::statistics::{
    Basis, Bootstrap, HEADLINES, Measurement, Round, Sample, Source, Statistic, distribution, measure,
    shift_quantiles,
};
use pushbench_measure::verdict::Level;
use pushbench_measure::{Figure, Phase, interval_log};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::ReportError;
use crate::figures::{P50, P90, P99, P999};
use crate::folder::{in_row, load_manifest, mark_of, read_if_there, step_of};
use crate::log_check::LogFault;

/// What to compare: a run, or one of its transports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The folder of the run.
    pub folder: PathBuf,
    /// One transport of it; `None` means all.
    pub label: Option<String>,
}

impl Selection {
    /// From `RUN_DIR` or `RUN_DIR:LABEL`. What is a folder is never cut at a colon of its name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.rsplit_once(':') {
            Some((folder, label))
                if !label.is_empty() && !label.contains('/') && !Path::new(text).exists() =>
            {
                Self { folder: folder.into(), label: Some(label.to_owned()) }
            }
            _ => Self { folder: text.into(), label: None },
        }
    }
}

/// A run of a comparison with everything that is compared.
#[derive(Debug, Clone)]
pub struct LoadedRun {
    /// `A` for the baseline, `B` and so on.
    pub letter: String,
    /// What was asked for.
    pub selection: Selection,
    /// The manifest.
    pub run: Run,
    /// Its sides, in the order of the scenario, steps ascending.
    pub sides: Vec<Side>,
}

/// One transport at one number of clients.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    /// The run's letter.
    pub run: String,
    /// The transport's label.
    pub label: String,
    /// Its kind.
    pub kind: String,
    /// Its settings in words.
    pub settings: String,
    /// Number of clients.
    pub clients: u32,
    /// Which variant of the scenario it is; empty where it has one.
    pub point: String,
    /// What intervals speak of.
    pub basis: Basis,
    /// False when it was cut short: nobody has judged whether its figures may be believed.
    pub complete: bool,
    /// What was found that makes its figures unfit to be believed; empty where nothing was.
    pub invalid: Vec<String>,
    /// How `latency.hlog` does not hold what the manifest says was delivered, the file named; `None` where it does.
    pub log_fault: Option<String>,
    /// Whether `latency.hlog` holds its latencies.
    pub has_distribution: bool,
    #[serde(skip)]
    pub(crate) kind_index: usize,
    #[serde(skip)]
    pub(crate) poll_interval_us: Option<u64>,
    /// The row of all rounds.
    #[serde(skip)]
    pub(crate) summary: Summary,
    /// The row of each round.
    #[serde(skip)]
    pub(crate) rounds: Vec<Summary>,
    #[serde(skip)]
    pub(crate) sample: Sample,
    /// Headline figures by column.
    #[serde(skip)]
    pub(crate) figures: BTreeMap<&'static str, Measurement>,
    /// The first quantiles of the shift function, as far as enough values stand behind them.
    #[serde(skip)]
    pub(crate) quantiles: Vec<Measurement>,
}

/// Reads all runs.
///
/// # Errors
/// Everything that keeps any of them from being compared, each naming its folder: not a run, another format, no result,
/// no such transport, a file that is damaged or cannot be read.
pub fn load(selections: &[Selection]) -> Result<Vec<LoadedRun>, Vec<ReportError>> {
    let mut runs = Vec::new();
    let mut faults = Vec::new();
    for (at, selection) in selections.iter().enumerate() {
        match load_one(at, selection) {
            Ok(run) => runs.push(run),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(runs) } else { Err(faults) }
}

fn load_one(at: usize, selection: &Selection) -> Result<LoadedRun, ReportError> {
    let path = &selection.folder;
    let run = load_manifest(path)?;
    if run.results.is_empty() {
        return Err(ReportError::NoResult { path: path.clone() });
    }
    let letter = letter(at);
    let mut sides = Vec::new();
    for transport in &run.transports {
        let results: Vec<&StepResult> =
            run.results.iter().filter(|result| result.summary.label == transport.label).collect();
        if results.is_empty() || selection.label.as_ref().is_some_and(|label| *label != transport.label) {
            continue;
        }
        let mut log = Log::read(&path.join(&transport.label).join(names::LATENCY_LOG))?;
        let mut of_label: Vec<(Mark, Side)> = (results.into_iter())
            .filter_map(|result| {
                let (clients, mark) = (step_of(&run, result)?, mark_of(&run, result));
                let transport = run.transport_of(result).unwrap_or(transport);
                Some((mark, Side::new(&letter, transport, result, clients, log.take(result, mark), &log)))
            })
            .collect();
        of_label.sort_by_key(|(mark, side)| (mark.point, side.clients));
        let of_label = of_label.into_iter().map(|(_, side)| side);
        sides.extend(of_label);
    }
    match &selection.label {
        Some(label) if sides.is_empty() => {
            let has = run.results.iter().map(|result| result.summary.label.clone()).collect();
            Err(ReportError::NoSuchLabel { path: path.clone(), label: label.clone(), has })
        }
        _ => Ok(LoadedRun { letter, selection: selection.clone(), run, sides }),
    }
}

/// A to Z, then R27 and so on.
fn letter(at: usize) -> String {
    let letter = u8::try_from(at).ok().filter(|at| *at < 26).map(|at| char::from(b'A' + at));
    letter.map_or_else(|| format!("R{}", at + 1), String::from)
}

/// What the log of a transport holds.
struct Log {
    there: bool,
    rounds: BTreeMap<(Mark, u32), Round>,
}

impl Log {
    fn read(path: &Path) -> Result<Self, ReportError> {
        let text = read_if_there(path)?;
        let there = text.is_some();
        let rounds =
            interval_log::rounds_by_mark(&text.unwrap_or_default(), Figure::Delivery, Phase::Measure)
                .map_err(|source| ReportError::Log { path: path.to_owned(), source })?;
        Ok(Self { there, rounds })
    }

    /// Takes out the histograms of the rounds in a result's row.
    fn take(&mut self, result: &StepResult, mark: Mark) -> Sample {
        let keys: Vec<_> = self.rounds.keys().filter(|(of, _)| *of == mark).copied().collect();
        let wanted = keys.into_iter().filter(|(_, round)| in_row(result, *round));
        Sample::new(wanted.filter_map(|key| self.rounds.remove(&key)).collect())
    }

    /// What is wrong with it where the sample is all that it holds of a result.
    fn fault(&self, result: &StepResult, sample: &Sample) -> Option<String> {
        let fault = LogFault::of(result, sample.count());
        let what = if self.there { fault?.to_string() } else { "is missing".to_owned() };
        Some(format!("{}/{} {what}", result.summary.label, names::LATENCY_LOG))
    }
}

impl Side {
    fn new(
        letter: &str,
        transport: &TransportRecord,
        result: &StepResult,
        clients: u32,
        sample: Sample,
        log: &Log,
    ) -> Self {
        let rounds = rows_of(result);
        let mut side = Self {
            run: letter.to_owned(),
            label: transport.label.clone(),
            kind: transport.kind.clone(),
            settings: transport.settings.clone(),
            clients,
            point: result.summary.point.clone().unwrap_or_default(),
            basis: Basis::of(rounds.len()),
            complete: result.complete,
            invalid: breaches(result),
            log_fault: log.fault(result, &sample),
            has_distribution: sample.count() > 0,
            kind_index: transport.kind_index,
            poll_interval_us: transport.poll_interval_us,
            summary: result.summary.clone(),
            rounds,
            sample,
            figures: BTreeMap::new(),
            quantiles: Vec::new(),
        };
        side.estimate();
        side
    }

    /// Fills in the figures with their scatter.
    fn estimate(&mut self) {
        let count = self.sample.count();
        let (columns, mut statistics): (Vec<&str>, Vec<Statistic>) = distribution(count).unzip();
        statistics.extend(shift_quantiles(count).map(Statistic::Quantile));
        let mut measured = measure(&self.sample, &statistics, Bootstrap::default()).unwrap_or_default();
        self.quantiles = measured.split_off(columns.len().min(measured.len()));
        self.figures = columns.into_iter().zip(measured).collect();
        for headline in HEADLINES {
            let measured = match headline.source {
                // Without the log its figures are known, and nothing about their scatter.
                Source::Delivery(_) if self.has_distribution => None,
                Source::Delivery(_) => {
                    self.summary.figure(headline.column).and_then(|value| Measurement::of_rounds(&[value]))
                }
                Source::Rounds | Source::Counts => Measurement::of_rounds(&headline.values(&self.rounds)),
            };
            self.figures.extend(measured.map(|measured| (headline.column, measured)));
        }
        for percentile in [P50, P90, P99, P999] {
            if percentile.is_beyond(&self.summary) {
                self.figures.remove(percentile.column);
            }
        }
    }

    /// Why its figures are not to be believed: what is said behind its name, and the reason. Empty when they are.
    pub(crate) fn doubts(&self) -> Vec<(&'static str, &str)> {
        let cut = (!self.complete).then_some(("was cut short", "its validity was never judged"));
        let log = self.log_fault.as_deref().map(|fault| ("is not as it was measured", fault));
        self.invalid.iter().map(|reason| ("is invalid", reason.as_str())).chain(cut).chain(log).collect()
    }

    /// Whether its figures are not to be believed.
    pub(crate) fn doubted(&self) -> bool {
        !self.doubts().is_empty()
    }

    /// The label, with the number of clients.
    pub(crate) fn name(&self) -> String {
        let noun = if self.clients == 1 { "client" } else { "clients" };
        let point = if self.point.is_empty() { String::new() } else { format!(", {}", self.point) };
        format!("{}, {} {noun}{point}", self.label, crate::format::grouped(self.clients.into()))
    }
}

/// The rows of the same rounds; a run that does not keep them is one round.
fn rows_of(result: &StepResult) -> Vec<Summary> {
    let rounds = result.rounds.iter().filter(|round| in_row(result, round.round));
    let rows: Vec<Summary> = rounds.map(|round| round.summary.clone()).collect();
    if rows.is_empty() { vec![result.summary.clone()] } else { rows }
}

/// What makes a result invalid. A missed threshold does not: the figures are what they are.
fn breaches(result: &StepResult) -> Vec<String> {
    let breaches = result.findings.iter().filter(|finding| finding.level == Level::Breach);
    breaches.map(|finding| finding.text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_names_a_transport_unless_it_belongs_to_the_folder() {
        let of = |text: &str| {
            let Selection { folder, label } = Selection::parse(text);
            (folder.display().to_string(), label)
        };
        assert_eq!(of("results/x/1"), ("results/x/1".to_owned(), None));
        assert_eq!(of("results/x/1:sse"), ("results/x/1".to_owned(), Some("sse".to_owned())));
        assert_eq!(of("a:b/c"), ("a:b/c".to_owned(), None));
        assert_eq!(of("a:b/c:sse"), ("a:b/c".to_owned(), Some("sse".to_owned())));
        assert_eq!(of("a:"), ("a:".to_owned(), None));
        let dir = tempfile::tempdir().unwrap();
        let with_colon = dir.path().join("at:12");
        std::fs::create_dir(&with_colon).unwrap();
        assert_eq!(Selection::parse(with_colon.to_str().unwrap()).folder, with_colon);
    }

    #[test]
    fn runs_are_lettered() {
        assert_eq!((letter(0), letter(25), letter(26)), ("A".to_owned(), "Z".to_owned(), "R27".to_owned()));
    }
}
