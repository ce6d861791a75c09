//! The comparison table: one row for each transport and number of clients, worded for a terminal or for Markdown.
//!
//! Reading conventions: `–` stands for a figure that does not exist or that too few samples stand behind, `~`
//! before a percentile that fewer than 10/(1−p) publishes stand behind; a zero was measured. The table judges
//! nothing: verdicts and findings come from the run.

pub(crate) mod answers;
mod chat;
pub(crate) mod columns;
pub mod comparison;
mod crossover;
mod found;
pub(crate) mod grid;
mod life;
pub(crate) mod notes;
pub(crate) mod settings;
pub(crate) mod validity;

use pushbench_measure::results::Run;
use std::borrow::Cow;

use found::Found;
use grid::{Cell, Head, Paint};
use validity::Validity;

use crate::capacity;
use crate::claims;

/// How a terminal wants the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colour may be written.
    pub color: bool,
    /// Columns of the terminal; wide tables are cut into blocks that fit. 120 when unknown.
    pub width: Option<u16>,
}

const DEFAULT_WIDTH: u16 = 120;

impl Style {
    pub(crate) fn columns(self) -> usize {
        usize::from(self.width.unwrap_or(DEFAULT_WIDTH))
    }
}

/// Above the figures of a run that searched.
const AT_CAPACITY: &str =
    "Below: each transport at what it bears, so rows are not of the same load. All probes: summary.csv";

/// The run whose rows are shown: of a search those at what was found.
fn shown(run: &Run) -> Cow<'_, Run> {
    if run.capacity.is_empty() { Cow::Borrowed(run) } else { Cow::Owned(capacity::at_capacity(run)) }
}

/// The table for a terminal. What forbids to compare its rows stands in its first line. Ends with a line break.
#[must_use]
pub fn render(run: &Run, style: Style) -> String {
    let width = style.columns();
    let found = found::block(run);
    let run = shown(run);
    let run = run.as_ref();
    let painted = |lines: Vec<Cell>| lines.into_iter().map(|line| grid::paint(&line, style.color));
    let mut lines: Vec<String> = painted(notes::head(run)).collect();
    if let Some(Found { heads, rows, reasons }) = found {
        let heads: Vec<Head<'_>> = heads.iter().map(|name| Head { group: "", name }).collect();
        lines.extend(grid::render(&heads, 1, &rows, width, style.color));
        lines.push(String::new());
        lines.extend(painted(reasons));
        lines.extend(["", AT_CAPACITY, ""].map(str::to_owned));
    }
    if let Some(crossover::Drawn { title, heads, rows }) = crossover::block(run) {
        let heads: Vec<Head<'_>> = heads.iter().map(|name| Head { group: "", name }).collect();
        lines.push(title);
        lines.extend(grid::render(&heads, 1, &rows, width, style.color));
        lines.push(String::new());
    }
    // In a run of several points or steps these are part of a row's name.
    let names = 1 + usize::from(has_points(run)) + usize::from(run.scenario.is_stepped());
    for block in columns::blocks(run) {
        let heads: Vec<Head<'_>> = block.heads().collect();
        lines.extend(grid::render(&heads, names, &block.cells(), width, style.color));
        lines.push(String::new());
    }
    if let Some(Validity { heads, rows, zeros }) = validity::block(run) {
        let heads: Vec<Head<'_>> = heads.iter().map(|name| Head { group: "", name }).collect();
        if !rows.is_empty() {
            lines.extend(grid::render(&heads, 1, &rows, width, style.color));
        }
        lines.extend(painted(zeros.map(|text| Cell::new(text, Paint::Dim)).into_iter().collect()));
        lines.push(String::new());
    }
    lines.extend(painted(notes::foot(run)));
    lines.push(String::new());
    lines.join("\n") + &claims::render(run, style)
}

/// The same table in Markdown, for a README.
#[must_use]
pub fn markdown(run: &Run) -> String {
    let found = found::block(run);
    let run = shown(run);
    let run = run.as_ref();
    let mut out = String::new();
    for line in notes::head(run).into_iter().filter(|line| !line.text.is_empty()) {
        out.push_str(&line.text);
        out.push_str("\n\n");
    }
    if let Some(Found { heads, rows, reasons }) = found {
        push_markdown_table(&mut out, &heads, rows);
        out.extend(reasons.iter().map(|line| format!("* {}\n", line.text)));
        out.extend(["\n", AT_CAPACITY, "\n\n"]);
    }
    if let Some(crossover::Drawn { title, heads, rows }) = crossover::block(run) {
        out.push_str(&title);
        out.push_str("\n\n");
        push_markdown_table(&mut out, &heads, rows);
    }
    for block in columns::blocks(run) {
        let heads: Vec<String> = block.heads().map(Head::in_one_line).collect();
        push_markdown_table(&mut out, &heads, block.cells());
    }
    if let Some(Validity { heads, rows, zeros }) = validity::block(run) {
        if !rows.is_empty() {
            push_markdown_table(&mut out, &heads, rows);
        }
        out.extend(zeros.map(|zeros| format!("* {zeros}\n")));
    }
    for line in notes::foot(run) {
        out.push_str("* ");
        out.push_str(&line.text);
        out.push('\n');
    }
    out + &claims::markdown(run)
}

/// Whether rows are told apart by points.
fn has_points(run: &Run) -> bool {
    !run.scenario.points.is_empty()
}

fn push_markdown_table(out: &mut String, heads: &[String], rows: Vec<Vec<Cell>>) {
    push_markdown_row(out, heads);
    let rules: Vec<String> =
        (0..heads.len()).map(|at| if at == 0 { "---" } else { "---:" }.to_owned()).collect();
    push_markdown_row(out, &rules);
    for row in rows {
        push_markdown_row(out, &row.into_iter().map(|cell| cell.text).collect::<Vec<_>>());
    }
    out.push('\n');
}

/// A row of a Markdown table.
pub(crate) fn push_markdown_row(out: &mut String, cells: &[String]) {
    out.push_str("| ");
    out.push_str(&cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    out.push_str(" |\n");
}
