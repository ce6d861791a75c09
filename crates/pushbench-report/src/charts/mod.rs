//! The charts of a run as PNG files.
//!
//! One file here a chart; around them what they share: colours (`palette`), positions (`scale`, `layout`),
//! letters (`font`), and the surface (`canvas`). Nothing is smoothed or left out: what was not measured is
//! said to have no data.

mod axes;
mod bytes;
mod canvas;
mod capacity;
mod cost;
mod font;
mod frame;
mod layout;
mod over_time;
mod overlay;
mod palette;
mod peers;
mod percentiles;
mod picture;
mod reconnect;
mod scale;
mod shift;
mod slow_readers;
mod sockets;
mod stacked;
mod stream;
mod timeline;
mod view;

use std::fs;
use std::path::{Path, PathBuf};

use canvas::Canvas;
use view::View;

use crate::compare::{self, Comparison};
use crate::peers::Peer;
use crate::{ReportError, RunFolder};

/// A chart: the name of its file and how it is drawn.
struct Chart {
    file: &'static str,
    draw: fn(&mut Canvas<'_>, &View<'_>),
    /// Whether a run has anything for it.
    wanted: fn(&View<'_>) -> bool,
}

const CHARTS: &[Chart] = &[
    Chart { file: "capacity.png", draw: capacity::draw, wanted: capacity::wanted },
    Chart { file: "latency-percentiles.png", draw: percentiles::draw, wanted: always },
    Chart { file: "stream.png", draw: stream::draw, wanted: stream::wanted },
    Chart { file: "bytes-per-event.png", draw: bytes::draw, wanted: always },
    Chart { file: "sockets.png", draw: sockets::draw, wanted: always },
    Chart { file: "cost.png", draw: cost::draw, wanted: always },
    Chart { file: "slow-readers.png", draw: slow_readers::draw, wanted: slow_readers::wanted },
    Chart { file: "latency-over-time.png", draw: over_time::draw, wanted: always },
    Chart { file: "reconnect.png", draw: reconnect::draw, wanted: reconnect::wanted },
];

fn always(_: &View<'_>) -> bool {
    true
}

/// Draws every chart that a run has data for into the folder `out`, which is created. A chart replaces its
/// predecessor in one step.
///
/// # Errors
/// [`ReportError::Write`] where a file or the folder cannot be written, [`ReportError::Draw`] where the drawing
/// library refuses.
pub fn draw_all(folder: &RunFolder, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
    make_folder(out)?;
    let view = View::new(folder);
    let wanted = CHARTS.iter().filter(|chart| (chart.wanted)(&view));
    wanted.map(|chart| save(out, chart.file, |canvas| (chart.draw)(canvas, &view))).collect()
}

/// Draws the charts of a comparison into the folder `out`, which is created: percentile curves of all sides, and
/// differences by percentile.
///
/// # Errors
/// As [`draw_all`].
pub fn draw_comparison(comparison: &Comparison<'_>, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
    make_folder(out)?;
    Ok(vec![
        save(out, compare::names::OVERLAY, |canvas| overlay::draw(canvas, comparison))?,
        save(out, compare::names::SHIFT, |canvas| shift::draw(canvas, comparison))?,
    ])
}

/// The file that [`draw_peers`] writes.
pub const PEERS: &str = "peers.png";

/// Draws what clients cost beside each other into the folder `out`, which is created.
///
/// # Errors
/// As [`draw_all`].
pub fn draw_peers(peers: &[Peer], out: &Path) -> Result<PathBuf, ReportError> {
    make_folder(out)?;
    save(out, PEERS, |canvas| peers::draw(canvas, peers))
}

fn make_folder(out: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(out).map_err(|source| ReportError::Write { path: out.to_owned(), source })
}

fn save(out: &Path, file: &'static str, paint: impl FnOnce(&mut Canvas<'_>)) -> Result<PathBuf, ReportError> {
    let picture = canvas::draw(paint).map_err(|reason| ReportError::Draw { chart: file, reason })?;
    let path = out.join(file);
    picture.save(&path).map_err(|source| ReportError::Write { path: path.clone(), source })?;
    Ok(path)
}
