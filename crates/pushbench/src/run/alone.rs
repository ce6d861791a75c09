//! One transport at one number of clients for its figures alone: the files that a step writes are kept for nobody.

use pushbench_measure::Figure;
use pushbench_measure::results::{Interval, RoundResult, names};
use pushbench_probe::clock;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::folder::{LabelFiles, RunFolder};
use super::job::Job;
use super::progress::{Loudness, Progress};
use super::step::{self, Ended};
use crate::interrupt::Interrupt;

/// What a step showed.
#[derive(Debug)]
pub(crate) struct Alone {
    pub(crate) result: Option<RoundResult>,
    /// The longest time in which a client was ready, in microseconds.
    pub(crate) connect_max_us: Option<u64>,
    /// Events that a read brought, over the whole step, however late: events, and reads that brought any.
    pub(crate) events_and_reads: (u64, u64),
    /// Its seconds.
    pub(crate) rows: Vec<Interval>,
    pub(crate) ended: Option<Ended>,
}

/// Runs a step. Its files are made in the folder `scratch`, which must not exist, and are nameless before the step
/// begins: nothing is left of them whatever happens.
pub(crate) async fn alone(job: Job<'_>, scratch: &Path, interrupt: &mut Interrupt) -> io::Result<Alone> {
    let opened = nameless_files(&job, scratch);
    let removed = fs::remove_dir_all(scratch);
    let (mut files, rows) = opened?;
    removed?;
    let mut progress = Progress::new(Loudness::Quiet, Some(1), 1);
    let end = Box::pin(step::run(job, &mut files, &mut progress, interrupt)).await;
    // A step that ended early may have left half a row.
    let rows = csv::Reader::from_reader(rows).deserialize().filter_map(Result::ok).collect();
    let facts = end.measured.as_ref().map(|measured| &measured.facts);
    let whole = facts.map(|facts| &facts.sums.edges[2]);
    Ok(Alone {
        connect_max_us: facts.and_then(|facts| facts.histograms.all_phases(Figure::Connect).max()),
        events_and_reads: whole.map_or((0, 0), |whole| (whole.events, whole.event_reads)),
        result: end.measured.map(|measured| measured.result),
        rows,
        ended: end.ended,
    })
}

/// The files of a step, and the one with its seconds once more for reading.
fn nameless_files(job: &Job<'_>, scratch: &Path) -> io::Result<(LabelFiles, File)> {
    let folder = RunFolder::create(scratch, super::record::manifest(job.plan), clock::now_ns())?;
    let label = &job.transport().label;
    let files = folder.label_files(label)?;
    let rows = File::open(folder.path().join(label).join(names::INTERVALS))?;
    Ok((files, rows))
}
