//! Chart of a capacity search: a bar a transport, as long as what it bears, and below it what ended that.

use pushbench_measure::results::CapacityRecord;

use super::axes::{AXIS_NAME, Axis, Labels, draw_no_data, draw_x, draw_x_grid};
use super::canvas::{Align, Canvas};
use super::font::{self, Type};
use super::frame::{Extent, frame};
use super::layout::Rect;
use super::palette::{AXIS, FAINT_TEXT, PAPER, TEXT, mix};
use super::scale::{Scale, Unit};
use super::stacked::{Name, draw_names, names_width};
use super::view::View;
use crate::capacity::{self, Varied};

const SUBTITLE: &str = "The highest load that met every threshold, and met it again. Arrow: at least so much; something else gave out.";
const VALUE: Type = Type::medium(27.0, TEXT);
const REASON: Type = Type::regular(22.0, FAINT_TEXT);
const ABSENT: Type = Type::medium(25.0, FAINT_TEXT);
/// Length of the arrow of a bar that may be longer.
const ARROW: f64 = 34.0;
const BESIDE: f64 = 12.0;
const REASON_HEIGHT: f64 = 30.0;

pub(super) fn wanted(view: &View<'_>) -> bool {
    !view.run.capacity.is_empty()
}

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let room = frame(canvas, view, Extent::AllSteps, &title(view), &subtitle(view));
    let records = &view.run.capacity;
    let Some(varied) = Varied::of(view.run) else {
        draw_no_data(canvas, room);
        return;
    };
    let of_record = |record: &CapacityRecord| {
        let ink = view.series.iter().find(|series| series.label() == record.label).map(|series| series.ink);
        Name { text: record.label.clone(), color: ink.map_or(TEXT, |ink| ink.color) }
    };
    let names: Vec<Name> = records.iter().map(of_record).collect();
    let width = names_width(&names, 330.0);
    let plot = Rect::new(room.left + width + 16.0, room.top + 4.0, room.right, room.bottom - 72.0);
    let axis = Axis::new(Scale::linear_to(reach(plot, varied, records)), Unit::Count, 6);
    draw_x_grid(canvas, plot, &axis);
    draw_x(canvas, plot, &axis, Labels::Shown);
    canvas.rule((plot.left, plot.top), (plot.left, plot.bottom), AXIS, 2.0);
    let rows = rows(plot, records.len());
    for ((record, name), row) in records.iter().zip(&names).zip(&rows) {
        draw_names(
            canvas,
            std::slice::from_ref(name),
            Rect::new(plot.left, row.top, plot.right, row.bottom),
            width,
        );
        let right = plot.x(axis.scale.share(record.found.unwrap_or(0.0)));
        draw_bar(canvas, *row, (varied, record), name, right);
        draw_reason(canvas, *row, (varied, record));
    }
    canvas.text((plot.x(0.5), plot.bottom + 58.0), Align::Centre, AXIS_NAME, varied.name());
}

/// `Clients with latency_p99 < 250ms and lost == 0: more is better`.
fn title(view: &View<'_>) -> String {
    let what = match Varied::of(view.run) {
        Some(Varied::Clients) | None => "Clients",
        Some(Varied::Events) => "Events per second",
        Some(Varied::Asks) => "Asks per second",
        Some(Varied::Messages) => "Messages per second of each member",
    };
    match capacity::limits(view.run) {
        Some(limits) => format!("{what} with {limits}: more is better"),
        None => format!("{what} that each transport bears in time: more is better"),
    }
}

/// With the thresholds, where they are more than a title holds.
fn subtitle(view: &View<'_>) -> String {
    match capacity::limits(view.run) {
        Some(_) => SUBTITLE.to_owned(),
        None => format!("With {}. {SUBTITLE}", capacity::limits_of_each(view.run)),
    }
}

/// Bars with room below each for its reason.
fn rows(plot: Rect, count: usize) -> Vec<Rect> {
    let pitch = plot.height() / count.max(1) as f64;
    let height = ((pitch - REASON_HEIGHT) * 0.62).clamp(8.0, 64.0);
    (0..count)
        .map(|at| {
            let top = plot.top + at as f64 * pitch + (pitch - height - REASON_HEIGHT) / 2.0;
            Rect::new(plot.left, top, plot.right, top + height)
        })
        .collect()
}

/// The value at the right edge, so that behind every bar there is room for its arrow and its words.
fn reach(plot: Rect, varied: Varied, records: &[CapacityRecord]) -> f64 {
    let needed = records.iter().filter_map(|record| {
        let text = font::width(&words(varied, record), VALUE) + ARROW + BESIDE + 16.0;
        Some(record.found? * plot.width() / (plot.width() - text).max(1.0))
    });
    needed.fold(0.0, f64::max)
}

fn words(varied: Varied, record: &CapacityRecord) -> String {
    let unconfirmed = if record.confirmed { "" } else { ", not confirmed" };
    format!("{}{unconfirmed}", varied.answer(record))
}

fn draw_bar(
    canvas: &mut Canvas<'_>,
    row: Rect,
    (varied, record): (Varied, &CapacityRecord),
    name: &Name,
    right: f64,
) {
    let middle = f64::midpoint(row.top, row.bottom);
    if record.found.is_none() {
        canvas.text((row.left + 14.0, middle), Align::Left, ABSENT, &varied.answer(record));
        return;
    }
    canvas.fill(Rect::new(row.left, row.top, right, row.bottom), name.color);
    let mut end = right;
    if record.at_least {
        let pale = mix(name.color, PAPER, 0.45);
        let (from, tip) = (right + 4.0, right + ARROW);
        canvas.polygon(&[(from, row.top), (tip, middle), (from, row.bottom)], pale);
        end = tip;
    }
    // Grid lines stop for the words.
    let (text, left) = (words(varied, record), end + BESIDE);
    canvas.fill(
        Rect::new(left - 6.0, middle - 18.0, left + font::width(&text, VALUE) + 6.0, middle + 18.0),
        PAPER,
    );
    canvas.text((left, middle), Align::Left, VALUE, &text);
}

/// What ended the search, below the bar.
fn draw_reason(canvas: &mut Canvas<'_>, row: Rect, (varied, record): (Varied, &CapacityRecord)) {
    let mut parts = vec![format!("limited by: {}", capacity::cause(record))];
    if !record.why.is_empty() {
        let at = record.failed_at.map(|at| format!("at {}: ", varied.amount(at)));
        parts.push(format!("{}{}", at.unwrap_or_default(), record.why));
    }
    let text = parts.join(" · ");
    let left = row.left + 6.0;
    let text = font::fit(&text, REASON, row.right - left);
    let y = row.bottom + 6.0 + REASON_HEIGHT / 2.0;
    let width = font::width(&text, REASON);
    canvas.fill(Rect::new(left - 3.0, y - 13.0, left + width + 6.0, y + 13.0), PAPER);
    canvas.text((left, y), Align::Left, REASON, &text);
}
