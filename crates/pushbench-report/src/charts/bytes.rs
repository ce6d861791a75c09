//! Chart 3: what travels for one delivered event, and how much of it is the event.

use super::axes::AXIS_NAME;
use super::canvas::{Align, Canvas};
use super::frame::{Extent, frame};
use super::layout::Rect;
use super::scale::Unit;
use super::stacked::{self, Bar, Wording};
use super::view::{Series, View, with_whiskers};
use crate::format;

const STREAM_TITLE: &str = "Stream bytes per delivered event: shorter is better";
const STREAM_SUBTITLE: &str =
    "Bytes read and written on the sockets, both directions, without TCP and IP headers.";
const WIRE_TITLE: &str = "Wire bytes per delivered event: shorter is better";
const WIRE_SUBTITLE: &str =
    "Both directions, with TCP and IP headers. Segments on loopback are larger than on a network.";

/// Parts of the stream, as columns of the summary and in words.
const PARTS: [(&str, &str); 4] = [
    ("payload_bytes_per_event", "payload"),
    ("framing_bytes_per_event", "framing and headers"),
    ("empty_poll_bytes_per_event", "empty polls"),
    ("connecting_bytes_per_event", "connecting"),
];

/// Both directions, whose sum is the length of a bar.
const STREAM: [&str; 2] = ["stream_down_bytes_per_event", "stream_up_bytes_per_event"];
const WIRE: [&str; 2] = ["wire_down_bytes_per_event", "wire_up_bytes_per_event"];

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let wire = view.series.iter().any(|series| wire_bytes(series).is_some());
    let (title, subtitle) = if wire { (WIRE_TITLE, WIRE_SUBTITLE) } else { (STREAM_TITLE, STREAM_SUBTITLE) };
    let room = frame(canvas, view, Extent::OneStep, title, &with_whiskers(subtitle, view));
    let mut parts: Vec<&str> = PARTS.iter().map(|(_, words)| *words).collect();
    if wire {
        parts.push("TCP and IP");
    }
    let names = stacked::names_width(view, 400.0);
    let plot = Rect::new(room.left + names + 16.0, room.top + 40.0, room.right, room.bottom - 72.0);
    stacked::draw_legend(canvas, plot.left, room.top + 2.0, &parts);
    stacked::draw_names(canvas, view, plot, names);
    let bars: Vec<Bar> = view.series.iter().map(bar).collect();
    stacked::draw(canvas, plot, &bars, Wording { unit: Unit::Bytes, value: format::bytes });
    canvas.text((plot.x(0.5), plot.bottom + 58.0), Align::Centre, AXIS_NAME, "bytes per delivered event");
}

fn wire_bytes(series: &Series<'_>) -> Option<f64> {
    Some(series.figure("wire_down_bytes_per_event")? + series.figure("wire_up_bytes_per_event")?)
}

fn bar(series: &Series<'_>) -> Bar {
    let mut parts: Vec<Option<f64>> = PARTS.iter().map(|(column, _)| series.figure(column)).collect();
    let stream: f64 = parts.iter().flatten().sum();
    // What the wire carried beyond the stream: headers of segments, acknowledgements, retransmissions.
    parts.push(wire_bytes(series).map(|wire| (wire - stream).max(0.0)));
    let directions = if wire_bytes(series).is_some() { &WIRE } else { &STREAM };
    Bar { color: series.ink.color, parts, interval: series.interval_of_sum(directions) }
}
