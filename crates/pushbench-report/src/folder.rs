//! Reading the folder of a run. Opens files and nothing else; what a partial run left out is simply absent.

use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::{ClientQuantile, Interval, Run, Status, StepResult, TransportRecord, names};
use pushbench_measure::{Figure, Histogram, Phase, interval_log};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::ReportError;
use crate::log_check::LogFault;
use crate::manifest;
use crate::table::answers::has_some_answers;

/// What a chart shows of answers.
const ANSWERS: [Figure; 2] = [Figure::FirstPart, Figure::PartGap];

/// A run with everything that its charts need.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFolder {
    /// The manifest.
    pub run: Run,
    /// What each transport's folder holds, in the order of `run.transports`.
    pub labels: Vec<LabelFiles>,
}

/// The contents of one transport's folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelFiles {
    /// Rows of `intervals.csv`, of all steps and rounds.
    pub intervals: Vec<Interval>,
    /// Delivery latency of events due in the measure phase, microseconds, by point and step. All rounds added that the
    /// summary is made of.
    pub delivery: BTreeMap<Mark, Histogram>,
    /// How long dropped clients were away, microseconds, by point and step; the same rounds added.
    pub back: BTreeMap<Mark, Histogram>,
    /// The same of what answers took, by figure, point and step; empty unless clients asked.
    pub answers: BTreeMap<(Figure, Mark), Histogram>,
    /// Rows of `clients.csv`, of all steps and rounds.
    pub clients: Vec<ClientQuantile>,
    /// Names of the files that do not exist.
    pub missing: Vec<&'static str>,
}

impl RunFolder {
    /// Reads the folder of a run.
    ///
    /// # Errors
    /// [`ReportError`], naming the file: not a run's folder, another format version, or a file with a fault in
    /// its middle. A file that is missing, or whose last line was cut off by a kill, is no error.
    pub fn load(dir: &Path) -> Result<Self, ReportError> {
        let run = load_manifest(dir)?;
        let lenient = run.status != Status::Complete;
        let labels = run
            .transports
            .iter()
            .map(|transport| {
                let counts = |mark, round| in_summary(&run, &transport.label, mark, round);
                let figures = if has_some_answers(&run) { &ANSWERS[..] } else { &[] };
                LabelFiles::load(&dir.join(&transport.label), lenient, figures, counts)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { run, labels })
    }

    /// A run from values instead of files; `labels` beyond the run's transports are dropped, absent ones are empty.
    #[must_use]
    pub fn from_parts(run: Run, mut labels: Vec<LabelFiles>) -> Self {
        labels.resize_with(run.transports.len(), LabelFiles::default);
        Self { run, labels }
    }

    /// Numbers of clients that were measured, ascending.
    #[must_use]
    pub fn measured_steps(&self) -> Vec<u32> {
        let mut steps: Vec<u32> =
            self.run.results.iter().filter_map(|result| step_of(&self.run, result)).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// The largest number of clients that every transport with a result was measured at; if there is none, the
    /// largest that any was measured at; in a run without results, the largest asked for.
    #[must_use]
    pub fn largest_step(&self) -> Option<u32> {
        let steps = self.measured_steps();
        let measured = |label: &str, step: u32| self.result(label, step).is_some();
        let any = |label: &str| self.run.results.iter().any(|result| result.summary.label == label);
        let shared = steps
            .iter()
            .rev()
            .find(|step| self.run.transports.iter().all(|t| !any(&t.label) || measured(&t.label, **step)));
        shared.or(steps.last()).or(self.run.scenario.setup.steps.iter().max()).copied()
    }

    /// What one transport showed at one number of clients.
    #[must_use]
    pub fn result(&self, label: &str, step: u32) -> Option<&StepResult> {
        self.run
            .results
            .iter()
            .find(|result| result.summary.label == label && step_of(&self.run, result) == Some(step))
    }

    /// Logs that do not hold what the manifest says was delivered, each with its transport's label. One that does not
    /// exist is among the missing files instead.
    pub fn log_faults(&self) -> impl Iterator<Item = (&str, LogFault)> {
        self.run.results.iter().filter_map(|result| {
            let label = result.summary.label.as_str();
            let (_, files) = self.transports().find(|(transport, _)| transport.label == label)?;
            let logged = files.delivery.get(&mark_of(&self.run, result)).map_or(0, Histogram::count);
            let there = !files.missing.contains(&names::LATENCY_LOG);
            Some((label, LogFault::of(result, logged).filter(|_| there)?))
        })
    }

    /// Every transport with its files, in the order of the scenario.
    pub fn transports(&self) -> impl Iterator<Item = (&TransportRecord, &LabelFiles)> {
        self.run.transports.iter().zip(&self.labels)
    }
}

/// The number of clients of a result: its step, or the only one that the scenario has.
pub(crate) fn step_of(run: &Run, result: &StepResult) -> Option<u32> {
    let steps = &run.scenario.setup_of(result.summary.point.as_deref()).steps;
    result.summary.step.or_else(|| steps.first().copied()).or(result.summary.clients)
}

/// How the interval log marks a result.
pub(crate) fn mark_of(run: &Run, result: &StepResult) -> Mark {
    let point = result.summary.point.as_deref().and_then(|name| run.scenario.number_of(name));
    Mark { point, step: result.summary.step }
}

/// Whether a round is in the row of its mark, if that has one.
fn in_summary(run: &Run, label: &str, mark: Mark, round: u32) -> bool {
    let of_mark =
        (run.results.iter()).find(|result| result.summary.label == label && mark_of(run, result) == mark);
    of_mark.is_none_or(|result| in_row(result, round))
}

/// Whether a round is in the row of a result: one that was cut short is not, unless there is no other, and one that the
/// result does not list (under way when the run was killed) never is. A result that lists none is one round.
pub(crate) fn in_row(result: &StepResult, round: u32) -> bool {
    let any_whole = result.complete_rounds() > 0;
    let mut listed = result.rounds.iter();
    result.rounds.is_empty()
        || listed.any(|measured| measured.round == round && (measured.complete || !any_whole))
}

impl LabelFiles {
    /// Rows of one round of one step, in order of time.
    pub fn intervals_of(&self, step: u32, round: u32) -> impl Iterator<Item = &Interval> {
        self.intervals.iter().filter(move |interval| interval.step == step && interval.round == round)
    }

    /// Delivery latency at one step. A run of one step does not name it.
    #[must_use]
    pub fn delivery_of(&self, step: u32) -> Option<&Histogram> {
        self.delivery
            .get(&Some(step).into())
            .or_else(|| self.delivery.get(&Mark::default()))
            .filter(|h| !h.is_empty())
    }

    /// How long dropped clients were away at one step.
    #[must_use]
    pub fn back_of(&self, step: u32) -> Option<&Histogram> {
        self.back
            .get(&Some(step).into())
            .or_else(|| self.back.get(&Mark::default()))
            .filter(|h| !h.is_empty())
    }

    /// What answers took at one step.
    #[must_use]
    pub fn answers_of(&self, figure: Figure, step: u32) -> Option<&Histogram> {
        let of = |mark| self.answers.get(&(figure, mark));
        of(Some(step).into()).or_else(|| of(Mark::default())).filter(|h| !h.is_empty())
    }

    /// Reads the folder of a label; of the latency log also these figures of answers.
    fn load(
        dir: &Path,
        lenient: bool,
        figures: &[Figure],
        counts: impl Fn(Mark, u32) -> bool,
    ) -> Result<Self, ReportError> {
        let mut missing = Vec::new();
        let mut text_of = |name: &'static str| {
            let text = read_if_there(&dir.join(name))?;
            if text.is_none() {
                missing.push(name);
            }
            Ok::<_, ReportError>(text.unwrap_or_default())
        };
        let (intervals, log, clients) =
            (text_of(names::INTERVALS)?, text_of(names::LATENCY_LOG)?, text_of(names::CLIENTS)?);
        let sums = |figure, phase| {
            interval_log::sums_of_rounds(&log, figure, phase, &counts)
                .map_err(|source| ReportError::Log { path: dir.join(names::LATENCY_LOG), source })
        };
        let delivery = sums(Figure::Delivery, Phase::Measure)?;
        let mut back = sums(Figure::Back, Phase::Measure)?;
        for (step, late) in sums(Figure::Back, Phase::Drain)? {
            back.entry(step).or_default().add(&late);
        }
        let mut answers = BTreeMap::new();
        for figure in figures.iter().copied() {
            let of_steps = sums(figure, Phase::Measure)?;
            answers.extend(of_steps.into_iter().map(|(step, histogram)| ((figure, step), histogram)));
        }
        Ok(Self {
            intervals: rows(&dir.join(names::INTERVALS), &intervals, lenient)?,
            delivery,
            back,
            answers,
            clients: rows(&dir.join(names::CLIENTS), &clients, lenient)?,
            missing,
        })
    }
}

/// The manifest of a run.
pub(crate) fn load_manifest(dir: &Path) -> Result<Run, ReportError> {
    let path = dir.join(names::RUN);
    let text = read_if_there(&path)?.ok_or_else(|| ReportError::NotARun { path: dir.to_owned() })?;
    manifest::parse(&text, &path)
}

/// The text of a file; `None` where there is none.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, ReportError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_owned(), source }),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Rows of a CSV file. A lenient reader leaves out a last line without its end: the run was killed while writing.
fn rows<T: DeserializeOwned>(path: &Path, text: &str, lenient: bool) -> Result<Vec<T>, ReportError> {
    let whole = if lenient { &text[..text.rfind('\n').map_or(0, |at| at + 1)] } else { text };
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    let mut rows = Vec::new();
    for row in reader.deserialize() {
        rows.push(row.map_err(|source| row_error(path, source))?);
    }
    Ok(rows)
}

fn row_error(path: &Path, source: csv::Error) -> ReportError {
    let line = source.position().map_or(1, csv::Position::line);
    ReportError::Row { path: PathBuf::from(path), line, source }
}
