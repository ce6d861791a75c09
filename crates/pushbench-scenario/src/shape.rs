//! How a load changes in the course of a step: ramps, steps and spikes of clients and of rates, as one pure function.
//!
//! A shape is a factor over time. What it is a factor of (clients, events per second) is not known here.

use serde::{Deserialize, Serialize};

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

impl Shape {
    /// Always 1.
    pub const FLAT: Self = Self(Vec::new());

    /// Whether it is always 1.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.0.is_empty()
    }
}
