//! The rows of a run by case and label, and what is said where one is not there.

use pushbench_measure::results::{PointRecord, Run, StepResult, Summary, ThresholdResult, TransportRecord};
use pushbench_measure::verdict::{Level, too_much};
use std::fmt;

use super::{AT_ONCE_US, CLEARLY, times};
use crate::crossover;
use crate::figures::Percentile;
use crate::format::{time_us, without_trailing_zeros};
use crate::table::columns::messages::per_message;

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
        self.worked_out(label, column, |row| row.figure(column))
    }

    /// What follows from the figures of a label; by the name that stands for it where it is not there.
    fn worked_out<T>(
        self,
        label: &'static str,
        column: &'static str,
        of: impl Fn(&Summary) -> Option<T>,
    ) -> Result<T, Gap> {
        of(&self.row(label)?.summary).ok_or(Gap::NoFigure { case: self.name, label, column })
    }

    /// A percentile of delivery latency, and how it is worded: with `~` where few publishes stand behind it, as in the table.
    pub(super) fn late(self, label: &'static str, percentile: Percentile) -> Result<Late, Gap> {
        self.worked_out(label, percentile.column, |row| {
            Some(Late { us: row.figure(percentile.column)?, words: percentile.of(row)? })
        })
    }

    /// What a message sent costs, of a column that has it per delivery.
    pub(super) fn per_message(self, label: &'static str, column: &'static str) -> Result<f64, Gap> {
        self.worked_out(label, column, |row| per_message(row, column))
    }

    /// A label as it is set in this case: another may set it otherwise.
    fn transport(self, label: &str) -> Option<&'a TransportRecord> {
        let transports = self.point().map_or(&self.run.transports, |point| &point.transports);
        transports.iter().find(|transport| transport.label == label)
    }

    fn point(self) -> Option<&'a PointRecord> {
        self.run.scenario.points.iter().find(|point| point.name == self.name)
    }

    /// The settings of a label in words; its name where they are not known.
    pub(super) fn settings(self, label: &'static str) -> &'a str {
        let settings = self.transport(label).map(|transport| transport.settings.as_str());
        settings.filter(|settings| !settings.is_empty()).unwrap_or(label)
    }

    /// The poll interval of a label, in microseconds.
    pub(super) fn interval_us(self, label: &'static str) -> Result<f64, Gap> {
        let us = self.transport(label).and_then(|transport| transport.poll_interval_us);
        us.map(|us| us as f64).ok_or(Gap::NoFigure { case: self.name, label, column: "poll interval" })
    }

    /// The same in words: `1 s`.
    pub(super) fn interval(self, label: &'static str) -> Result<String, Gap> {
        self.interval_us(label).map(typed_us)
    }

    /// Bytes on the wire of both directions per delivered event.
    pub(super) fn wire_per_event(self, label: &'static str) -> Result<f64, Gap> {
        Ok(self.figure(label, "wire_down_bytes_per_event")?
            + self.figure(label, "wire_up_bytes_per_event")?)
    }

    /// Who of SSE and WebSocket has more of a column, and how much.
    pub(super) fn push(self, column: &'static str) -> Result<(&'static str, f64), Gap> {
        let (sse, websocket) = (self.figure("sse", column)?, self.figure("websocket", column)?);
        Ok(if sse > websocket { ("sse", sse) } else { ("websocket", websocket) })
    }

    /// How often push writes to a connection on which nothing happens: `, heartbeat 5s`, as the settings of the label end; empty
    /// where they are not known.
    pub(super) fn heart(self, label: &'static str) -> String {
        let settings = self.transport(label).map_or("", |transport| transport.settings.as_str());
        let last = settings.rsplit(", ").next().filter(|last| !last.is_empty());
        last.map_or_else(String::new, |beats| format!(", {beats}"))
    }

    /// As [`Self::push`], of delivery latency.
    pub(super) fn push_late(self, percentile: Percentile) -> Result<Late, Gap> {
        let (sse, websocket) = (self.late("sse", percentile)?, self.late("websocket", percentile)?);
        Ok(if sse.us > websocket.us { sse } else { websocket })
    }

    /// A count of a round, in the mean of all: a row has counts as sums over rounds, and clients and the length of a phase as they
    /// are in each of them. What is counted meets those only through here.
    pub(super) fn per_round(self, label: &'static str, count: &'static str) -> Result<f64, Gap> {
        let rounds = self.row(label)?.complete_rounds().max(1);
        Ok(self.figure(label, count)? / rounds as f64)
    }

    /// Sockets opened in the measure phase per event delivered in it.
    pub(super) fn opened_per_event(self, label: &'static str) -> Result<f64, Gap> {
        let measure_s = self.run.scenario.setup_of(Some(self.name)).measure_s;
        let opened = self.figure(label, "opened_per_second")? * measure_s;
        Ok(opened / self.per_round(label, "delivered")?.max(1.0))
    }

    /// Sockets opened in the whole step per client.
    pub(super) fn opened_per_client(self, label: &'static str) -> Result<f64, Gap> {
        Ok(self.per_round(label, "opened")? / self.figure(label, "clients")?.max(1.0))
    }

    /// A figure of some labels at the largest number of clients at which all of them have valid ones, with that number.
    pub(super) fn at_most<const N: usize>(
        self,
        labels: [&'static str; N],
        column: &'static str,
    ) -> Result<(u32, [f64; N]), Gap> {
        let at = |label, clients| {
            let row = self.rows(label).find(|row| row.summary.clients == Some(clients))?;
            row.summary.figure(column).filter(|_| row.complete && row.validity() < Level::Breach)
        };
        let mut numbers: Vec<u32> = labels
            .into_iter()
            .flat_map(|label| self.rows(label))
            .filter_map(|row| row.summary.clients)
            .collect();
        numbers.sort_unstable();
        for clients in numbers.into_iter().rev() {
            let figures = labels.map(|label| at(label, clients));
            if figures.iter().all(Option::is_some) {
                return Ok((clients, figures.map(Option::unwrap_or_default)));
            }
        }
        for label in labels {
            self.figure(label, column)?;
        }
        Err(Gap::NoFigure { case: self.name, label: "one number of clients", column })
    }

    /// Its transports ranked by the target's CPU time per client and second, by the rule of the crossover map.
    pub(super) fn ranked(self) -> crossover::Cell<'a> {
        let rows = self.run.results.iter();
        let of_case = rows.filter(|row| row.summary.point.as_deref() == Some(self.name));
        crossover::Cell::of(of_case, RANKED_BY)
    }

    /// How many clients of a label have what is sent to them within a limit: 99th percentile, nothing lost.
    pub(super) fn in_time(self, label: &'static str, limit_us: u64) -> Result<InTime, Gap> {
        let mut tried = 0;
        let mut found = InTime { clients: 0, all: false, more: false };
        for row in self.rows(label).filter(|row| row.complete) {
            let clients = row.summary.clients.unwrap_or(0);
            tried = tried.max(clients);
            let in_time = row.summary.latency_p99_us.is_some_and(|p99_us| p99_us <= limit_us);
            if row.validity() < Level::Breach && in_time && row.summary.lost == Some(0) {
                found.clients = found.clients.max(clients);
                continue;
            }
            // The limit is one that the scenario does not have.
            let limit = ThresholdResult {
                figure: "latency_p99".to_owned(),
                condition: format!("<= {}", time_us(limit_us as f64)),
                measured: row.summary.latency_p99_us.map(|us| us as f64),
                met: in_time,
            };
            let asked: Vec<ThresholdResult> = row.thresholds.iter().cloned().chain([limit]).collect();
            found.more |=
                too_much(&row.findings, &asked).is_some_and(|gave_out| gave_out.cause.leaves_more());
        }
        if tried == 0 {
            return Err(Gap::NoRow { case: self.name, label });
        }
        found.all = found.clients == tried;
        found.more &= !found.all;
        Ok(found)
    }
}

/// A time that was typed, or is worked out of one: nobody measured its zeros.
pub(super) fn typed_us(us: f64) -> String {
    without_trailing_zeros(&time_us(us))
}

/// By what transports are ranked.
pub(super) const RANKED_BY: &str = "target_cpu_us_per_client_second";

/// A percentile of delivery latency.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Late {
    pub(super) us: f64,
    /// With `~` where few publishes stand behind it.
    pub(super) words: String,
}

impl Late {
    /// Whether it is clearly later than another, and anybody would notice.
    pub(super) fn is_clearly_after(&self, other: &Self) -> bool {
        times(self.us, other.us) >= CLEARLY && self.us > AT_ONCE_US
    }
}

/// How many clients are served in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InTime {
    /// Most clients that were, of the numbers that were tried; 0 if none.
    pub(super) clients: u32,
    /// Whether more were not tried.
    pub(super) all: bool,
    /// Whether something other than the transport gave out with more of them, so that it is not known.
    pub(super) more: bool,
}

impl InTime {
    /// Whether it is known that fewer are served in time than of another.
    pub(super) fn is_less_than(self, other: Self) -> bool {
        self.clients < other.clients && !self.more
    }
}

impl fmt::Display for InTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.all || self.more { "at least " } else { "" };
        write!(f, "{at_least}{}", crate::format::grouped(self.clients.into()))
    }
}
