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
mod found;
mod frame;
mod layout;
mod over_time;
mod overlay;
mod palette;
mod peers;
mod percentiles;
mod picture;
mod scale;
mod shift;
mod sockets;
mod stacked;
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
    Chart { file: "capacity-found.png", draw: found::draw, wanted: found::wanted },
    Chart { file: "latency-percentiles.png", draw: percentiles::draw, wanted: compares },
    Chart { file: "bytes-per-event.png", draw: bytes::draw, wanted: compares },
    Chart { file: "sockets.png", draw: sockets::draw, wanted: compares },
    Chart { file: "cost.png", draw: cost::draw, wanted: compares },
    Chart { file: "latency-over-time.png", draw: over_time::draw, wanted: compares },
];

/// Whether transports were measured under the same load. A search loads each as far as it goes.
fn compares(view: &View<'_>) -> bool {
    view.run.capacity.is_empty()
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
