//! The surface that charts are drawn on: shapes by plotters on a bitmap, texts from the embedded font.
//!
//! Everything is drawn at twice the size and averaged down, which smooths every edge. Coordinates are pixels of
//! the finished picture. Drawing into memory does not fail for a reason of the data; what the library reports
//! nevertheless is kept and returned at the end, so that charts read without a `?` a line.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Polygon, Rectangle};
use plotters::prelude::BitMapBackend;
use plotters::style::{Color, RGBColor};

use super::font::{self, CAP_HEIGHT, Type};
use super::layout::{Point, Rect, dashes};
use super::palette::{Dash, PAPER};
use super::picture::Picture;

/// Size of every chart in pixels.
pub(super) const SIZE: (u32, u32) = (1600, 1000);

const ZOOM: u32 = 2;

/// Which point of a text is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// A line's looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub(super) color: RGBColor,
    pub(super) width: f64,
    pub(super) dash: Dash,
}

impl Stroke {
    pub(super) const fn solid(color: RGBColor, width: f64) -> Self {
        Self { color, width, dash: &[] }
    }
}

/// A picture being drawn.
pub(super) struct Canvas<'a> {
    area: DrawingArea<BitMapBackend<'a>, Shift>,
    fault: Option<String>,
}

/// Draws a picture, or returns what the library reported.
pub(super) fn draw(paint: impl FnOnce(&mut Canvas<'_>)) -> Result<Picture, String> {
    let (width, height) = (SIZE.0 * ZOOM, SIZE.1 * ZOOM);
    let mut pixels = vec![0; (width * height * 3) as usize];
    let fault = {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        let mut canvas = Canvas { area, fault: None };
        let filled = canvas.area.fill(&PAPER);
        canvas.note(filled);
        paint(&mut canvas);
        canvas.fault
    };
    match fault {
        Some(fault) => Err(fault),
        None => Ok(Picture { size: (width, height), rgb: pixels }.halved()),
    }
}

/// A bend, in radians, at which two segments gape visibly.
const SHARP: f64 = 0.15;

/// By how many pixels a segment reaches into the next.
const OVERLAP: f64 = 0.5;

/// How far a line turns at the middle of three points, in radians.
fn bend(points: &[Point]) -> f64 {
    let angle = |a: Point, b: Point| (b.1 - a.1).atan2(b.0 - a.0);
    let turn = (angle(points[1], points[2]) - angle(points[0], points[1])).abs();
    turn.min(std::f64::consts::TAU - turn)
}

/// The line without points that lie on the way between their neighbours.
fn straightened(points: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for &point in points {
        while let [.., before, last] = kept[..] {
            if bend(&[before, last, point]) > 1e-9 {
                break;
            }
            kept.pop();
        }
        kept.push(point);
    }
    kept
}

fn zoomed(value: f64) -> i32 {
    (value * f64::from(ZOOM)).round() as i32
}

fn pixel((x, y): Point) -> (i32, i32) {
    (zoomed(x), zoomed(y))
}

impl Canvas<'_> {
    fn note<E: std::fmt::Display>(&mut self, outcome: Result<(), E>) {
        if let Err(error) = outcome {
            self.fault.get_or_insert_with(|| error.to_string());
        }
    }

    /// A filled rectangle; nothing where it has no area.
    pub(super) fn fill(&mut self, rect: Rect, color: RGBColor) {
        let (from, to) = (pixel((rect.left, rect.top)), pixel((rect.right, rect.bottom)));
        if to.0 > from.0 && to.1 > from.1 {
            // The library counts the last row and column in.
            let outcome = self.area.draw(&Rectangle::new([from, (to.0 - 1, to.1 - 1)], color.filled()));
            self.note(outcome);
        }
    }

    /// A horizontal or vertical line: the grid, an axis.
    pub(super) fn rule(&mut self, from: Point, to: Point, color: RGBColor, width: f64) {
        let horizontal = (to.0 - from.0).abs() > (to.1 - from.1).abs();
        let (dx, dy) = if horizontal { (0.0, width / 2.0) } else { (width / 2.0, 0.0) };
        let (left, right) = (from.0.min(to.0) - dx, from.0.max(to.0) + dx);
        self.fill(Rect::new(left, from.1.min(to.1) - dy, right, from.1.max(to.1) + dy), color);
    }

    /// A line through points; corners that would gape are rounded.
    pub(super) fn line(&mut self, points: &[Point], stroke: Stroke) {
        for piece in dashes(&straightened(points), stroke.dash) {
            for pair in piece.windows(2) {
                self.segment(pair[0], pair[1], stroke);
            }
            for corner in piece.windows(3).filter(|corner| bend(corner) > SHARP) {
                self.disc(corner[1], stroke.width / 2.0, stroke.color);
            }
        }
    }

    fn segment(&mut self, from: Point, to: Point, stroke: Stroke) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        if length <= 0.0 {
            return;
        }
        // The library fills its outermost pixels too: half a pixel of the enlarged picture on each side.
        let half = stroke.width / 2.0 - 0.5 / f64::from(ZOOM);
        let (along_x, along_y) = ((to.0 - from.0) / length, (to.1 - from.1) / length);
        // A little overlap closes the seam to the next segment.
        let to = (to.0 + along_x * OVERLAP, to.1 + along_y * OVERLAP);
        let (dx, dy) = (along_y * half, -along_x * half);
        let corners = [
            (from.0 + dx, from.1 + dy),
            (to.0 + dx, to.1 + dy),
            (to.0 - dx, to.1 - dy),
            (from.0 - dx, from.1 - dy),
        ];
        self.polygon(&corners, stroke.color);
    }

    /// A filled polygon.
    pub(super) fn polygon(&mut self, corners: &[Point], color: RGBColor) {
        let corners: Vec<_> = corners.iter().copied().map(pixel).collect();
        let outcome = self.area.draw(&Polygon::new(corners, color.filled()));
        self.note(outcome);
    }

    /// A filled circle.
    pub(super) fn disc(&mut self, centre: Point, radius: f64, color: RGBColor) {
        let radius = (radius * f64::from(ZOOM) - 0.5).round() as i32;
        let outcome = self.area.draw(&Circle::new(pixel(centre), radius.max(1), color.filled()));
        self.note(outcome);
    }

    /// A circle filled with paper.
    pub(super) fn ring(&mut self, centre: Point, radius: f64, color: RGBColor) {
        self.disc(centre, radius, color);
        self.disc(centre, radius - 3.0, PAPER);
    }

    /// A line of text; its capitals are centred on y.
    pub(super) fn text(&mut self, (x, y): Point, align: Align, face: Type, text: &str) {
        let left = match align {
            Align::Left => x,
            Align::Centre => x - font::width(text, face) / 2.0,
            Align::Right => x - font::width(text, face),
        };
        let zoom = f64::from(ZOOM);
        let baseline = y + face.size * CAP_HEIGHT / 2.0;
        let mut outcome = Ok(());
        font::raster(text, face, zoom, left * zoom, (baseline * zoom).round(), |x, y, coverage| {
            if outcome.is_ok() && coverage > 0.0 {
                outcome = self.area.draw_pixel((x, y), &face.color.mix(coverage));
            }
        });
        self.note(outcome);
    }
}
