//! The folder of a run, written as the run goes.
//!
//! Rows are appended and flushed every second, so what was measured is on disk whatever happens next. The manifest and
//! the summary are replaced as a whole (written beside, then renamed), so a reader never sees half of one.

use pushbench_measure::interval_log;
use pushbench_measure::results::{ClientQuantile, Columns, Run, names};
use pushbench_measure::rollup::WorkerSums;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::gather::Row;
use super::job::Job;

/// Quantiles over clients that `clients.csv` holds.
const CLIENT_QUANTILES: [f64; 9] = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];

/// The folder and its manifest.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    pub(crate) run: Run,
    begin_ns: u64,
}

impl RunFolder {
    /// Makes `<out>/<scenario>/<start time>` and writes the first manifest.
    pub(crate) fn create(out: &Path, run: Run, begin_ns: u64) -> io::Result<Self> {
        let parent = out.join(&run.scenario.name);
        fs::create_dir_all(&parent)?;
        let name = run.started.replace(':', "-");
        let path = make_unique(&parent, &name)?;
        let folder = Self { path, run, begin_ns };
        folder.save()?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the files of a label.
    pub(crate) fn label_files(&self, label: &str) -> io::Result<LabelFiles> {
        LabelFiles::create(self.path.join(label), &self.run, self.begin_ns)
    }

    /// Writes the manifest and the summary as they are now.
    pub(crate) fn save(&self) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(&self.run)?;
        json.push(b'\n');
        replace(&self.path.join(names::RUN), &json)?;
        let columns = Columns::of(&self.run.scenario);
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(columns.names())?;
        for result in &self.run.results {
            csv.write_record(columns.record(result))?;
        }
        let rows = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        replace(&self.path.join(names::SUMMARY), &rows)
    }
}

/// A folder of that name, or of that name and a number where two runs began in the same second.
pub(crate) fn make_unique(parent: &Path, name: &str) -> io::Result<PathBuf> {
    let numbered = (2..1_000).map(|number| format!("{name}-{number}"));
    for candidate in std::iter::once(name.to_owned()).chain(numbered) {
        let path = parent.join(candidate);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} and 998 more exist")))
}

/// Writes a file beside its place and renames it there. Where that fails, nothing is left beside it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // What made the writing fail is told; half a file is of no use.
        let _ = fs::remove_file(&beside);
    })
}

/// The files of one label.
#[derive(Debug)]
pub(crate) struct LabelFiles {
    folder: PathBuf,
    intervals: csv::Writer<File>,
    log: BufWriter<File>,
    clients: csv::Writer<File>,
    begin_ns: u64,
}

impl LabelFiles {
    fn create(folder: PathBuf, run: &Run, begin_ns: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut log = BufWriter::new(File::create(folder.join(names::LATENCY_LOG))?);
        interval_log::write_head(&mut log, &run.started)?;
        Ok(Self {
            intervals: csv::Writer::from_writer(File::create(folder.join(names::INTERVALS))?),
            log,
            clients: csv::Writer::from_writer(File::create(folder.join(names::CLIENTS))?),
            folder,
            begin_ns,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends one interval of a job, and hands it to the kernel.
    pub(crate) fn write_row(&mut self, job: &Job<'_>, row: &Row) -> io::Result<()> {
        if let Some(interval) = &row.interval {
            self.intervals.serialize(interval)?;
            self.intervals.flush()?;
        }
        let start = Duration::from_nanos(row.begin_ns.saturating_sub(self.begin_ns));
        let length = Duration::from_nanos(row.end_ns.saturating_sub(row.begin_ns));
        interval_log::write_interval(&mut self.log, &row.histograms, start, length, job.mark(), job.round)?;
        self.log.flush()
    }

    /// Appends the distributions over clients of a job.
    pub(crate) fn write_clients(&mut self, job: &Job<'_>, sums: &WorkerSums) -> io::Result<()> {
        let (step, round) = (job.clients, job.round);
        let figures = [
            ("delivered_events", &sums.delivered_per_client),
            ("latency_mean_us", &sums.latency_mean_per_client),
        ];
        for (figure, histogram) in figures {
            for quantile in CLIENT_QUANTILES {
                let Some(value) = histogram.quantile(quantile) else { continue };
                let (point, figure) = (job.plan.point.name.clone(), figure.to_owned());
                self.clients.serialize(ClientQuantile { step, point, round, figure, quantile, value })?;
            }
        }
        self.clients.flush()
    }
}
