//! Chart 3: what travels for one delivered event, and how much of it is the event.

use pushbench_measure::results::Setup;
use pushbench_measure::statistics::sums;

use super::axes::AXIS_NAME;
use super::canvas::{Align, Canvas};
use super::frame::{Extent, frame};
use super::layout::Rect;
use super::scale::Unit;
use super::stacked::{self, Bar, Wording};
use super::view::{Series, View, with_whiskers};
use crate::format::{self, grouped};

const STREAM_TITLE: &str = "Stream bytes per delivered event: shorter is better";
const STREAM_SUBTITLE: &str =
    "Bytes read and written on the sockets, both directions, without TCP and IP headers.";
const WIRE_TITLE: &str = "Wire bytes per delivered event: shorter is better";
const WIRE_SUBTITLE: &str = "Both directions, with TCP and IP headers.";

/// A part in words, its column of the stream, and its columns of the wire, down and up.
struct Part {
    words: &'static str,
    stream: &'static str,
    wire: &'static [&'static str],
}

const PARTS: [Part; 4] = [
    Part {
        words: "payload",
        stream: "payload_bytes_per_event",
        wire: &["wire_down_payload_bytes_per_event"],
    },
    Part {
        words: "framing and headers",
        stream: "framing_bytes_per_event",
        wire: &["wire_down_framing_bytes_per_event", "wire_up_framing_bytes_per_event"],
    },
    Part {
        words: "empty polls",
        stream: "empty_poll_bytes_per_event",
        wire: &["wire_down_empty_poll_bytes_per_event", "wire_up_empty_poll_bytes_per_event"],
    },
    Part {
        words: "connecting",
        stream: "connecting_bytes_per_event",
        wire: &["wire_down_connecting_bytes_per_event", "wire_up_connecting_bytes_per_event"],
    },
];

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let wire = view.series.iter().any(|series| of_wire(series).iter().any(Option::is_some));
    let (title, subtitle) = if wire {
        (WIRE_TITLE, format!("{WIRE_SUBTITLE} {}", segments(&view.run.scenario.setup)))
    } else {
        (STREAM_TITLE, STREAM_SUBTITLE.to_owned())
    };
    let room = frame(canvas, view, Extent::OneStep, title, &with_whiskers(&subtitle, view));
    let parts = PARTS.map(|part| part.words);
    let names = stacked::names_of(view);
    let width = stacked::names_width(&names, 400.0);
    let plot = Rect::new(room.left + width + 16.0, room.top + 40.0, room.right, room.bottom - 72.0);
    stacked::draw_legend(canvas, plot.left, room.top + 2.0, &parts);
    stacked::draw_names(canvas, &names, plot, width);
    let bar = |series: &Series<'_>| {
        let (parts, length) =
            if wire { (of_wire(series), sums::WIRE) } else { (of_stream(series), sums::STREAM) };
        Bar { color: series.ink.color, parts, interval: series.interval(length.name) }
    };
    let bars: Vec<Bar> = view.series.iter().map(bar).collect();
    stacked::draw(canvas, plot, &bars, Wording { unit: Unit::Bytes, value: format::bytes });
    canvas.text((plot.x(0.5), plot.bottom + 58.0), Align::Centre, AXIS_NAME, "bytes per delivered event");
}

/// How far the headers of this network are those of another.
fn segments(setup: &Setup) -> String {
    if setup.is_loopback() {
        "Segments on loopback are larger than on a network.".to_owned()
    } else {
        format!("Packets of up to {} bytes.", grouped(setup.mtu_bytes.into()))
    }
}

fn of_stream(series: &Series<'_>) -> Vec<Option<f64>> {
    PARTS.iter().map(|part| series.figure(part.stream)).collect()
}

fn of_wire(series: &Series<'_>) -> Vec<Option<f64>> {
    PARTS.iter().map(|part| part.wire.iter().map(|column| series.figure(column)).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_over_loopback_is_said_to_have_its_segments() {
        let of = |network: &str, mtu_bytes| {
            segments(&Setup { network: network.to_owned(), mtu_bytes, ..Setup::default() })
        };
        assert_eq!(of("loopback", 65_536), "Segments on loopback are larger than on a network.");
        assert_eq!(of("veth", 1_500), "Packets of up to 1,500 bytes.");
    }
}
