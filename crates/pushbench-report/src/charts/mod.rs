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
mod crossover;
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
mod reconnect;
mod scale;
mod shift;
mod slow_readers;
mod sockets;
mod stacked;
mod stream;
mod sweep;
mod swept;
mod timeline;
mod view;

use std::fs;
use std::path::{Path, PathBuf};

use canvas::Canvas;
use picture::Picture;
use swept::Swept;
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
    Chart { file: "stream.png", draw: stream::draw, wanted: stream::wanted },
    Chart { file: "bytes-per-event.png", draw: bytes::draw, wanted: compares },
    Chart { file: "sockets.png", draw: sockets::draw, wanted: compares },
    Chart { file: "cost.png", draw: cost::draw, wanted: compares },
    Chart { file: "slow-readers.png", draw: slow_readers::draw, wanted: slow_readers::wanted },
    Chart { file: "latency-over-time.png", draw: over_time::draw, wanted: compares },
    Chart { file: "reconnect.png", draw: reconnect::draw, wanted: reconnect::wanted },
];

/// Whether transports were measured under the same load. A search loads each as far as it goes.
fn compares(view: &View<'_>) -> bool {
    view.run.capacity.is_empty()
}

/// Draws every chart that a run has data for into the folder `out`, which is created. A chart replaces its
/// predecessor in one step. Of a run with several points there is the chart of its sweep, or where they are a few
/// cases, a folder with the charts of each.
///
/// # Errors
/// [`ReportError::Write`] where a file or the folder cannot be written, [`ReportError::Draw`] where the drawing
/// library refuses.
pub fn draw_all(folder: &RunFolder, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
    // The points of a search are steps of one way, and it is that which is drawn.
    if folder.run.scenario.points.is_empty() || !folder.run.capacity.is_empty() {
        return draw_point(folder, out);
    }
    make_folder(out)?;
    let mut drawn = Vec::new();
    if let Some(swept) = Swept::of(&folder.run) {
        drawn.push(match swept.map.sweep.keys.len() {
            1 => save(out, SWEEP, |canvas| sweep::draw(canvas, &swept))?,
            _ => save(out, CROSSOVER, |canvas| crossover::draw(canvas, &swept))?,
        });
        let view = View::new(folder);
        if slow_readers::wanted(&view) {
            drawn.push(save(out, "slow-readers.png", |canvas| slow_readers::draw(canvas, &view))?);
        }
    }
    if left_out(folder).is_none() {
        for number in 1..=folder.run.scenario.points.len() {
            drawn.extend(draw_of_point(folder, number, out)?);
        }
    }
    Ok(drawn)
}

/// Draws the charts of the point of that number, from 1, into a folder of its own below `out`. None where the point is not
/// there or was not measured.
///
/// # Errors
/// As [`draw_all`].
pub fn draw_of_point(folder: &RunFolder, number: usize, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let Some(point) = folder.point(number).filter(|point| !point.run.results.is_empty()) else {
        return Ok(Vec::new());
    };
    draw_point(&point, &out.join(folder_of_point(number, &point)))
}

/// The file of a sweep over two keys.
pub const CROSSOVER: &str = "crossover.png";
/// The file of a sweep over one key.
pub const SWEEP: &str = "sweep.png";

/// Most cases whose own charts are drawn: of more nobody looks at all.
const MOST_CASES: usize = 8;

/// Why [`draw_all`] does not draw the charts of each point; `None` where it does. Of a sweep the question is answered by its
/// own chart.
#[must_use]
pub fn left_out(folder: &RunFolder) -> Option<String> {
    let scenario = &folder.run.scenario;
    let points = scenario.points.len();
    (scenario.sweep.is_some() || points > MOST_CASES).then(|| {
        format!("charts of each of the {points} points are left out: `pushbench report DIR --points 1` draws those of one")
    })
}

/// `2-events.rate-5-s`: a name for people, a number for order and to tell apart what would read the same.
fn folder_of_point(number: usize, point: &RunFolder) -> String {
    let name = point.run.results.first().and_then(|result| result.summary.point.as_deref());
    let mut slug = String::new();
    for letter in name.unwrap_or_default().chars() {
        let allowed = letter.is_ascii_alphanumeric() || letter == '.';
        match (allowed, slug.ends_with('-')) {
            (true, _) => slug.push(letter),
            (false, false) => slug.push('-'),
            (false, true) => {}
        }
    }
    slug.truncate(80);
    format!("{number}-{}", slug.trim_matches(['-', '.']))
}

/// Draws the charts of one point.
fn draw_point(folder: &RunFolder, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
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

/// Makes a picture of half the width and height of a chart, for pages that show many.
///
/// # Errors
/// [`ReportError::Read`] where the chart cannot be read, or is no picture of this crate; [`ReportError::Write`] where the small
/// one cannot be written.
pub fn halve(chart: &Path, small: &Path) -> Result<(), ReportError> {
    let picture =
        Picture::open(chart).map_err(|source| ReportError::Read { path: chart.to_owned(), source })?;
    picture.halved().save(small).map_err(|source| ReportError::Write { path: small.to_owned(), source })
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
