//! Axes with ticks and grid lines, labels at the ends of lines, legends. Draws; decides no scale.

use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::layout::{Point, Rect, spread};
use super::palette::{AXIS, FAINT_TEXT, GRID, TEXT};
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
        canvas.line(&[(plot.left, y), (plot.right, y)], Stroke::solid(GRID, 1.5));
        if labels == Labels::Shown {
            canvas.text((plot.left - 12.0, y), Align::Right, TICK, label);
        }
    }
}

/// The lower edge with ticks, labels below. A label that would touch the one before it is left out.
pub(super) fn draw_x(canvas: &mut Canvas<'_>, plot: Rect, axis: &Axis, labels: Labels) {
    canvas.line(&[(plot.left, plot.bottom), (plot.right, plot.bottom)], Stroke::solid(AXIS, 2.0));
    let mut free_from = f64::NEG_INFINITY;
    for (value, label) in &axis.ticks {
        let x = plot.x(axis.scale.share(*value));
        canvas.line(&[(x, plot.bottom), (x, plot.bottom + 7.0)], Stroke::solid(AXIS, 2.0));
        let half = font::width(label, TICK) / 2.0;
        if labels == Labels::Shown && x - half > free_from {
            canvas.text((x, plot.bottom + 26.0), Align::Centre, TICK, label);
            free_from = x + half + 14.0;
        }
    }
}

/// Vertical grid lines.
pub(super) fn draw_x_grid(canvas: &mut Canvas<'_>, plot: Rect, axis: &Axis) {
    for (value, _) in &axis.ticks {
        let x = plot.x(axis.scale.share(*value));
        canvas.line(&[(x, plot.top), (x, plot.bottom)], Stroke::solid(GRID, 1.5));
    }
}

/// A label at the end of a line.
pub(super) struct EndLabel {
    /// Where the line ends.
    pub(super) at: Point,
    /// The name, in the line's colour.
    pub(super) name: String,
    /// Figures below the name; may be empty.
    pub(super) figures: String,
    pub(super) color: RGBColor,
}

/// Names are written a little darker than lines: thin strokes look lighter than they are.
pub(super) fn readable(color: RGBColor) -> RGBColor {
    super::palette::mix(color, RGBColor(0, 0, 0), 0.12)
}

const LEADER: f64 = 34.0;

/// Writes labels in the column right of a plot, none over another, each tied to its line by a leader.
pub(super) fn draw_end_labels(canvas: &mut Canvas<'_>, plot: Rect, column: Rect, labels: &[EndLabel]) {
    let with_figures = labels.iter().any(|label| !label.figures.is_empty());
    let needed: f64 = if with_figures { 62.0 } else { 32.0 };
    let height = needed.min(column.height() / labels.len().max(1) as f64);
    let two_lines = with_figures && height > 50.0;
    let wanted: Vec<f64> = labels.iter().map(|label| label.at.1).collect();
    for (label, y) in labels.iter().zip(spread(&wanted, height, column.top, column.bottom)) {
        let left = plot.right + LEADER + 10.0;
        let elbow = plot.right + 8.0;
        let leader = Stroke::solid(super::palette::mix(label.color, RGBColor(255, 255, 255), 0.4), 2.0);
        if label.at.0 < elbow - 9.0 {
            canvas.line(&[label.at, (elbow, label.at.1)], Stroke { dash: &[3.0, 7.0], ..leader });
        }
        canvas.line(&[(elbow.max(label.at.0 + 2.0), label.at.1), (plot.right + LEADER, y)], leader);
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

/// What stands for a part in a legend.
pub(super) enum Sample {
    Box(RGBColor),
    Line(Stroke),
}

/// A row of samples with their meaning, beginning at `at`.
pub(super) fn draw_legend(canvas: &mut Canvas<'_>, at: Point, entries: &[(Sample, &str)]) {
    let (mut x, y) = at;
    for (sample, text) in entries {
        let width = match sample {
            Sample::Box(color) => {
                canvas.fill(Rect::new(x, y - 10.0, x + 20.0, y + 10.0), *color);
                20.0
            }
            Sample::Line(stroke) => {
                canvas.line(&[(x, y), (x + 44.0, y)], *stroke);
                44.0
            }
        };
        canvas.text((x + width + 9.0, y), Align::Left, TICK, text);
        x += width + 9.0 + font::width(text, TICK) + 30.0;
    }
}

/// Says in the middle of a plot that there is nothing to see.
pub(super) fn draw_no_data(canvas: &mut Canvas<'_>, plot: Rect) {
    let face = Type::regular(24.0, FAINT_TEXT);
    canvas.text((plot.x(0.5), plot.y(0.5)), Align::Centre, face, "no data");
}
