//! A sequence that is spread evenly over 0..1 wherever it is cut off.

/// The golden ratio less its whole part.
const RATIO: f64 = 0.618_033_988_749_895;

/// The `n`-th member, in 0..1: a multiple of the golden ratio less its whole part.
pub(crate) fn nth(n: u64) -> f64 {
    (n as f64 * RATIO).fract()
}
