//! Which figures stand in the table, of which rows, and how each is worded.

pub(crate) mod messages;
mod slow;

use pushbench_measure::results::{Run, StepResult, Summary};
use pushbench_measure::verdict::Level;

use super::answers;
use super::grid::{Cell, Head, Paint};
use crate::figures::{P50, P90, P99, P999, Percentile};
use crate::format::{bytes, grouped, number, plus_minus, time_us};

/// A row of the table.
pub(super) struct Row<'a> {
    result: &'a StepResult,
    /// Whether it is the first of its point in its block.
    leads: bool,
}

/// Columns, and the rows that have figures for them.
pub(super) struct Block<'a> {
    columns: Vec<Column>,
    rows: Vec<Row<'a>>,
}

impl<'a> Block<'a> {
    /// Of the rows that are meant; `None` where there are none.
    pub(super) fn of(
        run: &'a Run,
        columns: Vec<Column>,
        is_meant: impl Fn(&StepResult) -> bool,
    ) -> Option<Self> {
        let rows = rows(run, is_meant);
        (!rows.is_empty()).then_some(Self { columns, rows })
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = Head<'static>> {
        self.columns.iter().map(Column::head)
    }

    /// Row by row.
    pub(super) fn cells(&self) -> Vec<Vec<Cell>> {
        let of = |row: &Row<'_>| self.columns.iter().map(|column| column.cell(row)).collect();
        self.rows.iter().map(of).collect()
    }
}

/// A column: its heading, and how a row fills it.
pub(super) struct Column {
    head: Head<'static>,
    cell: fn(&Row<'_>) -> Cell,
}

impl Column {
    pub(super) const fn new(group: &'static str, name: &'static str, cell: fn(&Row<'_>) -> Cell) -> Self {
        Self { head: Head { group, name }, cell }
    }

    fn head(&self) -> Head<'static> {
        self.head
    }

    fn cell(&self, row: &Row<'_>) -> Cell {
        (self.cell)(row)
    }
}

/// Rows in the order of the scenario: point by point, transport by transport, steps ascending.
fn rows(run: &Run, is_meant: impl Fn(&StepResult) -> bool) -> Vec<Row<'_>> {
    let position = |label: &str| run.transports.iter().position(|transport| transport.label == label);
    let mut results: Vec<&StepResult> = run.results.iter().filter(|result| is_meant(result)).collect();
    let point =
        |result: &StepResult| result.summary.point.as_deref().and_then(|name| run.scenario.number_of(name));
    results.sort_by_key(|result| (point(result), position(&result.summary.label), result.summary.step));
    let mut before = None;
    let mut rows = Vec::new();
    for result in results {
        let leads = before.replace(&result.summary.point) != Some(&result.summary.point);
        rows.push(Row { result, leads });
    }
    rows
}

impl Row<'_> {
    pub(super) fn summary(&self) -> &Summary {
        &self.result.summary
    }
}

/// What arrived and when, then what only some rows have, then what it cost: for an event, and for a part of an answer.
pub(super) fn blocks(run: &Run) -> Vec<Block<'_>> {
    let gives = |result: &StepResult| answers::gives(run, result);
    let delivery = Block { columns: delivery(run), rows: rows(run, |_| true) };
    let of_some = [answers::block(run), messages::block(run), slow::block(run)];
    let mut costs = [
        Block::of(run, cost(run, &PER_EVENT), |result| !gives(result)),
        Block::of(run, cost(run, &PER_PART), gives),
    ];
    if run.results.is_empty() {
        // The headings say what is to come.
        let per = if answers::has_answers(run) { &PER_PART } else { &PER_EVENT };
        costs[0] = Some(Block { columns: cost(run, per), rows: Vec::new() });
    }
    [Some(delivery)].into_iter().chain(of_some).chain(costs).flatten().collect()
}

/// Which transport a row is about, and at which point where there are several.
fn transport(run: &Run) -> Vec<Column> {
    let point = super::has_points(run).then(|| Column::new("", "point", point));
    point.into_iter().chain([Column::new("", "transport", label)]).collect()
}

/// What a row is about, where its number of clients need not be said unless it is one of several.
pub(super) fn names(run: &Run) -> Vec<Column> {
    let mut columns = transport(run);
    if run.scenario.is_stepped() {
        columns.push(Column::new("", "clients", clients));
    }
    columns
}

fn delivery(run: &Run) -> Vec<Column> {
    let mut columns = transport(run);
    columns.extend([
        Column::new("", "clients", clients),
        Column::new("", "delivered/expected", delivered),
        Column::new("", "lost/dup/reord", faults),
        Column::new("delivery latency", "p50", |row| percentile(row, P50)),
        Column::new("delivery latency", "p90", |row| percentile(row, P90)),
        Column::new("delivery latency", "p99", |row| percentile(row, P99)),
        Column::new("delivery latency", "p99.9", |row| percentile(row, P999)),
        Column::new("delivery latency", "max", |row| figure(row, "latency_max_us", time_us)),
    ]);
    // What a client holds of an answer does not age.
    if run.results.iter().any(|result| !answers::gives(run, result)) || !answers::has_answers(run) {
        columns.push(Column::new("age", "mean", |row| figure(row, "age_mean_us", time_us)));
    }
    columns
}

/// The headings of what costs are counted by: bytes on the wire, stream bytes, requests and CPU time.
struct Per {
    wire: &'static str,
    stream: &'static str,
    requests: &'static str,
    cpu: &'static str,
}

const PER_EVENT: Per =
    Per { wire: "wire B/event", stream: "stream B/event", requests: "/event", cpu: "CPU µs/event" };

/// An event of a stream is a part of an answer.
const PER_PART: Per =
    Per { wire: "wire B/part", stream: "stream B/part", requests: "/part", cpu: "CPU µs/part" };

fn cost(run: &Run, per: &Per) -> Vec<Column> {
    let mut columns = names(run);
    // Bytes on the wire are the better answer; where they were not measured the heading says what stands there.
    let &Per { wire, stream, requests, cpu } = per;
    columns.extend(if has_wire(run) {
        [
            Column::new(wire, "down", |row| figure(row, "wire_down_bytes_per_event", bytes)),
            Column::new(wire, "up", |row| figure(row, "wire_up_bytes_per_event", bytes)),
        ]
    } else {
        [
            Column::new(stream, "down", |row| figure(row, "stream_down_bytes_per_event", bytes)),
            Column::new(stream, "up", |row| figure(row, "stream_up_bytes_per_event", bytes)),
        ]
    });
    columns.extend([
        Column::new("requests", requests, |row| figure(row, "requests_per_event", number)),
        Column::new("peak sockets", "estab", |row| figure(row, "sockets_established_peak", count)),
        Column::new("peak sockets", "tw", |row| figure(row, "sockets_time_wait_peak", count)),
        Column::new("opened", "/s", |row| figure(row, "opened_per_second", number)),
        Column::new(cpu, "target", |row| figure(row, "target_cpu_us_per_event", number)),
        Column::new(cpu, "worker", |row| figure(row, "worker_cpu_us_per_event", number)),
        Column::new("KiB/client", "target", |row| figure(row, "target_bytes_per_client", kib)),
        Column::new("KiB/client", "worker", |row| figure(row, "worker_bytes_per_client", kib)),
        Column::new("KiB/client", "kernel", |row| figure(row, "kernel_bytes_per_client", kib)),
        Column::new("", "verdict", verdict),
    ]);
    columns
}

/// Whether any result knows its bytes on the wire.
pub(crate) fn has_wire(run: &Run) -> bool {
    run.results.iter().any(|result| result.summary.wire_down_bytes_per_event.is_some())
}

const NOTHING: &str = "–";

fn count(count: f64) -> String {
    grouped(count as u64)
}

fn kib(bytes: f64) -> String {
    number(bytes / 1024.0)
}

pub(super) fn figure(row: &Row<'_>, name: &str, word: fn(f64) -> String) -> Cell {
    let Some(value) = row.result.summary.figure(name) else { return Cell::plain(NOTHING) };
    let text = word(value);
    Cell::plain(match row.result.interval(name) {
        // Nothing at all in every round needs no more words.
        Some(interval) if interval.hi > 0.0 => format!("{text} {}", plus_minus(value, interval, word)),
        _ => text,
    })
}

fn percentile(row: &Row<'_>, percentile: Percentile) -> Cell {
    Cell::plain(percentile.with_interval(row.result).unwrap_or_else(|| NOTHING.to_owned()))
}

fn label(row: &Row<'_>) -> Cell {
    if row.result.validity() == Level::Breach {
        return Cell::new(format!("{} !", row.result.summary.label), Paint::Bad);
    }
    Cell::plain(&row.result.summary.label)
}

fn point(row: &Row<'_>) -> Cell {
    // In Markdown as at a terminal: rows below belong to the same point.
    Cell::plain(row.result.summary.point.as_deref().filter(|_| row.leads).unwrap_or_default())
}

fn clients(row: &Row<'_>) -> Cell {
    let summary = &row.result.summary;
    match (summary.connected, summary.clients.or(summary.step)) {
        (Some(connected), Some(clients)) if connected < clients => {
            Cell::new(format!("{}/{}", grouped(connected.into()), grouped(clients.into())), Paint::Bad)
        }
        (_, Some(clients)) => Cell::plain(grouped(clients.into())),
        (_, None) => Cell::plain(NOTHING),
    }
}

fn delivered(row: &Row<'_>) -> Cell {
    let part = |count: Option<u64>| count.map_or_else(|| NOTHING.to_owned(), grouped);
    let (delivered, expected) = (row.result.summary.delivered, row.result.summary.expected);
    if delivered.is_none() && expected.is_none() {
        return Cell::plain(NOTHING);
    }
    Cell::plain(format!("{}/{}", part(delivered), part(expected)))
}

fn faults(row: &Row<'_>) -> Cell {
    let summary = &row.result.summary;
    let counts = [summary.lost, summary.duplicated, summary.reordered];
    if counts.iter().all(Option::is_none) {
        return Cell::plain(NOTHING);
    }
    let text = counts.map(|count| count.map_or_else(|| NOTHING.to_owned(), grouped)).join("/");
    let any = counts.iter().flatten().any(|count| *count > 0);
    Cell::new(text, if any { Paint::Bad } else { Paint::Plain })
}

/// The verdict of `summary.csv`; where the figures may be believed and only a threshold was missed it says so.
fn verdict(row: &Row<'_>) -> Cell {
    if row.result.complete && row.result.misses_only() {
        return Cell::new("missed", Paint::Bad);
    }
    let paint = match row.result.level() {
        Level::Ok if row.result.complete => Paint::Good,
        Level::Ok | Level::Warning => Paint::Care,
        Level::Breach => Paint::Bad,
    };
    let text = &row.result.summary.verdict;
    Cell::new(if text.is_empty() { NOTHING } else { text.as_str() }, paint)
}
