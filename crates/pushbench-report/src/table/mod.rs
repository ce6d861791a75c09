//! The comparison table: one row for each transport and number of clients, worded for a terminal or for Markdown.
//!
//! Reading conventions: `–` stands for a figure that does not exist or that too few samples stand behind, `~`
//! before a percentile that fewer than 10/(1−p) publishes stand behind; a zero was measured. The table judges
//! nothing: verdicts and findings come from the run.

mod columns;
mod grid;
mod notes;
mod validity;

use pushbench_measure::results::Run;

use columns::{Column, Row};
use grid::{Cell, Head, Paint};

/// How a terminal wants the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colour may be written.
    pub color: bool,
    /// Columns of the terminal; wide tables are cut into blocks that fit. 120 when unknown.
    pub width: Option<u16>,
}

const DEFAULT_WIDTH: u16 = 120;

/// The table for a terminal. Losses, if any, stand in its first line. Ends with a line break.
#[must_use]
pub fn render(run: &Run, style: Style) -> String {
    let width = usize::from(style.width.unwrap_or(DEFAULT_WIDTH));
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
    if let Some(validity) = validity::block(run) {
        let heads: Vec<Head<'_>> = validity.heads.iter().map(|name| Head { group: "", name }).collect();
        let zeros = validity.zeros.map(|text| grid::paint(&Cell::new(text, Paint::Dim), style.color));
        let rows = validity.rows;
        let table =
            if rows.is_empty() { Vec::new() } else { grid::render(&heads, &rows, width, style.color) };
        for line in table.into_iter().chain(zeros) {
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
        push_markdown_table(&mut out, &heads, cells(&columns, &rows));
    }
    let validity = validity::block(run);
    let zeros = validity.as_ref().and_then(|validity| validity.zeros.clone());
    if let Some(validity) = validity.filter(|validity| !validity.rows.is_empty()) {
        push_markdown_table(&mut out, &validity.heads, validity.rows);
    }
    if let Some(zeros) = zeros {
        out.push_str("* ");
        out.push_str(&zeros);
        out.push('\n');
    }
    for line in notes::foot(run) {
        out.push_str("* ");
        out.push_str(&line.text);
        out.push('\n');
    }
    out
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

fn push_markdown_row(out: &mut String, cells: &[String]) {
    out.push_str("| ");
    out.push_str(&cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    out.push_str(" |\n");
}

fn cells(columns: &[Column], rows: &[Row<'_>]) -> Vec<Vec<Cell>> {
    rows.iter().map(|row| columns.iter().map(|column| column.cell(row)).collect()).collect()
}
