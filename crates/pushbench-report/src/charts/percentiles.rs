//! Chart 2: delivery latency by percentile, every transport on one plot.

use pushbench_measure::Histogram;
use pushbench_measure::results::Confidence;

use super::axes::{
    AXIS_NAME, Axis, EndLabel, Labels, Whisker, draw_end_labels, draw_no_data, draw_whisker_between, draw_x,
    draw_x_grid, draw_y, readable,
};
use super::canvas::{Align, Canvas, Stroke};
use super::frame::{Extent, frame};
use super::layout::{Point, Rect, side_by_side};
use super::palette::{Ink, TEXT};
use super::scale::{Scale, Unit};
use super::view::{Series, View, with_whiskers};
use crate::figures::{P50, P90, P99, P999, Percentile};

/// Nines per step along a curve: fine enough that no step is seen.
const STEP: f64 = 0.01;
/// A pixel for zero latency: histograms tell microseconds apart.
const FLOOR_US: f64 = 1.0;

const TITLE: &str = "Delivery latency by percentile: lower is better";
const SUBTITLE: &str = "Received − due. Thin line: fewer than 10/(1−p) publishes behind it. Dotted: theory, a wait \
    uniform over the poll interval.";

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let subtitle = with_whiskers(SUBTITLE, view);
    let room = frame(canvas, view, Extent::OneStep, TITLE, &subtitle);
    draw_curves(canvas, room, &view.series.iter().map(Curve::of_series).collect::<Vec<_>>(), &DELIVERY);
}

/// What stands at the axes.
pub(super) struct Words {
    pub(super) y: &'static str,
    pub(super) x: &'static str,
}

/// Of delivery latency.
pub(super) const DELIVERY: Words = Words { y: "delivery latency (log)", x: "percentile of deliveries" };

/// Curves with their axes.
pub(super) fn draw_curves(canvas: &mut Canvas<'_>, room: Rect, curves: &[Curve], words: &Words) {
    let values = curves.iter().flat_map(|curve| curve.points.iter().map(|(_, us)| *us));
    let estimates = || curves.iter().flat_map(|curve| &curve.estimates);
    let ends = estimates().flat_map(|of| [of.interval.lo.max(FLOOR_US), of.interval.hi]);
    let Some(scale) = Scale::log_over(values.chain(ends)) else {
        draw_no_data(canvas, room);
        return;
    };
    let nines = curves.iter().map(|curve| curve.reach).fold(0.5, f64::max);
    let y = Axis::new(scale, Unit::Time, 8);
    let x = nines_axis(nines);
    let plot = Rect::new(
        room.left + y.label_width() + 14.0,
        room.top + 44.0,
        room.right - 350.0,
        room.bottom - 72.0,
    );
    canvas.text((room.left, room.top + 6.0), Align::Left, AXIS_NAME, words.y);
    draw_y(canvas, plot, &y, Labels::Shown);
    draw_x_grid(canvas, plot, &x);
    draw_x(canvas, plot, &x, Labels::Shown);
    canvas.text((plot.x(0.5), plot.bottom + 58.0), Align::Centre, AXIS_NAME, words.x);

    let place = |(nines, us): Point| (plot.x(x.scale.share(nines)), plot.y(scale.share(us)));
    for curve in curves {
        curve.draw(canvas, &place, |_| true);
    }
    draw_turns(canvas, curves, &place);
    for curve in curves {
        curve.draw_theory(canvas, scale, &place);
    }
    draw_estimates(canvas, curves, &place);
    let labels: Vec<EndLabel> = curves.iter().map(|curve| curve.label(&place)).collect();
    let column = Rect::new(plot.right, room.top + 10.0, room.right, room.bottom - 10.0);
    draw_end_labels(canvas, plot, column, &labels);
}

/// Lines that lie on each other take turns on top, stretch by stretch: all of them are seen. Dashed ones are anyway.
fn draw_turns(canvas: &mut Canvas<'_>, curves: &[Curve], place: &impl Fn(Point) -> Point) {
    const STRETCH: f64 = 44.0;
    let solid: Vec<&Curve> = curves.iter().filter(|curve| curve.ink.dash.is_empty()).collect();
    for (turn, curve) in solid.iter().enumerate() {
        curve.draw(canvas, place, |(x, _)| (x / STRETCH) as usize % solid.len() == turn);
    }
}

/// Whiskers at the percentiles of the table. Those of transports that are close to each other stand side by side.
fn draw_estimates(canvas: &mut Canvas<'_>, curves: &[Curve], place: &impl Fn(Point) -> Point) {
    const APART: f64 = 17.0;
    for percentile in [P50, P90, P99, P999] {
        let nines = nines_of(percentile.quantile);
        let at = |us: f64| place((nines, us.max(FLOOR_US)));
        let of_curve = |curve: &Curve| {
            let estimate = curve.estimates.iter().find(|estimate| estimate.column == percentile.column)?;
            Some((*estimate, readable(curve.ink.color)))
        };
        let shown: Vec<_> = curves.iter().filter_map(of_curve).collect();
        let span = |estimate: &Estimate| (at(estimate.interval.hi).1, at(estimate.interval.lo).1);
        let spans: Vec<(f64, f64)> = shown.iter().map(|(estimate, _)| span(estimate)).collect();
        for ((estimate, color), aside) in shown.iter().zip(side_by_side(&spans, APART)) {
            let [lo, us, hi] = [estimate.interval.lo, estimate.us, estimate.interval.hi]
                .map(at)
                .map(|(x, y)| (x + aside, y));
            draw_whisker_between(canvas, Whisker::Vertical, lo, hi, *color);
            canvas.disc(us, 5.0, *color);
        }
    }
}

/// Ticks at 0, 50, 90, 99, 99.9 … percent; positions are −log10(1−q).
pub(super) fn nines_axis(reach: f64) -> Axis {
    let mut ticks = vec![(0.0, "0".to_owned()), (nines_of(0.5), "50 %".to_owned())];
    if (0.7..2.5).contains(&reach) {
        ticks.push((nines_of(0.75), "75 %".to_owned()));
    }
    for nines in 1..=(reach + 1e-9).floor() as usize {
        let label = match nines {
            1 => "90 %".to_owned(),
            2 => "99 %".to_owned(),
            more => format!("99.{} %", "9".repeat(more - 2)),
        };
        ticks.push((nines as f64, label));
    }
    Axis { scale: Scale::Linear { low: 0.0, high: reach }, ticks }
}

pub(super) fn nines_of(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

fn quantile_of(nines: f64) -> f64 {
    1.0 - 10f64.powf(-nines)
}

/// How many nines `count` samples allow: ten of them must lie beyond.
fn reach_of(count: u64) -> f64 {
    (count as f64 / 10.0).log10().max(0.0)
}

/// A percentile with its interval.
#[derive(Clone, Copy)]
struct Estimate {
    column: &'static str,
    us: f64,
    interval: Confidence,
}

/// What a curve is of.
pub(super) struct Source<'a> {
    pub(super) name: String,
    /// Below the name.
    pub(super) figures: String,
    pub(super) ink: Ink,
    pub(super) histogram: Option<&'a Histogram>,
    pub(super) publishes: Option<u64>,
    /// For the line of theory.
    pub(super) poll_interval_us: Option<u64>,
}

/// One transport's curve.
pub(super) struct Curve {
    name: String,
    figures: String,
    ink: Ink,
    poll_interval_us: Option<u64>,
    /// Nines against microseconds, ascending.
    points: Vec<Point>,
    /// Last nines that enough deliveries stand behind.
    reach: f64,
    /// Last nines that enough publishes stand behind.
    sure: f64,
    /// Percentiles of the table that have an interval.
    estimates: Vec<Estimate>,
}

impl Curve {
    fn of_series(series: &Series<'_>) -> Self {
        let estimate = |percentile: &Percentile| {
            let us = series.figure(percentile.column)?.max(FLOOR_US);
            let interval = series.interval(percentile.column)?;
            Some(Estimate { column: percentile.column, us, interval })
        };
        let estimates = [P50, P90, P99, P999].iter().filter_map(estimate).collect();
        let curve = Self::new(Source {
            name: series.name(),
            figures: series.percentiles(&[P50, P99]).join(" · "),
            ink: series.ink,
            histogram: series.delivery(),
            publishes: series.result.and_then(|result| result.summary.publishes),
            poll_interval_us: series.transport.poll_interval_us,
        });
        Self { estimates, ..curve }
    }

    pub(super) fn new(source: Source<'_>) -> Self {
        let Source { name, figures, ink, histogram, publishes, poll_interval_us } = source;
        let reach = histogram.map_or(0.0, |histogram| reach_of(histogram.count()));
        // Publishes that nobody counted, as in a row that was cut short, make no part of a curve sure.
        let sure = publishes.map_or(0.0, reach_of);
        let points = histogram.map(|histogram| points_of(histogram, reach)).unwrap_or_default();
        Self { name, figures, ink, poll_interval_us, points, reach, sure, estimates: Vec::new() }
    }

    /// Draws the stretches of the line that are to be shown, by their places.
    fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        place: &impl Fn(Point) -> Point,
        is_shown: impl Fn(Point) -> bool,
    ) {
        let Ink { color, dash } = self.ink;
        let split = self.points.partition_point(|(nines, _)| *nines <= self.sure);
        let (thin, thick) = (&self.points[split.saturating_sub(1)..], &self.points[..split]);
        for (points, width) in [(thin, 2.5), (thick, 5.0)] {
            let points: Vec<Point> = points.iter().copied().map(place).collect();
            let stretches = points.chunk_by(|one, next| is_shown(*one) == is_shown(*next));
            for stretch in stretches.filter(|stretch| is_shown(stretch[0])) {
                canvas.line(stretch, Stroke { color, width, dash });
            }
        }
    }

    /// A wait uniform over the interval T has the quantile q·T.
    fn draw_theory(&self, canvas: &mut Canvas<'_>, scale: Scale, place: &impl Fn(Point) -> Point) {
        let (Some(interval_us), Scale::Log { low, high }) = (self.poll_interval_us, scale) else {
            return;
        };
        let points: Vec<Point> = steps(self.reach)
            .map(|nines| (nines, interval_us as f64 * quantile_of(nines)))
            .filter(|(_, us)| (low..=high).contains(us))
            .map(place)
            .collect();
        let stroke = Stroke { color: TEXT, width: 2.0, dash: &[2.0, 6.0] };
        canvas.line(&points, stroke);
    }

    fn label(&self, place: &impl Fn(Point) -> Point) -> EndLabel {
        let at = self.points.last().map(|last| place(*last));
        let figures = if self.points.is_empty() { "no data".to_owned() } else { self.figures.clone() };
        EndLabel { at, name: self.name.clone(), figures, color: self.ink.color }
    }
}

fn steps(reach: f64) -> impl Iterator<Item = f64> {
    let count = (reach / STEP).floor() as usize;
    (0..=count).map(|at| at as f64 * STEP).chain([reach])
}

fn points_of(histogram: &Histogram, reach: f64) -> Vec<Point> {
    let value =
        |nines: f64| histogram.quantile(quantile_of(nines)).map(|us| (nines, (us as f64).max(FLOOR_US)));
    steps(reach).filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_names_the_nines_it_reaches() {
        let labels: Vec<String> = nines_axis(4.2).ticks.into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        assert_eq!(nines_axis(0.5).ticks.len(), 2);
    }

    #[test]
    fn a_curve_ends_where_ten_samples_lie_beyond() {
        let mut histogram = Histogram::new();
        (0..1000).for_each(|value| histogram.record(value));
        let points = points_of(&histogram, reach_of(histogram.count()));
        let (nines, us) = *points.last().unwrap();
        assert!((nines - 2.0).abs() < 1e-9 && (us - 990.0).abs() < 2.0, "{nines} {us}");
        assert!(points.iter().all(|(_, us)| *us >= FLOOR_US));
    }
}
