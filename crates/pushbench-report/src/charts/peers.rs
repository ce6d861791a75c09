//! Chart of peers: CPU time and memory of pushbench beside other clients, a column a job.

use plotters::style::RGBColor;
use pushbench_measure::results::Confidence;

use super::axes::AXIS_NAME;
use super::canvas::{Align, Canvas, SIZE};
use super::font::{self, Type};
use super::frame::{FOOTER, MARGIN, plain_footer, surround};
use super::layout::Rect;
use super::palette::{FAINT_TEXT, NEUTRAL, PAPER, TEXT, ink, mix};
use super::scale::Unit;
use super::stacked::{self, Bar, Name, Wording};
use crate::format::{self, grouped};
use crate::peers::Peer;

const TITLE: &str = "pushbench beside other clients: shorter is better";
const SUBTITLE: &str =
    "CPU time and memory of the client alone, against the same target. Whiskers: lowest and highest round.";
const OURS: &str = "pushbench";

/// A column of the chart: the job, its name for people, its colour by position in the table of transports.
struct Job {
    name: &'static str,
    title: &'static str,
    kind_index: usize,
}

const JOBS: [Job; 3] = [
    Job { name: "polling", title: "short polling, keep-alive", kind_index: 0 },
    Job { name: "sse", title: "SSE", kind_index: 2 },
    Job { name: "websocket", title: "WebSocket", kind_index: 3 },
];

/// One of the two plots of a column.
struct Half {
    /// With fewer there is no such plot.
    clients_needed: u32,
    axis_name: fn(&str) -> String,
    wording: Wording,
    value: fn(&Peer) -> Option<f64>,
    ends: fn(&Peer) -> (Option<f64>, Option<f64>),
}

const HALVES: [Half; 2] = [
    Half {
        clients_needed: 0,
        axis_name: |unit| format!("CPU time per {unit}"),
        wording: Wording { unit: Unit::Time, value: format::mean_time_us },
        value: |peer| peer.cpu_us,
        ends: |peer| (peer.cpu_us_lo, peer.cpu_us_hi),
    },
    Half {
        // With fewer, pages that a process takes anyway drown it; the table compares none, either.
        clients_needed: 500,
        axis_name: |_| "memory per client".to_owned(),
        wording: Wording { unit: Unit::Bytes, value: format::bytes },
        // The difference of two large numbers: where it falls below nothing, it is not known.
        value: |peer| peer.bytes_per_client.filter(|bytes| *bytes >= 0.0),
        ends: |peer| (peer.bytes_per_client_lo, peer.bytes_per_client_hi),
    },
];

const COLUMN_TITLE: Type = Type::medium(27.0, TEXT);
const GAP_X: f64 = 34.0;
/// Room below a plot for its ticks and its name.
const BELOW: f64 = 76.0;
const ABSENCE: Type = Type::regular(23.0, FAINT_TEXT);
const NAMES_LIMIT: f64 = 150.0;
const NOTE_LINES: usize = 4;

pub(super) fn draw(canvas: &mut Canvas<'_>, peers: &[Peer]) {
    let width = f64::from(SIZE.0) - 2.0 * MARGIN;
    let room = surround(canvas, TITLE, SUBTITLE, &plain_footer(&footer(peers, width), &[]));
    let width = (room.width() - GAP_X * (JOBS.len() - 1) as f64) / JOBS.len() as f64;
    for (at, job) in JOBS.iter().enumerate() {
        let left = room.left + at as f64 * (width + GAP_X);
        let column = Rect::new(left, room.top, left + width, room.bottom);
        let of_job: Vec<&Peer> = peers.iter().filter(|peer| peer.job == job.name).collect();
        draw_job(canvas, column, job, &of_job);
    }
}

fn draw_job(canvas: &mut Canvas<'_>, column: Rect, job: &Job, peers: &[&Peer]) {
    let names: Vec<Name> =
        peers.iter().map(|peer| Name { text: marked(peer), color: color(job, peer) }).collect();
    let names_width = stacked::names_width(&names, NAMES_LIMIT);
    let left = column.left + names_width + 16.0;
    let title = font::fit(job.title, COLUMN_TITLE, column.right - left);
    canvas.text((left, column.top), Align::Left, COLUMN_TITLE, &title);
    let top = column.top + 30.0;
    let height = (column.bottom - top) / HALVES.len() as f64;
    for (at, half) in HALVES.iter().enumerate() {
        let top = top + at as f64 * height;
        let plot = Rect::new(left, top, column.right, top + height - BELOW);
        if peers.iter().any(|peer| peer.clients < half.clients_needed) {
            draw_absence(canvas, plot, half);
            continue;
        }
        stacked::draw_names(canvas, &names, plot, names_width);
        let bars: Vec<Bar> = peers.iter().map(|peer| bar(half, job, peer)).collect();
        stacked::draw(canvas, plot, &bars, half.wording);
        let unit = peers.first().map_or("event", |peer| peer.unit.as_str());
        let name = (half.axis_name)(unit);
        canvas.text((plot.x(0.5), plot.bottom + 54.0), Align::Centre, AXIS_NAME, &name);
    }
}

/// Says why a plot is not there.
fn draw_absence(canvas: &mut Canvas<'_>, plot: Rect, half: &Half) {
    let name = (half.axis_name)("");
    let reason = format!("is told from {} clients on", grouped(half.clients_needed.into()));
    let middle = (plot.x(0.5), f64::midpoint(plot.top, plot.bottom));
    canvas.text((middle.0, middle.1 - 16.0), Align::Centre, ABSENCE, &name);
    canvas.text((middle.0, middle.1 + 16.0), Align::Centre, ABSENCE, &reason);
}

fn bar(half: &Half, job: &Job, peer: &Peer) -> Bar {
    let interval = match (half.ends)(peer) {
        (Some(lo), Some(hi)) if peer.rounds > 1 => Some(Confidence { lo: lo.max(0.0), hi: hi.max(0.0) }),
        _ => None,
    };
    let value = (half.value)(peer);
    Bar { color: color(job, peer), parts: vec![value], interval: interval.filter(|_| value.is_some()) }
}

/// pushbench has the transport's colour, all others are grey.
fn color(job: &Job, peer: &Peer) -> RGBColor {
    if peer.peer == OURS { ink(job.kind_index, 0).color } else { mix(NEUTRAL, PAPER, 0.4) }
}

/// The name, with a star where the footer has something to say of it.
fn marked(peer: &Peer) -> String {
    if is_noted(peer) { format!("{}*", peer.peer) } else { peer.peer.clone() }
}

fn is_noted(peer: &Peer) -> bool {
    !peer.note.is_empty() && peer.peer != OURS
}

/// Conditions, what is said of single clients (once, however many it is said of), and the machine.
fn footer(peers: &[Peer], width: f64) -> Vec<String> {
    let drawn = || peers.iter().filter(|peer| JOBS.iter().any(|job| job.name == peer.job));
    let mut facts = vec![conditions(peers)];
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for peer in drawn().filter(|peer| is_noted(peer)) {
        match notes.iter_mut().find(|(note, _)| *note == peer.note) {
            Some((_, names)) if names.contains(&peer.peer.as_str()) => {}
            Some((_, names)) => names.push(&peer.peer),
            None => notes.push((&peer.note, vec![&peer.peer])),
        }
    }
    let notes: Vec<String> =
        notes.iter().map(|(note, names)| format!("* {}: {note}", names.join(", "))).collect();
    facts.extend(font::wrap(&notes.join(" · "), FOOTER, width, NOTE_LINES));
    facts.extend(peers.first().map(|peer| peer.measured_on.clone()));
    facts
}

fn conditions(peers: &[Peer]) -> String {
    let of_jobs = JOBS.iter().filter_map(|job| {
        let of_job = || peers.iter().filter(|peer| peer.job == job.name);
        let clients = of_job().map(|peer| peer.clients).max()?;
        let rounds = of_job().map(|peer| peer.rounds).max()?;
        let noun = if rounds == 1 { "round" } else { "rounds" };
        Some(format!("{}: {} clients, {rounds} {noun}", job.title, grouped(clients.into())))
    });
    of_jobs.collect::<Vec<_>>().join(" · ")
}
