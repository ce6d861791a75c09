//! The comparison table: one row for each transport and number of clients, worded for a terminal or for Markdown.
//!
//! Reading conventions: `–` stands for a figure that does not exist or that too few samples stand behind, `~`
//! before a percentile that fewer than 10/(1−p) publishes stand behind; a zero was measured. The table judges
//! nothing: verdicts and findings come from the run.

mod columns;
pub mod comparison;
pub(crate) mod grid;
mod notes;

use pushbench_measure::results::Run;

use columns::{Column, Row};
use grid::Cell;

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

/// The table for a terminal. Losses, if any, stand in its first line. Ends with a line break.
#[must_use]
pub fn render(run: &Run, style: Style) -> String {
    let width = style.columns();
    let rows = columns::rows(run);
    let mut out = String::new();
    for line in notes::head(run) {
        out.push_str(&grid::paint(&line, style.color));
        out.push('\n');
    }
    for columns in columns::blocks(run) {
        let heads = columns.iter().map(Column::head).collect::<Vec<_>>();
        for line in grid::render(&heads, &cells(&columns, &rows), width, style.color) {
            out.push_str(&line);
            out.push('\n');
        }
        out.push('\n');
    }
    for line in notes::foot(run) {
        out.push_str(&grid::paint(&line, style.color));
        out.push('\n');
    }
    out
}

/// The same table in Markdown, for a README.
#[must_use]
pub fn markdown(run: &Run) -> String {
    let rows = columns::rows(run);
    let mut out = String::new();
    for line in notes::head(run).into_iter().filter(|line| !line.text.is_empty()) {
        out.push_str(&line.text);
        out.push_str("\n\n");
    }
    for columns in columns::blocks(run) {
        let heads: Vec<String> = columns.iter().map(|column| column.head().in_one_line()).collect();
        push_markdown_row(&mut out, &heads);
        let rules: Vec<String> =
            (0..columns.len()).map(|at| if at == 0 { "---" } else { "---:" }.to_owned()).collect();
        push_markdown_row(&mut out, &rules);
        for row in cells(&columns, &rows) {
            push_markdown_row(&mut out, &row.into_iter().map(|cell| cell.text).collect::<Vec<_>>());
        }
        out.push('\n');
    }
    for line in notes::foot(run) {
        out.push_str("* ");
        out.push_str(&line.text);
        out.push('\n');
    }
    out
}

/// A row of a Markdown table.
pub(crate) fn push_markdown_row(out: &mut String, cells: &[String]) {
    out.push_str("| ");
    out.push_str(&cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    out.push_str(" |\n");
}

fn cells(columns: &[Column], rows: &[Row<'_>]) -> Vec<Vec<Cell>> {
    rows.iter().map(|row| columns.iter().map(|column| column.cell(row)).collect()).collect()
}
