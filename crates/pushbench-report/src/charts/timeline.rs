//! Panels over time, one a transport, all on the same scales: the shape of the charts of sockets and of latency
//! over time.

use super::axes::{AXIS_NAME, Axis, Labels, TICK, draw_no_data_over, draw_x, draw_y, readable};
use super::canvas::{Align, Canvas};
use super::font::{self, Type};
use super::layout::{Point, Rect, grid_shape, panels};
use super::palette::{FAINT_TEXT, SHADE};
use super::scale::{Scale, Unit};
use super::view::{Series, View};

/// Panels with their axes.
pub(super) struct Timeline {
    /// One plot a transport.
    pub(super) plots: Vec<Rect>,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// The measure phase, in seconds on the x axis.
    measured: (f64, f64),
}

/// Room above a plot for the transport's name and a line about it.
const HEAD: f64 = 72.0;
/// Room for a line of settings between the two, where a name and its settings do not fit beside each other.
const SETTINGS_LINE: f64 = 27.0;
const SETTINGS: Type = Type::regular(22.0, FAINT_TEXT);
const BESIDE: f64 = 14.0;
const TIME_NAME: &str = "seconds since the warm-up began";

/// Where the settings of a transport stand, seen from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settings {
    Beside,
    Below,
}

impl Settings {
    /// Beside the names only where all fit: panels look alike, and plots of a row begin at one height.
    fn of(cells: &[Rect], view: &View<'_>) -> Self {
        let fit = cells.iter().zip(&view.series).all(|(cell, series)| fits_beside(cell.width(), series));
        if fit { Self::Beside } else { Self::Below }
    }

    fn room_above(self) -> f64 {
        match self {
            Self::Beside => HEAD,
            Self::Below => HEAD + SETTINGS_LINE,
        }
    }
}

impl Timeline {
    /// Draws panels with shaded phases, grids and names, ready for lines. `tail` is the room right of each plot
    /// for labels; `note` is the line below a transport's name, in wordings of which the first that
    /// fits is taken.
    pub(super) fn draw(
        canvas: &mut Canvas<'_>,
        view: &View<'_>,
        room: Rect,
        (y, y_name): (Axis, &str),
        tail: f64,
        note: impl Fn(&Series<'_>) -> Vec<String>,
    ) -> Self {
        canvas.text((room.left, room.top + 2.0), Align::Left, AXIS_NAME, y_name);
        canvas.text(
            (f64::midpoint(room.left, room.right), room.bottom - 8.0),
            Align::Centre,
            AXIS_NAME,
            TIME_NAME,
        );
        let labels = y.label_width() + 14.0;
        let within = Rect::new(room.left + labels, room.top + 20.0, room.right, room.bottom - 68.0);
        let count = view.series.len();
        let (columns, rows) = grid_shape(count);
        let cells = panels(within, count, 34.0, 22.0);
        let settings = Settings::of(&cells, view);
        let above = settings.room_above();
        let plots: Vec<Rect> = cells
            .iter()
            .map(|cell| Rect::new(cell.left, cell.top + above, cell.right - tail, cell.bottom))
            .collect();
        let setup = &view.run.scenario.setup;
        let measured = (setup.warmup_s, setup.warmup_s + setup.measure_s);
        let x = time_axis(view, if columns > 2 { 5 } else { 8 });
        for (at, (plot, (cell, series))) in plots.iter().zip(cells.iter().zip(&view.series)).enumerate() {
            shade(canvas, *plot, *plot, &x, measured);
            draw_y(canvas, *plot, &y, if at % columns == 0 { Labels::Shown } else { Labels::Hidden });
            // Labels stand below the last panel of each column.
            let last = at + columns >= count || at / columns + 1 == rows;
            draw_x(canvas, *plot, &x, if last { Labels::Shown } else { Labels::Hidden });
            head(canvas, *cell, series, &note(series), settings);
        }
        Self { plots, x, y, measured }
    }

    /// Says in a plot that there is nothing to see; the shade of the phases goes on behind the words.
    pub(super) fn draw_no_data(&self, canvas: &mut Canvas<'_>, plot: Rect) {
        draw_no_data_over(canvas, plot, |canvas, words| shade(canvas, plot, words, &self.x, self.measured));
    }

    /// The place of a value at a time in a plot.
    pub(super) fn place(&self, plot: Rect, (t_s, value): Point) -> Point {
        (plot.x(self.x.scale.share(t_s)), plot.y(self.y.scale.share(value)))
    }
}

fn name_type(series: &Series<'_>) -> Type {
    Type::medium(25.0, readable(series.ink.color))
}

/// Whether a transport's name and its settings fit into one line.
fn fits_beside(width: f64, series: &Series<'_>) -> bool {
    let settings = font::width(&series.transport.settings, SETTINGS);
    settings == 0.0 || font::width(&series.name(), name_type(series)) + BESIDE + settings <= width
}

/// Name, settings and note, from the upper edge of a cell downwards.
fn head(canvas: &mut Canvas<'_>, cell: Rect, series: &Series<'_>, note: &[String], settings: Settings) {
    let name = name_type(series);
    let label = font::fit(&series.name(), name, cell.width());
    let mut y = cell.top + 21.0;
    canvas.text((cell.left, y), Align::Left, name, &label);
    let left = match settings {
        Settings::Beside => cell.left + font::width(&label, name) + BESIDE,
        Settings::Below => {
            y += SETTINGS_LINE;
            cell.left
        }
    };
    let words = font::fit_words(&series.transport.settings, SETTINGS, cell.right - left);
    canvas.text((left, y), Align::Left, SETTINGS, &words);
    y += 30.0;
    canvas.text((cell.left, y), Align::Left, TICK, &font::first_fitting(note, TICK, cell.width()));
}

/// Shades what lies before and behind the measure phase, within `part` of a plot.
fn shade(canvas: &mut Canvas<'_>, plot: Rect, part: Rect, x: &Axis, (from, until): (f64, f64)) {
    let edge = |t_s: f64| plot.x(x.scale.share(t_s));
    canvas.fill(Rect { right: edge(from).min(part.right), ..part }, SHADE);
    canvas.fill(Rect { left: edge(until).max(part.left), ..part }, SHADE);
}

fn time_axis(view: &View<'_>, ticks: usize) -> Axis {
    let setup = &view.run.scenario.setup;
    let planned = setup.warmup_s + setup.measure_s + setup.drain_s;
    let times = || view.series.iter().flat_map(Series::intervals).map(|interval| interval.t_s);
    let low = times().fold(0.0, f64::min);
    let high = times().fold(0.0, f64::max);
    // A run without a row still has a plan.
    let high = if high > 0.0 { high } else { planned.max(1.0) };
    Axis::new(Scale::Linear { low, high }, Unit::Seconds, ticks)
}
