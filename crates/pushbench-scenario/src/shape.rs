//! How a load changes in the course of a step: ramps, steps and spikes of clients and of rates, as pure functions.
//!
//! A shape is a factor over time. What it is a factor of (clients, events per second) is not known here, except for
//! which clients are there while it is less than 1.

use pushbench_transport::Period;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::time::Duration;

/// A factor over time, in nanoseconds since the warm-up began: straight lines between points. Before the first point
/// it is the first's factor, after the last the last's; two points of one instant are a step. Without points it is 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(Vec<ShapePoint>);

/// A corner of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShapePoint {
    /// When, nanoseconds since the warm-up began.
    pub at_ns: u64,
    /// The factor there, from 0.
    pub factor: f64,
}

/// What a shape does next; times are in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage {
    /// To that factor at once. As the first stage it is the factor to begin with.
    Step {
        /// The factor from here on.
        to: f64,
    },
    /// On a straight line.
    Ramp {
        /// How long it takes.
        length_ns: u64,
        /// The factor at its end.
        to: f64,
    },
    /// As it is.
    Hold {
        /// For how long.
        length_ns: u64,
    },
    /// To that factor at once, and back at once.
    Spike {
        /// The factor meanwhile.
        to: f64,
        /// How long it lasts.
        length_ns: u64,
    },
}

impl Stage {
    /// How long it takes, in nanoseconds.
    #[must_use]
    pub fn length_ns(self) -> u64 {
        match self {
            Self::Step { .. } => 0,
            Self::Ramp { length_ns, .. } | Self::Hold { length_ns } | Self::Spike { length_ns, .. } => {
                length_ns
            }
        }
    }
}

impl Shape {
    /// Always 1.
    pub const FLAT: Self = Self(Vec::new());

    /// One stage after the other from an instant on, beginning with 1 unless the first is a step.
    #[must_use]
    pub fn of_stages(stages: &[Stage], from_ns: u64) -> Self {
        let (begin, stages) = match stages {
            [Stage::Step { to }, rest @ ..] => (*to, rest),
            _ => (1.0, stages),
        };
        let mut corners = Corners { points: vec![ShapePoint { at_ns: from_ns, factor: begin }] };
        for stage in stages {
            let ShapePoint { at_ns, factor } = corners.last();
            let until_ns = at_ns.saturating_add(stage.length_ns());
            match *stage {
                Stage::Step { to } | Stage::Ramp { to, .. } => corners.push(until_ns, to),
                Stage::Hold { .. } => corners.push(until_ns, factor),
                Stage::Spike { to, .. } => {
                    corners.push(at_ns, to);
                    corners.push(until_ns, to);
                    corners.push(until_ns, factor);
                }
            }
        }
        #[expect(clippy::float_cmp, reason = "what is written as 100% is exactly 1")]
        let flat = corners.points.iter().all(|point| point.factor == 1.0);
        if flat { Self::FLAT } else { Self(corners.points) }
    }

    /// Whether it is always 1.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.0.is_empty()
    }

    /// The factor at an instant; where it jumps, the one that it jumps to.
    #[must_use]
    pub fn factor_at(&self, t_ns: u64) -> f64 {
        let passed = self.0.partition_point(|point| point.at_ns <= t_ns);
        let before = passed.checked_sub(1).and_then(|at| self.0.get(at));
        match (before, self.0.get(passed)) {
            (None, None) => 1.0,
            (Some(only), None) | (None, Some(only)) => only.factor,
            (Some(from), Some(to)) => {
                let part = (t_ns - from.at_ns) as f64 / (to.at_ns - from.at_ns) as f64;
                from.factor + part * (to.factor - from.factor)
            }
        }
    }

    /// The largest factor.
    #[must_use]
    pub fn peak(&self) -> f64 {
        if self.is_flat() {
            return 1.0;
        }
        self.0.iter().map(|point| point.factor).fold(0.0, f64::max)
    }

    /// The sum of the factor from the warm-up's begin until an instant, in nanoseconds at factor 1.
    #[must_use]
    pub fn area_until(&self, t_ns: u64) -> f64 {
        Areas::of(self).until(t_ns as f64)
    }

    /// Where [`Self::area_until`] grows beyond that area, in nanoseconds; `None` if it never does.
    #[must_use]
    pub fn instant_of(&self, area: f64) -> Option<f64> {
        Areas::of(self).instant_of(area)
    }

    /// The times in which the factor is more than a level, in order and apart. One that has no end ends at `u64::MAX`.
    #[must_use]
    pub fn times_above(&self, level: f64) -> Vec<Range<u64>> {
        let mut times: Vec<Range<u64>> = Vec::new();
        let begin = ShapePoint { at_ns: 0, factor: self.factor_at(0) };
        let last = self.0.last().copied().unwrap_or(begin);
        let end = ShapePoint { at_ns: u64::MAX, ..last };
        let points: Vec<ShapePoint> = [&[begin], self.0.as_slice(), &[end]].concat();
        for pair in points.windows(2) {
            let Some(time) = line_above(pair[0], pair[1], level) else { continue };
            match times.last_mut() {
                Some(before) if before.end == time.start => before.end = time.end,
                _ => times.push(time),
            }
        }
        times
    }

    /// When client `client` (from 0) of so many is to be there: they come in the order of their numbers and go in the
    /// reverse one. Nanoseconds since the warm-up began; a time that begins at 0 begins with the client's arrival in the
    /// ramp, and one that ends at `u64::MAX` lasts to the end.
    #[must_use]
    pub fn presence(&self, client: u32, clients: u32) -> Vec<Range<u64>> {
        self.times_above(middle(client, clients))
    }

    /// How many clients of so many are to be there at an instant: those of the lowest numbers.
    #[must_use]
    pub fn present_at(&self, t_ns: u64, clients: u32) -> u32 {
        let factor = self.factor_at(t_ns);
        let near = (factor * f64::from(clients) - 0.5).ceil().clamp(0.0, f64::from(clients)) as u32;
        // Rounding may have put a client on the other side of its level: one of three numbers it is.
        (near.saturating_sub(1)..clients.min(near.saturating_add(1)))
            .find(|client| middle(*client, clients) >= factor)
            .unwrap_or(clients.min(near.saturating_add(1)))
    }

    /// The course as a person would tell it, times counted from an instant: `10%, from 0s to 10s to 100%, at 15s 500%`.
    #[must_use]
    pub fn in_words(&self, from_ns: u64) -> String {
        let percent = |point: &ShapePoint| format!("{}%", (point.factor * 1e5).round() / 1e3);
        let time = |point: &ShapePoint| {
            Period::from_duration(Duration::from_nanos(point.at_ns.saturating_sub(from_ns)))
        };
        let mut words = vec![self.0.first().map_or_else(|| "100%".to_owned(), percent)];
        for pair in self.0.windows(2) {
            let (from, to) = (&pair[0], &pair[1]);
            if from.at_ns == to.at_ns {
                words.push(format!("at {} {}", time(from), percent(to)));
            } else if from.factor.to_bits() != to.factor.to_bits() {
                words.push(format!("from {} to {} to {}", time(from), time(to), percent(to)));
            }
        }
        words.join(", ")
    }
}

/// Corners of a shape while it is made; at least one.
struct Corners {
    points: Vec<ShapePoint>,
}

impl Corners {
    fn last(&self) -> ShapePoint {
        self.points.last().copied().unwrap_or(ShapePoint { at_ns: 0, factor: 1.0 })
    }

    /// Of several steps at one instant only where they begin and where they end matters.
    fn push(&mut self, at_ns: u64, factor: f64) {
        if let [.., before, last] = self.points.as_mut_slice()
            && before.at_ns == at_ns
        {
            last.factor = factor;
        } else {
            self.points.push(ShapePoint { at_ns, factor });
        }
    }
}

/// The factor beyond which a client is there: the middle of its part of all.
fn middle(client: u32, clients: u32) -> f64 {
    (f64::from(client) + 0.5) / f64::from(clients.max(1))
}

/// When a straight line between two points is above a level.
fn line_above(from: ShapePoint, to: ShapePoint, level: f64) -> Option<Range<u64>> {
    let crossing = || {
        let part = (level - from.factor) / (to.factor - from.factor);
        from.at_ns + (part * (to.at_ns - from.at_ns) as f64).round() as u64
    };
    let time = match (from.factor > level, to.factor > level) {
        (true, true) => from.at_ns..to.at_ns,
        (false, true) => crossing()..to.at_ns,
        (true, false) => from.at_ns..crossing(),
        (false, false) => return None,
    };
    (!time.is_empty()).then_some(time)
}

/// A shape with its sums, for one who asks often: a look-up takes as many steps as its corners have binary digits.
#[derive(Debug, Clone)]
pub(crate) struct Areas {
    /// In order of time, the first from 0 on; the last is level and without end.
    lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    from_ns: f64,
    /// Sum until there, in nanoseconds at factor 1.
    area: f64,
    factor: f64,
    /// Growth of the factor per nanosecond.
    slope: f64,
}

impl Line {
    fn area_after(self, length_ns: f64) -> f64 {
        self.area + length_ns * (self.factor + self.slope * length_ns / 2.0)
    }
}

/// What rounding may take from a sum, in nanoseconds at factor 1: an event that is due where nothing is due any more comes when
/// something is again, not an instant too early.
const ROUNDING: f64 = 0.01;

impl Areas {
    pub(crate) fn of(shape: &Shape) -> Self {
        let mut lines = vec![Line { from_ns: 0.0, area: 0.0, factor: shape.factor_at(0), slope: 0.0 }];
        for (at, point) in shape.0.iter().enumerate() {
            let next = shape.0.get(at + 1);
            if next.is_some_and(|next| next.at_ns == point.at_ns) {
                continue;
            }
            let slope =
                next.map_or(0.0, |next| (next.factor - point.factor) / (next.at_ns - point.at_ns) as f64);
            let from_ns = point.at_ns as f64;
            let area = lines.last().map_or(0.0, |line| line.area_after(from_ns - line.from_ns));
            lines.push(Line { from_ns, area, factor: point.factor, slope });
        }
        Self { lines }
    }

    fn until(&self, t_ns: f64) -> f64 {
        let at = self.lines.partition_point(|line| line.from_ns <= t_ns).saturating_sub(1);
        self.lines.get(at).map_or(0.0, |line| line.area_after(t_ns - line.from_ns))
    }

    /// As [`Shape::instant_of`].
    pub(crate) fn instant_of(&self, area: f64) -> Option<f64> {
        let at = self.lines.partition_point(|line| line.area <= area + ROUNDING).checked_sub(1)?;
        let line = self.lines.get(at)?;
        if at + 1 == self.lines.len() && line.factor <= 0.0 {
            return None;
        }
        let rest = area - line.area;
        if rest <= 0.0 {
            return Some(line.from_ns);
        }
        // The root of a quadratic, in the form that takes no difference of nearly equal numbers.
        let root = (line.factor * line.factor + 2.0 * line.slope * rest).max(0.0).sqrt();
        Some(line.from_ns + 2.0 * rest / (line.factor + root))
    }
}
