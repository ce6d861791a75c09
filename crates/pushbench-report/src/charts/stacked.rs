//! Horizontal stacked bars, one a transport or a program: the shape of the charts of bytes, of cost and of peers.

use plotters::style::RGBColor;
use pushbench_measure::results::Confidence;

use super::axes::{Axis, Labels, TICK, Whisker, draw_whisker_between, draw_x, draw_x_grid, readable};
use super::canvas::{Align, Canvas};
use super::font::{self, Type};
use super::layout::Rect;
use super::palette::{AXIS, FAINT_TEXT, PAPER, TEXT, lightness, tint};
use super::scale::{Scale, Unit};
use super::view::View;

/// One bar. A part that was not measured is `None`.
pub(super) struct Bar {
    pub(super) color: RGBColor,
    pub(super) parts: Vec<Option<f64>>,
    /// The 95 % interval of its length, or another that the chart names.
    pub(super) interval: Option<Confidence>,
}

impl Bar {
    /// The sum of the parts that were measured, `None` where none was.
    pub(super) fn total(&self) -> Option<f64> {
        let mut measured = self.parts.iter().flatten().peekable();
        measured.peek()?;
        Some(measured.sum())
    }

    /// Where it ends, its interval with it.
    fn reach(&self) -> Option<f64> {
        Some(self.total()?.max(self.interval.map_or(0.0, |interval| interval.hi)))
    }
}

/// How the numbers of a plot are worded.
#[derive(Clone, Copy)]
pub(super) struct Wording {
    /// Unit of the axis.
    pub(super) unit: Unit,
    /// A value beside or inside a bar.
    pub(super) value: fn(f64) -> String,
}

/// Room between a bar and its total.
const BESIDE: f64 = 10.0;
const INSIDE: f64 = 22.0;
const TOTAL: Type = Type::medium(25.0, TEXT);
const ABSENT: Type = Type::regular(23.0, FAINT_TEXT);

/// Whose bar it is.
pub(super) struct Name {
    pub(super) text: String,
    pub(super) color: RGBColor,
}

/// The transports of a run.
pub(super) fn names_of(view: &View<'_>) -> Vec<Name> {
    view.series.iter().map(|series| Name { text: series.name(), color: series.ink.color }).collect()
}

/// Width that all names need left of the bars, at most `limit`.
pub(super) fn names_width(names: &[Name], limit: f64) -> f64 {
    let widths = names.iter().map(|name| font::width(&name.text, name_type(name.color)));
    widths.fold(0.0, f64::max).min(limit)
}

fn name_type(color: RGBColor) -> Type {
    Type::medium(25.0, readable(color))
}

/// Writes names, right-aligned left of the bars of `plot`.
pub(super) fn draw_names(canvas: &mut Canvas<'_>, names: &[Name], plot: Rect, room: f64) {
    for (name, row) in names.iter().zip(rows(plot, names.len())) {
        let face = name_type(name.color);
        let at = (plot.left - 16.0, f64::midpoint(row.top, row.bottom));
        canvas.text(at, Align::Right, face, &font::fit(&name.text, face, room));
    }
}

/// Draws bars, one below the other, with axis and totals.
pub(super) fn draw(canvas: &mut Canvas<'_>, plot: Rect, bars: &[Bar], wording: Wording) {
    let axis = Axis::new(Scale::linear_to(reach(plot, bars, wording)), wording.unit, 5);
    draw_x_grid(canvas, plot, &axis);
    draw_x(canvas, plot, &axis, Labels::Shown);
    canvas.rule((plot.left, plot.top), (plot.left, plot.bottom), AXIS, 2.0);
    for (bar, row) in bars.iter().zip(rows(plot, bars.len())) {
        draw_bar(canvas, plot, row, bar, &axis, &total_text(bar, bars, wording));
        draw_parts_text(canvas, plot, row, bar, &axis, wording);
    }
}

/// The total; `≥` where the bar lacks a part that others have, so that it does not look smaller than it is.
fn total_text(bar: &Bar, bars: &[Bar], wording: Wording) -> String {
    let lacks = |at: usize| bar.parts.get(at).copied().flatten().is_none();
    let others_have = |at: usize| bars.iter().any(|other| other.parts.get(at).copied().flatten().is_some());
    let incomplete = (0..bar.parts.len()).any(|at| lacks(at) && others_have(at));
    let total = bar.total().map(wording.value).unwrap_or_default();
    if incomplete { format!("≥ {total}") } else { total }
}

/// The value at the right edge, so that behind every bar there is room for its total.
fn reach(plot: Rect, bars: &[Bar], wording: Wording) -> f64 {
    let needed = bars.iter().filter_map(|bar| Some((bar.reach()?, bar))).map(|(reach, bar)| {
        let text = font::width(&total_text(bar, bars, wording), TOTAL) + BESIDE + 8.0;
        reach * plot.width() / (plot.width() - text).max(1.0)
    });
    needed.fold(0.0, f64::max)
}

fn draw_bar(canvas: &mut Canvas<'_>, plot: Rect, row: Rect, bar: &Bar, axis: &Axis, total_text: &str) {
    let middle = f64::midpoint(row.top, row.bottom);
    let Some(reach) = bar.reach() else {
        canvas.text((plot.left + 14.0, middle), Align::Left, ABSENT, "no data");
        return;
    };
    for (at, (left, right, _)) in spans(plot, bar, axis).enumerate() {
        canvas.fill(Rect::new(left, row.top, right, row.bottom), tint(bar.color, at));
    }
    draw_whisker(canvas, plot, row, bar, axis);
    let end = plot.x(axis.scale.share(reach)) + BESIDE;
    // Grid lines stop for the number.
    let width = font::width(total_text, TOTAL);
    canvas.fill(Rect::new(end - 4.0, middle - 16.0, end + width + 4.0, middle + 16.0), PAPER);
    canvas.text((end, middle), Align::Left, TOTAL, total_text);
}

/// The interval of a bar's length, below the values inside the bar.
fn draw_whisker(canvas: &mut Canvas<'_>, plot: Rect, row: Rect, bar: &Bar, axis: &Axis) {
    let Some(Confidence { lo, hi }) = bar.interval else { return };
    let (left, right) = (plot.x(axis.scale.share(lo)), plot.x(axis.scale.share(hi)));
    // Low enough for the letters of a thin bar.
    let y = row.bottom - (0.16 * row.height()).min(5.0);
    draw_whisker_between(canvas, Whisker::Horizontal, (left, y), (right, y), TEXT);
}

/// The values of the parts, where there is room inside them; of a single one the total says it.
fn draw_parts_text(canvas: &mut Canvas<'_>, plot: Rect, row: Rect, bar: &Bar, axis: &Axis, wording: Wording) {
    if bar.parts.len() < 2 {
        return;
    }
    let middle = f64::midpoint(row.top, row.bottom);
    for (at, (left, right, part)) in spans(plot, bar, axis).enumerate() {
        let on_top = if lightness(tint(bar.color, at)) > 0.58 { TEXT } else { RGBColor(255, 255, 255) };
        let face = Type::regular(INSIDE, on_top);
        let text = (wording.value)(part);
        if font::width(&text, face) + 14.0 < right - left {
            canvas.text((f64::midpoint(left, right), middle), Align::Centre, face, &text);
        }
    }
}

/// Left end, right end and value of each part.
fn spans(plot: Rect, bar: &Bar, axis: &Axis) -> impl Iterator<Item = (f64, f64, f64)> {
    let mut sum = 0.0;
    bar.parts.iter().map(move |part| {
        let part = part.unwrap_or(0.0);
        let (left, right) = (plot.x(axis.scale.share(sum)), plot.x(axis.scale.share(sum + part)));
        sum += part;
        (left, right, part)
    })
}

/// The rows of a plot: evenly spaced, never thicker than a bar should be.
pub(super) fn rows(plot: Rect, count: usize) -> Vec<Rect> {
    let pitch = plot.height() / count.max(1) as f64;
    let half = (pitch * 0.36).min(44.0);
    (0..count)
        .map(|at| {
            let middle = plot.top + (at as f64 + 0.5) * pitch;
            Rect::new(plot.left, middle - half, plot.right, middle + half)
        })
        .collect()
}

/// Samples of the tints of a stacked bar, in grey: they stand for the same tints of every colour.
pub(super) fn draw_legend(canvas: &mut Canvas<'_>, left: f64, y: f64, parts: &[&str]) {
    let mut x = left;
    for (at, text) in parts.iter().enumerate() {
        let color = tint(RGBColor(70, 70, 70), at);
        canvas.fill(Rect::new(x, y - 11.0, x + 22.0, y + 11.0), color);
        canvas.text((x + 31.0, y), Align::Left, TICK, text);
        x += 31.0 + font::width(text, TICK) + 32.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_without_any_part_has_no_total() {
        let bar = |parts: &[Option<f64>]| Bar { color: TEXT, parts: parts.to_vec(), interval: None };
        assert_eq!(bar(&[None, None]).total(), None);
        assert_eq!(bar(&[]).total(), None);
        assert_eq!(bar(&[Some(1.0), None, Some(2.0)]).total(), Some(3.0));
        assert_eq!(bar(&[Some(0.0)]).total(), Some(0.0));
    }

    #[test]
    fn a_total_that_lacks_a_part_which_others_have_says_so() {
        let bar = |parts: [Option<f64>; 2]| Bar { color: TEXT, parts: parts.to_vec(), interval: None };
        let wording = Wording { unit: Unit::Bytes, value: |value| value.to_string() };
        let bars = [bar([Some(1.0), None]), bar([Some(1.0), Some(2.0)])];
        let texts = bars.each_ref().map(|one| total_text(one, &bars, wording));
        assert_eq!(texts, ["≥ 1".to_owned(), "3".to_owned()]);
        assert_eq!(total_text(&bars[0], &bars[..1], wording), "1", "nobody has it");
    }
}
