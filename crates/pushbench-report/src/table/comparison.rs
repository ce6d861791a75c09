//! A comparison of runs for a terminal: the outcome first, then a table for each pair, then what must be known.

use pushbench_measure::statistics::Word;

use super::grid::{self, Cell, Head, Paint};
use super::{DEFAULT_WIDTH, Style};
use crate::compare::{Comparison, Row, wording};

const HEADS: [&str; 6] = ["figure", "baseline", "other", "difference", "", ""];

/// The tables. Ends with a line break.
#[must_use]
pub fn render(comparison: &Comparison<'_>, style: Style) -> String {
    let width = usize::from(style.width.unwrap_or(DEFAULT_WIDTH));
    let mut out = String::new();
    let mut push = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    for (at, facts) in comparison.runs.iter().enumerate() {
        push(&wording::run(facts, at == 0));
    }
    for pair in &comparison.pairs {
        push("");
        push(&grid::paint(&Cell::new(wording::sentence(pair), Paint::Bold), style.color));
        let heads = HEADS.map(|name| Head { group: "", name });
        let rows: Vec<Vec<Cell>> = pair.rows.iter().map(cells).collect();
        for line in grid::render(&heads, 1, &rows, width, style.color) {
            push(&line);
        }
    }
    push("");
    for fact in wording::facts(comparison) {
        let paint = if fact.contains(wording::DOUBT) { Paint::Bad } else { Paint::Care };
        push(&grid::paint(&Cell::new(fact, paint), style.color));
    }
    for line in wording::legend(comparison) {
        push(&grid::paint(&Cell::new(line, Paint::Dim), style.color));
    }
    out
}

fn cells(row: &Row) -> Vec<Cell> {
    let paint = match row.word {
        _ if row.doubted => Paint::Dim,
        Some(Word::Slower | Word::More) => Paint::Bad,
        Some(Word::Faster | Word::Less) => Paint::Good,
        Some(Word::TooNoisy) => Paint::Care,
        Some(Word::NoDifference) | None => Paint::Plain,
    };
    vec![
        Cell::plain(row.name),
        Cell::plain(wording::figure(row.column, row.base)),
        Cell::plain(wording::figure(row.column, row.other)),
        Cell::plain(wording::difference(row)),
        Cell::plain(wording::share(row)),
        Cell::new(wording::word(row), paint),
    ]
}
