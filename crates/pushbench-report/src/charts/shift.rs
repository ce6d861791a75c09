//! Of a comparison: the shift function, a panel for each pair. Differences of delivery latency by percentile with
//! their intervals, and the band within which they count as none.

use pushbench_measure::statistics::Word;

use super::axes::{AXIS_NAME, Axis, Labels, TICK, draw_no_data, draw_x, draw_x_grid, draw_y, readable};
use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::frame::surround;
use super::layout::{Point, Rect, grid_shape, panels};
use super::overlay::{doubt_of, footer, ink_of, pairs};
use super::palette::{AXIS, FAINT_TEXT, Ink, NEUTRAL, SHADE, tint};
use super::percentiles::{nines_axis, nines_of};
use super::scale::{Scale, Unit};
use crate::compare::{Comparison, Pair, Row, Shift, wording};
use crate::format::{time_us, without_trailing_zeros};

const TITLE: &str = "Difference from the baseline by percentile: above zero is slower";
const SUBTITLE: &str = "Coloured: 95 % interval, percentile by percentile. Grey: counts as no difference. Each panel has \
    its own scale.";
const CUT: &str = "Arrow: the interval ends beyond the panel.";
/// More panels than this cannot be read.
const MOST: usize = 9;
/// How much farther than estimates and band intervals may stretch a scale: beyond it they leave the panel.
const STRETCH: f64 = 3.0;

pub(super) fn draw(canvas: &mut Canvas<'_>, comparison: &Comparison<'_>) {
    let shown: Vec<&Pair<'_>> = pairs(comparison).take(MOST).collect();
    let cut = shown
        .iter()
        .any(|pair| y_axis(&pair.shift, 1.0).is_some_and(|y| cut_ends(&pair.shift, &y).is_some()));
    let subtitle = if cut { format!("{SUBTITLE} {CUT}") } else { SUBTITLE.to_owned() };
    let room = surround(canvas, TITLE, &subtitle, &footer(comparison));
    let all = pairs(comparison).count();
    if all > MOST {
        let text = format!("{} more pairs are in the table", all - MOST);
        canvas.text((room.right, room.top + 2.0), Align::Right, AXIS_NAME, &text);
    }
    let (columns, rows) = grid_shape(shown.len());
    canvas.text(
        (room.left, room.top + 2.0),
        Align::Left,
        AXIS_NAME,
        "delivery latency, other run − baseline",
    );
    canvas.text(
        (f64::midpoint(room.left, room.right), room.bottom - 8.0),
        Align::Centre,
        AXIS_NAME,
        "percentile of deliveries",
    );
    let within = Rect::new(room.left, room.top + 30.0, room.right, room.bottom - 68.0);
    for (at, (pair, cell)) in shown.iter().zip(panels(within, shown.len(), 44.0, 30.0)).enumerate() {
        let last = at + columns >= shown.len() || at / columns + 1 == rows;
        let labels = if last { Labels::Shown } else { Labels::Hidden };
        draw_panel(canvas, cell, pair, ink_of(comparison, pair.other), labels);
    }
}

fn draw_panel(canvas: &mut Canvas<'_>, cell: Rect, pair: &Pair<'_>, ink: Ink, labels: Labels) {
    let whole = cell;
    let cell = Rect { top: cell.top + 72.0, ..cell };
    let y = y_axis(&pair.shift, cell.height());
    head(canvas, whole, pair, ink, y.as_ref().and_then(|y| cut_ends(&pair.shift, y)));
    let Some(y) = y else {
        draw_no_data(canvas, cell);
        return;
    };
    let plot = Rect { left: cell.left + y.label_width() + 14.0, right: cell.right - 36.0, ..cell };
    let reach = pair.shift.last().map_or(1.0, |last| nines_of(last.quantile));
    let x = nines_axis(reach);
    let place =
        |shift: &Shift, us: f64| (plot.x(x.scale.share(nines_of(shift.quantile))), plot.y(y.scale.share(us)));
    let along = |us: &dyn Fn(&Shift) -> f64| -> Vec<Point> {
        pair.shift.iter().map(|shift| place(shift, us(shift))).collect()
    };
    let edges = [along(&|shift| -shift.band_us), along(&|shift| shift.band_us)];
    canvas.polygon(&ribbon(&edges), SHADE);
    draw_y(canvas, plot, &y, Labels::Shown);
    draw_x_grid(canvas, plot, &x);
    if pair.shift.iter().all(|shift| shift.difference.interval.is_some()) {
        let end = |shift: &Shift, of: fn(f64, f64) -> f64| {
            shift.difference.interval.map_or(0.0, |interval| of(interval.lo, interval.hi))
        };
        let ends = [along(&|shift| end(shift, f64::min)), along(&|shift| end(shift, f64::max))];
        canvas.polygon(&ribbon(&ends), tint(ink.color, 3));
        for edge in &ends {
            canvas.line(edge, Stroke::solid(tint(ink.color, 2), 1.5));
        }
        for shift in &pair.shift {
            draw_cuts(canvas, plot, place(shift, 0.0).0, cuts(shift, &y), ink);
        }
    }
    for edge in &edges {
        canvas.line(edge, Stroke { color: AXIS, width: 2.0, dash: &[4.0, 6.0] });
    }
    let zero = plot.y(y.scale.share(0.0));
    canvas.rule((plot.left, zero), (plot.right, zero), NEUTRAL, 2.0);
    draw_x(canvas, plot, &x, labels);
    let line = along(&|shift| shift.difference.estimate);
    canvas.line(&line, Stroke::solid(ink.color, 4.0));
    for point in line {
        canvas.disc(point, 6.0, ink.color);
    }
}

/// Arrows at the edges of the panel where an interval goes on.
fn draw_cuts(canvas: &mut Canvas<'_>, plot: Rect, x: f64, [below, above]: [Option<f64>; 2], ink: Ink) {
    let mut arrow = |tip: f64, back: f64| {
        canvas.polygon(&[(x - 9.0, tip + back), (x + 9.0, tip + back), (x, tip)], ink.color);
    };
    if above.is_some() {
        arrow(plot.top, 14.0);
    }
    if below.is_some() {
        arrow(plot.bottom, -14.0);
    }
}

/// The ends of an interval that the axis does not reach: below, above.
fn cuts(shift: &Shift, y: &Axis) -> [Option<f64>; 2] {
    let (Some(interval), Scale::Linear { low, high }) = (shift.difference.interval, y.scale) else {
        return [None, None];
    };
    [Some(interval.lo).filter(|lo| *lo < low), Some(interval.hi).filter(|hi| *hi > high)]
}

/// How far intervals reach that leave the panel: `intervals to −29 ms, +1.2 s`.
fn cut_ends(shift: &[Shift], y: &Axis) -> Option<String> {
    let cuts: Vec<[Option<f64>; 2]> = shift.iter().map(|shift| cuts(shift, y)).collect();
    let lowest = cuts.iter().filter_map(|cut| cut[0]).reduce(f64::min);
    let highest = cuts.iter().filter_map(|cut| cut[1]).reduce(f64::max);
    let ends: Vec<String> = [lowest, highest].into_iter().flatten().map(signed).collect();
    (!ends.is_empty()).then(|| format!("intervals to {}", ends.join(", ")))
}

/// The area between two lines.
fn ribbon(edges: &[Vec<Point>; 2]) -> Vec<Point> {
    edges[0].iter().chain(edges[1].iter().rev()).copied().collect()
}

/// Zero, the band, all estimates, and intervals as far as they leave these readable. `None` without any quantile.
fn y_axis(shift: &[Shift], height: f64) -> Option<Axis> {
    let (mut low, mut high) = (0.0f64, 0.0f64);
    for shift in shift {
        low = low.min(-shift.band_us).min(shift.difference.estimate);
        high = high.max(shift.band_us).max(shift.difference.estimate);
    }
    let span = high - low;
    if span <= 0.0 {
        return None;
    }
    let (least, most) = (low - STRETCH * span, high + STRETCH * span);
    for interval in shift.iter().filter_map(|shift| shift.difference.interval) {
        low = low.min(interval.lo.max(least));
        high = high.max(interval.hi.min(most));
    }
    let margin = 0.05 * (high - low);
    let scale = Scale::Linear { low: low - margin, high: high + margin };
    let wanted = (height / 45.0).clamp(3.0, 8.0) as usize;
    // A zero alone tells no magnitude.
    let enough = |wanted: &usize| scale.ticks(Unit::Time, *wanted).len() >= 2;
    let wanted = (wanted..wanted + 8).find(enough).unwrap_or(wanted);
    let ticks = scale.ticks(Unit::Time, wanted).into_iter().map(|us| (us, signed(us))).collect();
    Some(Axis { scale, ticks })
}

/// A tick: `+5 ms`, `0`.
fn signed(us: f64) -> String {
    if us.abs() < 1e-9 {
        return "0".to_owned();
    }
    let text = time_us(us.abs());
    format!("{}{}", if us < 0.0 { '−' } else { '+' }, without_trailing_zeros(&text))
}

/// Who is compared with whom, how far intervals reach that leave the panel, and what is said of p50 and p99.
fn head(canvas: &mut Canvas<'_>, cell: Rect, pair: &Pair<'_>, ink: Ink, beyond: Option<String>) {
    let name = Type::medium(25.0, readable(ink.color));
    let doubt = doubt_of([pair.base, pair.other]);
    let text =
        format!("{doubt}{} {} − {} {}", pair.other.run, pair.other.label, pair.base.run, pair.base.label);
    canvas.text((cell.left, cell.top + 14.0), Align::Left, name, &font::fit(&text, name, cell.width()));
    let free = cell.width() - font::width(&text, name) - 20.0;
    // Where the name leaves no room, the arrows and the subtitle say that there is more.
    if let Some(beyond) = beyond.filter(|beyond| font::width(beyond, TICK) <= free) {
        canvas.text((cell.right, cell.top + 14.0), Align::Right, TICK, &beyond);
    }
    let wanted = ["latency_p50_us", "latency_p99_us"];
    let rows: Vec<&Row> = pair.rows.iter().filter(|row| wanted.contains(&row.column)).collect();
    let words = match rows[..] {
        [a, b] if a.word == b.word && (a.word == Some(Word::NoDifference) || a.is_withheld()) => {
            vec![format!("p50 and p99: {}", wording::word(b))]
        }
        _ => rows.into_iter().filter_map(said).collect(),
    };
    let face = Type { color: FAINT_TEXT, ..TICK };
    canvas.text(
        (cell.left, cell.top + 46.0),
        Align::Left,
        face,
        &font::fit(&words.join(" · "), face, cell.width()),
    );
}

/// `p99 slower (+94%)`.
fn said(row: &Row) -> Option<String> {
    let name = row.name.strip_prefix("latency ")?;
    let change = if row.differs() { format!(" ({})", wording::share(row)) } else { String::new() };
    Some(format!("{name} {}{change}", wording::word(row)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::results::Confidence;
    use pushbench_measure::statistics::{Basis, Difference};

    fn shift(quantile: f64, estimate: f64, half: f64) -> Shift {
        let interval = Some(Confidence { lo: estimate - half, hi: estimate + half });
        let difference = Difference { estimate, interval, basis: Basis::OneRound, identical: false };
        Shift { quantile, base_us: 1_000.0, band_us: 50.0, difference }
    }

    #[test]
    fn an_interval_without_end_does_not_flatten_the_rest() {
        let of = |half| match y_axis(&[shift(0.5, 100.0, 10.0), shift(0.999, 100.0, half)], 500.0)
            .unwrap()
            .scale
        {
            Scale::Linear { low, high } => (low, high),
            Scale::Log { .. } => panic!("differences have a sign"),
        };
        let (low, high) = of(20.0);
        assert!(low < -50.0 && high > 120.0 && high < 150.0, "{low} {high}");
        let (low, high) = of(1e9);
        assert!(low > -600.0 && high < 700.0, "{low} {high}");
        assert!(y_axis(&[], 500.0).is_none());
    }

    #[test]
    fn an_interval_that_leaves_the_panel_is_marked() {
        let of = |half| {
            let shift = [shift(0.5, 100.0, 10.0), shift(0.999, 100.0, half)];
            cut_ends(&shift, &y_axis(&shift, 500.0).unwrap())
        };
        assert_eq!(of(20.0), None);
        assert_eq!(of(1e6).as_deref(), Some("intervals to −1 s, +1 s"));
    }

    #[test]
    fn magnitude_can_be_read_at_any_scale() {
        for tenths in 1..2_000 {
            for height in [60.0, 150.0, 500.0] {
                let axis = y_axis(&[shift(0.5, f64::from(tenths) / 10.0, 30.0)], height).unwrap();
                assert!(axis.ticks.len() >= 2, "{tenths} {height}");
            }
        }
        let even = Shift { band_us: 86.0, ..shift(0.5, 0.0, 86.0) };
        assert!(y_axis(&[even], 60.0).unwrap().ticks.len() >= 2);
    }

    #[test]
    fn ticks_carry_signs() {
        assert_eq!(
            (signed(0.0), signed(5_000.0), signed(-250.0)),
            ("0".to_owned(), "+5 ms".to_owned(), "−250 µs".to_owned())
        );
    }
}
