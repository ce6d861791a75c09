//! The crossover map in letters: a row a value of the second key, a column a value of the first.

use pushbench_measure::results::{Run, SweptKey};

use super::grid::{Cell, Paint};
use crate::compare::wording::unit_of;
use crate::crossover::{self, Answer, Map};

/// The map of a sweep.
pub(super) struct Drawn {
    /// What is compared.
    pub(super) title: String,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// `None` where the run is of no sweep.
pub(super) fn block(run: &Run) -> Option<Drawn> {
    let map = Map::of(run)?;
    let [first, rest @ ..] = map.sweep.keys.as_slice() else { return None };
    let whole = SweptKey { key: String::new(), values: vec![String::new()] };
    let second = rest.first().unwrap_or(&whole);
    let corner = if rest.is_empty() { first.key.clone() } else { format!("{} \\ {}", second.key, first.key) };
    let rows = second.values.iter().enumerate().map(|(y, value)| {
        let cells = (0..first.values.len()).map(|x| {
            map.cell(x, y).map_or_else(|| Cell::plain("–"), |cell| worded(cell, &map.sweep.cheapest))
        });
        std::iter::once(Cell::plain(value)).chain(cells).collect()
    });
    Some(Drawn {
        title: format!(
            "cheapest by {} of those that are valid and meet the thresholds (≈ too close to tell; ! others not valid; ? not measured of \
             these)",
            map.sweep.cheapest
        ),
        heads: std::iter::once(corner).chain(first.values.iter().cloned()).collect(),
        rows: rows.collect(),
    })
}

/// `sse ≈ websocket 4.20 µs ? long-polling`.
fn worded(cell: &crossover::Cell<'_>, column: &str) -> Cell {
    let doubt = if cell.invalid.is_empty() { "" } else { " !" };
    match &cell.answer {
        Answer::NotMeasured => Cell::plain("–"),
        Answer::NoneValid => Cell::new("none valid !", Paint::Bad),
        Answer::NoneMeets => Cell::new(format!("none meets them{doubt}"), Paint::Care),
        // The column is in the title.
        Answer::NoneMeasured => Cell::new(format!("none measured{doubt}"), Paint::Care),
        Answer::Ranked(ranked) => {
            let names: Vec<&str> = cell.cheapest().map(|ranked| ranked.label).collect();
            let cost = ranked.first().map_or_else(String::new, |lowest| unit_of(column)(lowest.cost));
            let unknown = if cell.unknown.is_empty() {
                String::new()
            } else {
                format!(" ? {}", cell.unknown.join(", "))
            };
            Cell::plain(format!("{} {cost}{doubt}{unknown}", names.join(" ≈ ")))
        }
    }
}
