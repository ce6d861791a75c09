//! The crossover map: which transport is cheapest in which cell of a sweep over two keys.

use plotters::style::RGBColor;
use pushbench_measure::results::SweptKey;

use super::axes::{AXIS_NAME, TICK};
use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::frame::surround;
use super::layout::{Point, Rect};
use super::palette::{ALARM, AXIS, FAINT_TEXT, SHADE, TEXT, mix};
use super::swept::{self, Swept, pale};
use crate::crossover::{Answer, Cell, Ranked};

/// Cells narrower or lower than this have no words.
const WORDED: (f64, f64) = (96.0, 34.0);
/// Bands narrower than this have no words of their own.
const WORDED_BAND: f64 = 84.0;
/// Between two strokes of a hatch.
const HATCH: f64 = 18.0;
/// Height of the strip that tells of transports that are not ranked.
const STRIP: f64 = 30.0;
const GAP: f64 = 3.0;

pub(super) fn draw(canvas: &mut Canvas<'_>, swept: &Swept<'_>) {
    let [x, y] = swept.map.sweep.keys.as_slice() else { return };
    let title = format!("Cheapest transport: {}", swept.cost_in_words());
    let subtitle = format!(
        "Of those that {}. ≈: within 5 %, or intervals overlap. Hatched: not ranked, and why.",
        swept.thresholds_in_words()
    );
    let room = surround(canvas, &title, &subtitle, &swept::footer(swept));
    swept.draw_legend(canvas, (room.left, room.top - 10.0));
    let left = room.left + label_width(y) + 60.0;
    let plot = Rect::new(left, room.top + 62.0, room.right, room.bottom - 64.0);
    draw_axes(canvas, plot, room, x, y);
    let (columns, rows) = (x.values.len(), y.values.len());
    for column in 0..columns {
        for row in 0..rows {
            let Some(cell) = swept.map.cell(column, row) else { continue };
            draw_cell(canvas, place(plot, (column, columns), (row, rows)), cell, swept);
        }
    }
}

/// The rectangle of a cell: the first value is left, or below.
fn place(plot: Rect, (column, columns): (usize, usize), (row, rows): (usize, usize)) -> Rect {
    let edge = |at: usize, of: usize| at as f64 / of.max(1) as f64;
    Rect::new(
        plot.x(edge(column, columns)),
        plot.y(edge(row + 1, rows)),
        plot.x(edge(column + 1, columns)) - GAP,
        plot.y(edge(row, rows)) - GAP,
    )
}

fn label_width(key: &SweptKey) -> f64 {
    key.values.iter().map(|value| font::width(value, TICK)).fold(0.0, f64::max)
}

fn draw_axes(canvas: &mut Canvas<'_>, plot: Rect, room: Rect, x: &SweptKey, y: &SweptKey) {
    let (columns, rows) = (x.values.len(), y.values.len());
    let width = plot.width() / columns.max(1) as f64 - 8.0;
    for (at, value) in x.values.iter().enumerate() {
        let middle = plot.x((at as f64 + 0.5) / columns as f64) - GAP / 2.0;
        let text = font::fit(value, TICK, width);
        canvas.text((middle, plot.bottom + 20.0), Align::Centre, TICK, &text);
    }
    for (at, value) in y.values.iter().enumerate() {
        let middle = plot.y((at as f64 + 0.5) / rows as f64) - GAP / 2.0;
        canvas.text((plot.left - 14.0, middle), Align::Right, TICK, value);
    }
    canvas.text((plot.x(0.5), plot.bottom + 52.0), Align::Centre, AXIS_NAME, &x.key);
    // Above its values: the surface turns no text.
    canvas.text((room.left, plot.top - 14.0), Align::Left, AXIS_NAME, &y.key);
}

fn draw_cell(canvas: &mut Canvas<'_>, cell_room: Rect, cell: &Cell<'_>, swept: &Swept<'_>) {
    let cheapest: Vec<&Ranked<'_>> = cell.cheapest().collect();
    let colors: Vec<RGBColor> = cheapest.iter().map(|ranked| pale(swept.color(ranked.label))).collect();
    let worded = cell_room.width() >= WORDED.0 && cell_room.height() >= WORDED.1;
    match cell.answer {
        Answer::Ranked(_) => draw_bands(canvas, cell_room, &colors),
        Answer::NoneMeets => canvas.fill(cell_room, SHADE),
        Answer::NoneValid => draw_hatched(canvas, cell_room, SHADE),
        Answer::NoneMeasured | Answer::NotMeasured => draw_edge(canvas, cell_room),
    }
    let mut words = cell_room;
    words.bottom -= draw_strip(canvas, cell_room, cell, worded);
    if worded {
        draw_words(canvas, words, cell, &cheapest, swept);
    }
}

/// Equal parts for transports that cannot be told apart.
fn draw_bands(canvas: &mut Canvas<'_>, room: Rect, colors: &[RGBColor]) {
    for (at, color) in colors.iter().enumerate() {
        let edge = |at: usize| room.x(at as f64 / colors.len() as f64);
        canvas.fill(Rect { left: edge(at), right: edge(at + 1), ..room }, *color);
    }
}

fn draw_edge(canvas: &mut Canvas<'_>, room: Rect) {
    let corners =
        [(room.left, room.top), (room.right, room.top), (room.right, room.bottom), (room.left, room.bottom)];
    for at in 0..4 {
        canvas.rule(corners[at], corners[(at + 1) % 4], SHADE, 2.0);
    }
}

fn draw_hatched(canvas: &mut Canvas<'_>, room: Rect, under: RGBColor) {
    canvas.fill(room, under);
    let height = room.height();
    let strokes = ((room.width() + height) / HATCH).ceil() as usize;
    for at in 1..=strokes {
        let x = room.left + at as f64 * HATCH;
        // From the lower left to the upper right, cut off at the sides.
        let clipped = |along: f64| -> Point { (x - along, room.top + along) };
        let (from, to) = ((x - room.right).max(0.0), (x - room.left).min(height));
        if from < to {
            canvas.line(&[clipped(from), clipped(to)], Stroke::solid(AXIS, 2.0));
        }
    }
}

/// Names those that are not ranked, where not all words of the cell are of them; returns how much room that took.
fn draw_strip(canvas: &mut Canvas<'_>, room: Rect, cell: &Cell<'_>, worded: bool) -> f64 {
    let (invalid, unknown): (&[&str], &[&str]) = match cell.answer {
        Answer::Ranked(_) => (&cell.invalid, &cell.unknown),
        Answer::NoneMeets | Answer::NoneMeasured => (&cell.invalid, &[]),
        Answer::NoneValid | Answer::NotMeasured => (&[], &[]),
    };
    if invalid.is_empty() && unknown.is_empty() {
        return 0.0;
    }
    let height = STRIP.min(room.height() * 0.4);
    let strip = Rect { top: room.bottom - height, ..room };
    draw_hatched(canvas, strip, SHADE);
    if worded {
        let face = Type::medium(19.0, if invalid.is_empty() { TEXT } else { ALARM });
        let (mut named, mut counted) = (Vec::new(), Vec::new());
        for (why, labels) in [("invalid", invalid), ("not known", unknown)] {
            if !labels.is_empty() {
                named.push(format!("{why}: {}", labels.join(", ")));
                counted.push(format!("{} {why}", labels.len()));
            }
        }
        let wordings = [named.join("; "), counted.join(", ")];
        let text = font::first_fitting(&wordings, face, room.width() - 20.0);
        draw_on_hatch(canvas, (strip.x(0.5), strip.y(0.5)), face, &text, SHADE);
    }
    height
}

/// Words with a clear ground.
fn draw_on_hatch(canvas: &mut Canvas<'_>, at: Point, face: Type, text: &str, ground: RGBColor) {
    let half = font::width(text, face) / 2.0 + 7.0;
    canvas.fill(Rect::new(at.0 - half, at.1 - 13.0, at.0 + half, at.1 + 13.0), ground);
    canvas.text(at, Align::Centre, face, text);
}

fn draw_words(
    canvas: &mut Canvas<'_>,
    room: Rect,
    cell: &Cell<'_>,
    cheapest: &[&Ranked<'_>],
    swept: &Swept<'_>,
) {
    let width = room.width() - 14.0;
    let (x, y) = (room.x(0.5), room.y(0.5));
    let plain = Type::regular(21.0, FAINT_TEXT);
    match cell.answer {
        Answer::NotMeasured => {
            canvas.text((x, y), Align::Centre, plain, &font::fit("not measured", plain, width));
        }
        Answer::NoneMeets => {
            let wordings = ["none meets the thresholds", "none meets them", "none"].map(str::to_owned);
            canvas.text((x, y), Align::Centre, plain, &font::first_fitting(&wordings, plain, width));
        }
        Answer::NoneMeasured => {
            // A column's name cannot be broken into lines, what it means can.
            let fits = font::width(swept.column(), plain) <= width;
            let what = if fits { swept.column().to_owned() } else { swept.cost_in_words() };
            let height = 28.0;
            let most = (room.height() / height - 0.5).max(1.0) as usize;
            let lines = font::wrap(&format!("not measured: {what}"), plain, width, most);
            for (at, line) in lines.iter().enumerate() {
                let from_middle = at as f64 - (lines.len() - 1) as f64 / 2.0;
                canvas.text((x, y + from_middle * height), Align::Centre, plain, line);
            }
        }
        Answer::NoneValid => {
            let face = Type::medium(21.0, ALARM);
            let text = font::fit("none valid", face, width - 14.0);
            draw_on_hatch(canvas, (x, y), face, &text, SHADE);
        }
        Answer::Ranked(_) if draw_tied(canvas, room, cheapest, swept) => {}
        Answer::Ranked(_) => draw_ranked(canvas, room, cell, cheapest, swept),
    }
}

/// Names and costs of transports that cannot be told apart, each in its own band; whether there is room for that.
fn draw_tied(canvas: &mut Canvas<'_>, room: Rect, cheapest: &[&Ranked<'_>], swept: &Swept<'_>) -> bool {
    let band = room.width() / cheapest.len().max(1) as f64;
    let (name, cost) = (Type::medium(22.0, TEXT), Type::regular(21.0, TEXT));
    let fits = |ranked: &&Ranked<'_>| font::width(ranked.label, name) <= band - 12.0;
    if cheapest.len() < 2 || band < WORDED_BAND || room.height() < 70.0 || !cheapest.iter().all(fits) {
        return false;
    }
    for (at, ranked) in cheapest.iter().enumerate() {
        let x = room.left + (at as f64 + 0.5) * band;
        canvas.text((x, room.y(0.5) - 15.0), Align::Centre, name, ranked.label);
        canvas.text((x, room.y(0.5) + 15.0), Align::Centre, cost, &swept.worded(ranked.cost));
        if at > 0 {
            canvas.text((room.left + at as f64 * band, room.y(0.5) - 45.0), Align::Centre, name, "≈");
        }
    }
    true
}

/// The name, what it costs, and what the next costs. Of several that cannot be told apart the colours alone say which.
fn draw_ranked(
    canvas: &mut Canvas<'_>,
    room: Rect,
    cell: &Cell<'_>,
    cheapest: &[&Ranked<'_>],
    swept: &Swept<'_>,
) {
    let [lowest, others @ ..] = cheapest else { return };
    let width = room.width() - 14.0;
    let (large, small) = match (room.height() < 70.0, room.width() < 200.0) {
        (true, _) => (18.0, 16.0),
        (_, true) => (21.0, 20.0),
        _ => (25.0, 23.0),
    };
    let (name, cost) = (Type::medium(large, TEXT), Type::regular(small, TEXT));
    let label = if others.is_empty() { lowest.label } else { "≈" };
    let mut lines = vec![
        (font::fit(label, name, width), name),
        (font::fit(&swept.worded(lowest.cost), cost, width), cost),
    ];
    if let Some(next) = cell.next() {
        let face = Type::regular(19.0, mix(TEXT, FAINT_TEXT, 0.5));
        let cost = swept.worded(next.cost);
        let wordings = [format!("next: {} {cost}", next.label), format!("next {cost}")];
        lines.push((font::first_fitting(&wordings, face, width), face));
    }
    let height = |face: &Type| face.size * if room.height() < 70.0 { 1.2 } else { 1.32 };
    // From the end: what the next costs is the first to go.
    while lines.len() > 1 && lines.iter().map(|(_, face)| height(face)).sum::<f64>() > room.height() - 6.0 {
        lines.pop();
    }
    let total: f64 = lines.iter().map(|(_, face)| height(face)).sum();
    let mut y = room.y(0.5) - total / 2.0;
    for (text, face) in &lines {
        canvas.text((room.x(0.5), y + height(face) / 2.0), Align::Centre, *face, text);
        y += height(face);
    }
}
