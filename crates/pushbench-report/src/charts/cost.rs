//! Chart 5: CPU time per delivered event and memory per client.

use pushbench_measure::statistics::sums::{self, Sum};

use super::axes::AXIS_NAME;
use super::canvas::{Align, Canvas};
use super::frame::{Extent, frame_with};
use super::layout::Rect;
use super::scale::Unit;
use super::stacked::{self, Bar, Wording};
use super::view::{View, with_whiskers};
use crate::{calibration, format};

const TITLE: &str = "CPU time per event and memory per client: shorter is better";
const SUBTITLE: &str =
    "Within a machine the sender pays for some of the receiver's work: read target and worker together.";

/// One of the two plots.
struct Half {
    sum: Sum,
    parts: &'static [&'static str],
    axis_name: &'static str,
    wording: Wording,
}

const CPU: Half = Half {
    sum: sums::CPU,
    parts: &["target", "worker"],
    axis_name: "CPU time per delivered event",
    wording: Wording { unit: Unit::Time, value: format::mean_time_us },
};

const MEMORY: Half = Half {
    sum: sums::MEMORY,
    parts: &["target", "worker", "kernel, both ends"],
    axis_name: "memory per client",
    wording: Wording { unit: Unit::Bytes, value: format::bytes },
};

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let results = view.series.iter().filter_map(|series| series.result);
    let floor = calibration::quote(view.run, results);
    let subtitle = with_whiskers(SUBTITLE, view);
    let room = frame_with(canvas, view, Extent::OneStep, [TITLE, &subtitle], floor.as_deref());
    let names = stacked::names_of(view);
    let names_width = stacked::names_width(&names, 330.0);
    let gap = 72.0;
    let left = room.left + names_width + 16.0;
    let width = (room.right - left - gap) / 2.0;
    let top = room.top + 40.0;
    let cpu = Rect::new(left, top, left + width, room.bottom - 72.0);
    let memory = Rect::new(left + width + gap, top, room.right, room.bottom - 72.0);
    stacked::draw_names(canvas, &names, cpu, names_width);
    for (half, plot) in [(CPU, cpu), (MEMORY, memory)] {
        stacked::draw_legend(canvas, plot.left, room.top + 2.0, half.parts);
        let bars: Vec<Bar> = (view.series.iter())
            .map(|series| Bar {
                color: series.ink.color,
                parts: half.sum.columns.iter().map(|column| series.figure(column)).collect(),
                interval: series.interval(half.sum.name),
            })
            .collect();
        stacked::draw(canvas, plot, &bars, half.wording);
        canvas.text((plot.x(0.5), plot.bottom + 58.0), Align::Centre, AXIS_NAME, half.axis_name);
    }
}
