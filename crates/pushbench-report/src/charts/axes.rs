//! Axes with ticks and grid lines, labels at the ends of lines, legends. Draws; decides no scale.

use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::layout::{Point, Rect, spread, stride};
use super::palette::{AXIS, FAINT_TEXT, GRID, PAPER, TEXT, mix};
use super::scale::{Scale, Unit};
use plotters::style::RGBColor;

/// Tick labels and legends.
pub(super) const TICK: Type = Type::regular(23.0, FAINT_TEXT);
/// Names of axes.
pub(super) const AXIS_NAME: Type = Type::regular(23.0, TEXT);

/// An axis with its ticks.
pub(super) struct Axis {
    pub(super) scale: Scale,
    /// Values with labels; an empty label makes a grid line only.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    pub(super) fn new(scale: Scale, unit: Unit, wanted: usize) -> Self {
        let ticks = scale.ticks(unit, wanted).into_iter().map(|value| (value, unit.label(value))).collect();
        Self { scale, ticks }
    }

    /// Width of the widest label in pixels.
    pub(super) fn label_width(&self) -> f64 {
        self.ticks.iter().map(|(_, label)| font::width(label, TICK)).fold(0.0, f64::max)
    }
}

/// Whether tick labels are written, or stand at a neighbour already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    Shown,
    Hidden,
}

/// Horizontal grid lines, labels left of the plot.
pub(super) fn draw_y(canvas: &mut Canvas<'_>, plot: Rect, axis: &Axis, labels: Labels) {
    for (value, label) in &axis.ticks {
        let y = plot.y(axis.scale.share(*value));
        canvas.rule((plot.left, y), (plot.right, y), GRID, 1.5);
        if labels == Labels::Shown {
            canvas.text((plot.left - 12.0, y), Align::Right, TICK, label);
        }
    }
}

/// Between two labels, in pixels.
const LABEL_GAP: f64 = 14.0;

/// The lower edge with ticks, labels below. Labels that would touch are left out; of a linear axis every second, or more, so
/// that those which are left stand evenly.
pub(super) fn draw_x(canvas: &mut Canvas<'_>, plot: Rect, axis: &Axis, labels: Labels) {
    canvas.rule((plot.left, plot.bottom), (plot.right, plot.bottom), AXIS, 2.0);
    let spans: Vec<(f64, f64)> = axis
        .ticks
        .iter()
        .map(|(value, label)| (plot.x(axis.scale.share(*value)), font::width(label, TICK) / 2.0))
        .collect();
    let stride = match axis.scale {
        Scale::Linear { .. } => stride(&spans, LABEL_GAP),
        Scale::Log { .. } => 1,
    };
    let mut free_from = f64::NEG_INFINITY;
    for (at, ((_, label), (x, half))) in axis.ticks.iter().zip(spans).enumerate() {
        canvas.rule((x, plot.bottom), (x, plot.bottom + 7.0), AXIS, 2.0);
        if labels == Labels::Shown && at % stride == 0 && x - half > free_from {
            canvas.text((x, plot.bottom + 26.0), Align::Centre, TICK, label);
            free_from = x + half + LABEL_GAP;
        }
    }
}

/// Vertical grid lines.
pub(super) fn draw_x_grid(canvas: &mut Canvas<'_>, plot: Rect, axis: &Axis) {
    for (value, _) in &axis.ticks {
        let x = plot.x(axis.scale.share(*value));
        canvas.rule((x, plot.top), (x, plot.bottom), GRID, 1.5);
    }
}

/// A label at the end of a line.
pub(super) struct EndLabel {
    /// Where the line ends; `None` for a transport without a line, which stands at the lower end.
    pub(super) at: Option<Point>,
    /// The name, in the line's colour.
    pub(super) name: String,
    /// Figures below the name; may be empty.
    pub(super) figures: String,
    pub(super) color: RGBColor,
}

/// Names are written a little darker than lines: thin strokes look lighter than they are.
pub(super) fn readable(color: RGBColor) -> RGBColor {
    mix(color, RGBColor(0, 0, 0), 0.12)
}

const LEADER: f64 = 34.0;

/// Writes labels in the column right of a plot, none over another, each tied to its line by a leader.
pub(super) fn draw_end_labels(canvas: &mut Canvas<'_>, plot: Rect, column: Rect, labels: &[EndLabel]) {
    let with_figures = labels.iter().any(|label| !label.figures.is_empty());
    let needed: f64 = if with_figures { 62.0 } else { 32.0 };
    let height = needed.min(column.height() / labels.len().max(1) as f64);
    let two_lines = with_figures && height > 50.0;
    let wanted: Vec<f64> = labels.iter().map(|label| label.at.map_or(column.bottom, |at| at.1)).collect();
    for (label, y) in labels.iter().zip(spread(&wanted, height, column.top, column.bottom)) {
        let left = plot.right + LEADER + 10.0;
        if let Some(at) = label.at {
            draw_leader(canvas, plot, at, y, label.color);
        }
        let room = column.right - left;
        let name = Type::medium(25.0, readable(label.color));
        let figures = Type::regular(22.0, FAINT_TEXT);
        let name_y = if two_lines { y - 13.0 } else { y };
        canvas.text((left, name_y), Align::Left, name, &font::fit(&label.name, name, room));
        if two_lines {
            canvas.text((left, y + 14.0), Align::Left, figures, &font::fit(&label.figures, figures, room));
        }
    }
}

/// Ties a label at height `y` to the end of its line.
fn draw_leader(canvas: &mut Canvas<'_>, plot: Rect, at: Point, y: f64, color: RGBColor) {
    let leader = Stroke::solid(mix(color, PAPER, 0.4), 2.0);
    let elbow = plot.right + 8.0;
    // The line, or the marker at its end, is not touched.
    let start = at.0 + 14.0;
    if start < elbow - 20.0 {
        canvas.line(&[(start, at.1), (elbow, at.1)], Stroke { dash: &[3.0, 7.0], ..leader });
    }
    canvas.line(&[(elbow, at.1), (plot.right + LEADER, y)], leader);
}

/// Half the width of a whisker's ends.
const WHISKER_END: f64 = 7.0;

/// Which way a whisker lies; one that has no length has ends all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whisker {
    Horizontal,
    Vertical,
}

/// An interval as a whisker, with a paper-white edge so that it is seen on every colour.
pub(super) fn draw_whisker_between(
    canvas: &mut Canvas<'_>,
    whisker: Whisker,
    from: Point,
    to: Point,
    color: RGBColor,
) {
    for (color, width, end) in [(PAPER, 6.0, WHISKER_END + 1.5), (color, 3.0, WHISKER_END)] {
        let (dx, dy) = match whisker {
            Whisker::Horizontal => (0.0, end),
            Whisker::Vertical => (end, 0.0),
        };
        canvas.rule(from, to, color, width);
        for (x, y) in [from, to] {
            canvas.rule((x - dx, y - dy), (x + dx, y + dy), color, width);
        }
    }
}

/// A row of strokes with their meaning, beginning at `at`.
pub(super) fn draw_legend(canvas: &mut Canvas<'_>, at: Point, entries: &[(Stroke, &str)]) {
    let (mut x, y) = at;
    for (stroke, text) in entries {
        canvas.line(&[(x, y), (x + 44.0, y)], *stroke);
        canvas.text((x + 53.0, y), Align::Left, TICK, text);
        x += 53.0 + font::width(text, TICK) + 30.0;
    }
}

/// Says in the middle of a plot that there is nothing to see.
pub(super) fn draw_no_data(canvas: &mut Canvas<'_>, plot: Rect) {
    draw_no_data_over(canvas, plot, |_, _| ());
}

/// As [`draw_no_data`], on a plot whose background is more than paper and grid: `restore` draws what there is of it
/// in a rectangle.
pub(super) fn draw_no_data_over(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    restore: impl FnOnce(&mut Canvas<'_>, Rect),
) {
    let face = Type::regular(24.0, FAINT_TEXT);
    let (x, y) = (plot.x(0.5), plot.y(0.5));
    // Grid lines do not run through words.
    let words = Rect::new(x - 60.0, y - 18.0, x + 60.0, y + 18.0);
    canvas.fill(words, PAPER);
    restore(canvas, words);
    canvas.text((x, y), Align::Centre, face, "no data");
}
