//! The block of answers: how long until their first part, between parts and to the end, by both names that each has.

use pushbench_measure::results::{Run, StepResult};

use super::columns::{self, Block, Column, Row, figure};
use super::grid::{Cell, Paint};
use super::settings;
use crate::format::{STREAM, grouped, time_us};

/// Whether the clients of a run ask for answers in parts, at all of its points.
pub(crate) fn has_answers(run: &Run) -> bool {
    let points = &run.scenario.points;
    if points.is_empty() {
        run.scenario.setup.pattern == STREAM
    } else {
        points.iter().all(|point| point.setup.pattern == STREAM)
    }
}

/// Whether they do so at any of its points.
pub(crate) fn has_some_answers(run: &Run) -> bool {
    has_answers(run) || run.scenario.points.iter().any(|point| point.setup.pattern == STREAM)
}

/// Whether a result is of clients that ask.
pub(crate) fn gives(run: &Run, result: &StepResult) -> bool {
    settings::pattern(run, result) == STREAM
}

/// What became of answers; none where nobody asked.
pub(super) fn block(run: &Run) -> Option<Block<'_>> {
    let mut columns = columns::names(run);
    columns.extend([
        Column::new("", "answers", |row| figure(row, "answers", count)),
        Column::new("first part (TTFT)", "p50", |row| figure(row, "first_part_p50_us", time_us)),
        Column::new("first part (TTFT)", "p99", |row| figure(row, "first_part_p99_us", time_us)),
        Column::new("gap (ITL)", "p50", |row| figure(row, "part_gap_p50_us", time_us)),
        Column::new("gap (ITL)", "p99", |row| figure(row, "part_gap_p99_us", time_us)),
        Column::new("per part (TPOT)", "p50", |row| figure(row, "per_part_p50_us", time_us)),
        Column::new("per part (TPOT)", "p99", |row| figure(row, "per_part_p99_us", time_us)),
        Column::new("whole (E2E)", "p50", |row| figure(row, "answer_p50_us", time_us)),
        Column::new("whole (E2E)", "p99", |row| figure(row, "answer_p99_us", time_us)),
        Column::new("", "stalls", |row| figure(row, "stalls", count)),
        Column::new("", "cut short", cut_short),
        Column::new("", "late asks", |row| figure(row, "asks_late", count)),
        Column::new("most", "at once", |row| figure(row, "answers_at_once_peak", count)),
    ]);
    Block::of(run, columns, |result| gives(run, result))
}

fn count(count: f64) -> String {
    grouped(count as u64)
}

fn cut_short(row: &Row<'_>) -> Cell {
    let any = row.summary().answers_cut_short.is_some_and(|answers| answers > 0);
    let paint = if any { Paint::Bad } else { Paint::Plain };
    Cell { paint, ..figure(row, "answers_cut_short", count) }
}
