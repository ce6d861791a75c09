//! Chart 7: how clients come back after their connections were dropped, and what they missed.
//!
//! Who was back when is known of every client, so the share of the connected is drawn from that, not from the seconds of
//! `intervals.csv`. Only where clients also come and go by plan, or are dropped twice, do the seconds have to do.

use pushbench_measure::results::LifeRecord;

use super::axes::{AXIS_NAME, Axis, Labels, TICK, draw_no_data, draw_x, draw_x_grid, draw_y, readable};
use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::frame::{Extent, frame};
use super::layout::{Point, Rect};
use super::palette::{FAINT_TEXT, NEUTRAL, SHADE};
use super::scale::{Scale, Unit};
use super::view::{Series, View};
use crate::format::{grouped, share, short_count, time_us, typed};

const TITLE: &str = "Coming back after a drop: sooner, and without a spike, is better";
const SUBTITLE: &str = "Above: clients whose transport is ready. Below: connections that the target accepts in each second. Missed: \
    due while a client was away, never received; caught up: received when it was back. Grey: target away; drain.";

/// Seconds shown before the drop.
const BEFORE_S: f64 = 2.0;
/// Seconds shown after it, at least.
const AFTER_S: f64 = 4.0;
/// Points of a curve.
const POINTS: usize = 600;
/// Room for the labels at the right.
const LABELS: f64 = 490.0;
const HEADROOM: f64 = 1.08;

pub(super) fn wanted(view: &View<'_>) -> bool {
    record(view).is_some_and(|life| life.first_drop_s().is_some())
}

fn record<'a>(view: &View<'a>) -> Option<&'a LifeRecord> {
    view.run.scenario.setup.life.as_ref()
}

/// A run around the instant at which connections were dropped.
struct Drop<'a> {
    life: &'a LifeRecord,
    /// That instant, in seconds since the warm-up began.
    at_s: f64,
    clients: f64,
    /// The end of what is shown, in seconds since the drop.
    until_s: f64,
    /// The end of the measure phase.
    drain_s: f64,
}

impl<'a> Drop<'a> {
    fn of(view: &View<'a>) -> Option<Self> {
        let (life, setup) = (record(view)?, &view.run.scenario.setup);
        let first_s = life.first_drop_s()?;
        let mut drop = Self {
            life,
            at_s: setup.warmup_s + first_s,
            clients: f64::from(view.step.max(1)),
            until_s: AFTER_S,
            drain_s: setup.measure_s - first_s,
        };
        let ends = view.series.iter().map(|series| drop.end_of(series));
        drop.until_s = ends.fold(AFTER_S, f64::max) * 1.15;
        Some(drop)
    }

    /// When a transport's last client was back, or the end of its rows.
    fn end_of(&self, series: &Series<'_>) -> f64 {
        let rows_end = series.intervals().map(|row| row.t_s - self.at_s).fold(0.0, f64::max);
        match (series.figure("back_p100_us"), self.has_one_cause()) {
            (Some(us), true) => us / 1e6,
            _ => rows_end / 1.15,
        }
    }

    /// Whether all who are away were dropped, at one instant.
    fn has_one_cause(&self) -> bool {
        !self.life.leaves && (self.life.storm_at_s.is_none() || self.life.restart_at_s.is_none())
    }

    /// Seconds since the drop against the share of the clients that are connected.
    fn connected(&self, series: &Series<'_>) -> Vec<Point> {
        let rows = series.intervals().map(|row| (row.t_s - self.at_s, row.connected as f64 / self.clients));
        let shown = rows.filter(|(t_s, _)| (-BEFORE_S..=self.until_s).contains(t_s));
        let fine = self.has_one_cause().then(|| series.back().zip(series.figure("dropped"))).flatten();
        let Some((back, dropped)) = fine else { return shown.collect() };
        let rounds = series.result.map_or(1, |result| result.complete_rounds().max(1)) as f64;
        let all = self.clients * rounds;
        let mut points: Vec<Point> = vec![(-BEFORE_S, 1.0), (0.0, 1.0)];
        let steps = (0..=POINTS).map(|at| self.until_s * at as f64 / POINTS as f64);
        points.extend(steps.map(|t_s| {
            let returned = back.inner().count_between(0, (t_s * 1e6) as u64) as f64;
            (t_s, 1.0 - (dropped - returned).max(0.0) / all)
        }));
        points
    }

    /// Accepted connections per second; a row is about the second before its time.
    fn accepts(&self, series: &Series<'_>) -> Vec<Point> {
        let rows = series.intervals().map(|row| (row.t_s - self.at_s, row.accepted as f64));
        rows.filter(|(t_s, _)| (-BEFORE_S..self.until_s + 1.0).contains(t_s)).collect()
    }
}

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let room = frame(canvas, view, Extent::OneStep, TITLE, SUBTITLE);
    let Some(drop) = Drop::of(view).filter(|_| view.series.iter().any(|series| series.result.is_some()))
    else {
        draw_no_data(canvas, room);
        return;
    };
    let x = Axis::new(Scale::Linear { low: -BEFORE_S, high: drop.until_s }, Unit::Seconds, 9);
    let (left, right) = (room.left + 92.0, room.right - LABELS);
    let middle = room.top + 0.6 * room.height();
    let upper = Rect::new(left, room.top + 50.0, right, middle - 30.0);
    let lower = Rect::new(left, middle + 40.0, right, room.bottom - 66.0);
    draw_connected(canvas, upper, room.right, &x, (&drop, view));
    draw_accepts(canvas, lower, room.right, &x, (&drop, view));
    let name = format!("seconds since the {}", cause(&drop).0);
    canvas.text((lower.x(0.5), room.bottom - 8.0), Align::Centre, AXIS_NAME, &name);
}

/// What happened, in a word and in some.
fn cause(drop: &Drop<'_>) -> (&'static str, String) {
    let LifeRecord { storm_at_s, storm_share, restart_at_s, restart_s, .. } = *drop.life;
    let is_storm = storm_at_s.is_some_and(|at| restart_at_s.is_none_or(|other| at < other));
    if is_storm {
        ("storm", format!("{} of the connections dropped", share(storm_share.unwrap_or(0.0))))
    } else {
        ("restart", format!("target away for {} s", typed(restart_s.unwrap_or(0.0))))
    }
}

/// Grid, phases, and the instant of the drop.
fn draw_ground(canvas: &mut Canvas<'_>, plot: Rect, x: &Axis, y: &Axis, drop: &Drop<'_>, labels: Labels) {
    let at = |t_s: f64| plot.x(x.scale.share(t_s.clamp(-BEFORE_S, drop.until_s)));
    canvas.fill(Rect { left: at(drop.drain_s), ..plot }, SHADE);
    if let (Some(from), Some(length)) = (drop.life.restart_at_s, drop.life.restart_s) {
        let from = from - drop.life.first_drop_s().unwrap_or(from);
        canvas.fill(Rect { left: at(from), right: at(from + length), ..plot }, SHADE);
    }
    draw_y(canvas, plot, y, Labels::Shown);
    draw_x_grid(canvas, plot, x);
    draw_x(canvas, plot, x, labels);
    let instants = [drop.life.storm_at_s, drop.life.restart_at_s].into_iter().flatten();
    for instant in instants.map(|instant| instant - drop.life.first_drop_s().unwrap_or(instant)) {
        let dash = Stroke { color: NEUTRAL, width: 2.5, dash: &[7.0, 6.0] };
        canvas.line(&[(at(instant), plot.top), (at(instant), plot.bottom)], dash);
    }
}

fn draw_connected(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    right: f64,
    x: &Axis,
    (drop, view): (&Drop<'_>, &View<'_>),
) {
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|part| (part, share(part)));
    let y = Axis { scale: Scale::Linear { low: 0.0, high: 1.0 }, ticks: ticks.to_vec() };
    draw_ground(canvas, plot, x, &y, drop, Labels::Hidden);
    canvas.text((plot.left - 80.0, plot.top - 26.0), Align::Left, AXIS_NAME, "clients connected");
    let place = |(t_s, part): Point| (plot.x(x.scale.share(t_s)), plot.y(part.min(1.0)));
    for series in &view.series {
        let line: Vec<Point> = drop.connected(series).into_iter().map(place).collect();
        canvas.line(&line, Stroke { color: series.ink.color, width: 4.5, dash: series.ink.dash });
    }
    let words = format!("{}: {}", cause(drop).0, cause(drop).1);
    let left = plot.x(x.scale.share(0.0)).max(plot.left + 130.0);
    canvas.text((left, plot.top - 26.0), Align::Left, TICK, &words);
    list(canvas, plot, right, "half · 95 % · all of the dropped back after", view, back_words);
}

/// How long the dropped clients of a transport were away.
fn back_words(series: &Series<'_>) -> String {
    let Some(dropped) = series.figure("dropped") else { return "nobody dropped".to_owned() };
    let word = |column| series.figure(column).map_or_else(|| "–".to_owned(), time_us);
    let times = ["back_p50_us", "back_p95_us", "back_p100_us"].map(word).join(" · ");
    match series.figure("back") {
        Some(back) if back < dropped => format!("{times}, {} not back", short_count(dropped - back)),
        _ => times,
    }
}

fn lost_words(series: &Series<'_>) -> String {
    let count = |column| series.figure(column).map_or_else(|| "–".to_owned(), |count| grouped(count as u64));
    format!("{} · {}", count("missed"), count("caught_up"))
}

/// A line for each transport right of a plot: its name in its colour, and figures.
fn list(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    right: f64,
    head: &str,
    view: &View<'_>,
    words: impl Fn(&Series<'_>) -> String,
) {
    let left = plot.right + 40.0;
    canvas.text((left, plot.top - 26.0), Align::Left, AXIS_NAME, head);
    let height = (plot.height() / view.series.len().max(1) as f64).min(46.0);
    for (at, series) in view.series.iter().enumerate() {
        let y = plot.top + (at as f64 + 0.5) * height;
        let (words, figures) = (words(series), Type::regular(23.0, FAINT_TEXT));
        let name = Type::medium(23.0, readable(series.ink.color));
        let room = right - left - font::width(&words, figures) - 16.0;
        canvas.text((left, y), Align::Left, name, &font::fit(&series.name(), name, room));
        canvas.text((right, y), Align::Right, figures, &words);
    }
}

fn draw_accepts(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    right: f64,
    x: &Axis,
    (drop, view): (&Drop<'_>, &View<'_>),
) {
    let rows: Vec<Vec<Point>> = view.series.iter().map(|series| drop.accepts(series)).collect();
    let most = rows.iter().flatten().map(|(_, count)| *count).fold(1.0, f64::max);
    let y = Axis::new(Scale::linear_to(most * HEADROOM), Unit::Count, 4);
    draw_ground(canvas, plot, x, &y, drop, Labels::Shown);
    canvas.text((plot.left - 80.0, plot.top - 26.0), Align::Left, AXIS_NAME, "accepts per second");
    let at = |t_s: f64| plot.x(x.scale.share(t_s.clamp(-BEFORE_S, drop.until_s)));
    let width = 0.9 / rows.len().max(1) as f64;
    for ((nth, series), rows) in (0..).zip(&view.series).zip(&rows) {
        for (t_s, count) in rows {
            // The bars of a second stand beside each other within it.
            let left = t_s - 0.95 + width * f64::from(nth);
            let bar = Rect::new(at(left), plot.y(y.scale.share(*count)), at(left + width), plot.bottom);
            canvas.fill(bar, series.ink.color);
        }
    }
    list(canvas, plot, right, "events missed · caught up", view, lost_words);
}
