//! The rows of a run by case and label, and what is said where one is not there.

use pushbench_measure::results::{Run, StepResult};
use pushbench_measure::verdict::{Condition, Level};
use std::fmt;

/// A run, asked for its figures.
pub(super) struct Evidence<'a> {
    run: &'a Run,
}

/// One case of it.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    run: &'a Run,
    name: &'static str,
}

/// Why a claim has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gap {
    /// No row of a case has the label.
    NoRow { case: &'static str, label: &'static str },
    /// It was cut short.
    CutShort { case: &'static str, label: &'static str },
    /// Its figures cannot be believed.
    Invalid { case: &'static str, label: &'static str, why: String },
    /// It has no such figure.
    NoFigure { case: &'static str, label: &'static str, column: &'static str },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRow { case, label } => write!(f, "{label} was not measured in case {case}"),
            Self::CutShort { case, label } => write!(f, "{label} was cut short in case {case}"),
            Self::Invalid { case, label, why } => write!(f, "{label} is not valid in case {case}: {why}"),
            Self::NoFigure { case, label, column } => write!(f, "{label} has no {column} in case {case}"),
        }
    }
}

impl<'a> Evidence<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        Self { run }
    }

    pub(super) fn case(&self, name: &'static str) -> Case<'a> {
        Case { run: self.run, name }
    }

    /// Whether anything of a case was measured.
    pub(super) fn has(&self, case: &str) -> bool {
        self.run.results.iter().any(|result| result.summary.point.as_deref() == Some(case))
    }

    /// The poll interval of a label, in microseconds.
    pub(super) fn interval_us(&self, label: &str) -> Option<f64> {
        let transport = self.run.transports.iter().find(|transport| transport.label == label)?;
        transport.poll_interval_us.map(|us| us as f64)
    }
}

impl<'a> Case<'a> {
    /// Rows of a label, one for each number of clients.
    pub(super) fn rows(self, label: &'static str) -> impl Iterator<Item = &'a StepResult> {
        self.run.results.iter().filter(move |result| {
            result.summary.point.as_deref() == Some(self.name) && result.summary.label == label
        })
    }

    /// The row of a label that may be believed.
    fn row(self, label: &'static str) -> Result<&'a StepResult, Gap> {
        let case = self.name;
        let row = self.rows(label).next().ok_or(Gap::NoRow { case, label })?;
        if !row.complete {
            return Err(Gap::CutShort { case, label });
        }
        match row.findings.iter().find(|finding| finding.level == Level::Breach) {
            Some(breach) => Err(Gap::Invalid { case, label, why: breach.fact().to_owned() }),
            None => Ok(row),
        }
    }

    /// A figure of a label, in the unit of its column.
    pub(super) fn figure(self, label: &'static str, column: &'static str) -> Result<f64, Gap> {
        let figure = self.row(label)?.summary.figure(column);
        figure.ok_or(Gap::NoFigure { case: self.name, label, column })
    }

    /// Bytes on the wire of both directions per delivered event.
    pub(super) fn wire_per_event(self, label: &'static str) -> Result<f64, Gap> {
        Ok(self.figure(label, "wire_down_bytes_per_event")?
            + self.figure(label, "wire_up_bytes_per_event")?)
    }

    /// The larger of what SSE and WebSocket have.
    pub(super) fn push(self, column: &'static str) -> Result<f64, Gap> {
        Ok(self.figure("sse", column)?.max(self.figure("websocket", column)?))
    }

    /// Sockets opened in the measure phase per client and second.
    pub(super) fn opened_per_client_second(self, label: &'static str) -> Result<f64, Gap> {
        Ok(self.figure(label, "opened_per_second")? / self.figure(label, "clients")?.max(1.0))
    }

    /// How many clients of a label have what is sent to them within a limit: 99th percentile, nothing lost.
    pub(super) fn in_time(self, label: &'static str, limit_us: u64) -> Result<InTime, Gap> {
        let mut tried = 0;
        let mut found = InTime { clients: 0, all: false, generator: false };
        for row in self.rows(label).filter(|row| row.complete) {
            let clients = row.summary.clients.unwrap_or(0);
            tried = tried.max(clients);
            let breaches: Vec<Condition> =
                row.findings.iter().filter(|of| of.level == Level::Breach).map(|of| of.condition).collect();
            let in_time = row.summary.latency_p99_us.is_some_and(|p99_us| p99_us <= limit_us);
            if breaches.is_empty() && in_time && row.summary.lost == Some(0) {
                found.clients = found.clients.max(clients);
            }
            found.generator |= breaches.iter().any(|condition| OF_GENERATOR.contains(condition));
        }
        if tried == 0 {
            return Err(Gap::NoRow { case: self.name, label });
        }
        found.all = found.clients == tried;
        found.generator &= !found.all;
        Ok(found)
    }
}

/// What makes a row invalid by the load generator's doing, or the machine's below it.
const OF_GENERATOR: [Condition; 5] = [
    Condition::WorkerBusy,
    Condition::WorkerTimer,
    Condition::WorkerRunQueue,
    Condition::CpuShared,
    Condition::HostSteal,
];

/// How many clients are served in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InTime {
    /// Most clients that were, of the numbers that were tried; 0 if none.
    pub(super) clients: u32,
    /// Whether more were not tried.
    pub(super) all: bool,
    /// Whether the load generator gave out with more of them, so that it is not known.
    pub(super) generator: bool,
}

impl InTime {
    /// Whether it is known that fewer are served in time than of another.
    pub(super) fn is_less_than(self, other: Self) -> bool {
        self.clients < other.clients && !self.generator
    }
}

impl fmt::Display for InTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.all || self.generator { "at least " } else { "" };
        write!(f, "{at_least}{}", crate::format::grouped(self.clients.into()))
    }
}
