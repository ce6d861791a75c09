//! Chart of streams: the time to the first part of an answer and between its parts, by percentile.

use pushbench_measure::{Figure, Histogram};

use super::canvas::Canvas;
use super::frame::{Extent, frame};
use super::layout::Rect;
use super::percentiles::{Curve, Source, Words, draw_curves};
use super::view::{Series, View};
use crate::format::time_us;
use crate::table::answers::has_answers;

const TITLE: &str = "Answers in parts: to the first part, and between parts: lower is better";
const SUBTITLE: &str = "Above: first part received − ask due (TTFT). Below: between the receptions of two parts (ITL); parts that \
    come together are 0 apart.";
/// Between the two plots.
const GAP: f64 = 20.0;

/// One of the two plots.
struct Half {
    words: Words,
    figure: Figure,
    /// Median and 99th percentile.
    columns: [&'static str; 2],
}

const HALVES: [Half; 2] = [
    Half {
        words: Words { y: "first part, TTFT (log)", x: "percentile of answers" },
        figure: Figure::FirstPart,
        columns: ["first_part_p50_us", "first_part_p99_us"],
    },
    Half {
        words: Words { y: "gap, ITL (log)", x: "percentile of gaps" },
        figure: Figure::PartGap,
        columns: ["part_gap_p50_us", "part_gap_p99_us"],
    },
];

pub(super) fn wanted(view: &View<'_>) -> bool {
    has_answers(view.run)
}

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let room = frame(canvas, view, Extent::OneStep, TITLE, SUBTITLE);
    let height = (room.bottom - room.top - GAP) / 2.0;
    for (at, half) in HALVES.iter().enumerate() {
        let top = room.top + at as f64 * (height + GAP);
        let plot = Rect::new(room.left, top, room.right, top + height);
        let curves: Vec<Curve> = view.series.iter().map(|series| half.curve(series)).collect();
        draw_curves(canvas, plot, &curves, &half.words);
    }
}

impl Half {
    fn curve(&self, series: &Series<'_>) -> Curve {
        let histogram = series.answers(self.figure);
        let figure =
            |(name, column): (&str, &&str)| Some(format!("{name} {}", time_us(series.figure(column)?)));
        let figures: Vec<String> = ["p50", "p99"].into_iter().zip(&self.columns).filter_map(figure).collect();
        Curve::new(Source {
            name: series.name(),
            figures: figures.join(" · "),
            ink: series.ink,
            histogram,
            // Each answer is an event of its own: no publish stands behind many of them.
            publishes: histogram.map(Histogram::count),
            poll_interval_us: None,
        })
    }
}
