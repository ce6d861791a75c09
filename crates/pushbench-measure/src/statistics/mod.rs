//! How far a figure can be trusted: intervals, differences between two samples, the words for them, and whether a
//! series is steady.
//!
//! A *sample* is rounds of blocks; a block is one second's histogram ([`Sample`]). Rounds are what is independent:
//! fresh processes, another moment of the machine. Seconds of one round share its luck, and deliveries of one second
//! share a fan-out, so neither is ever taken for an independent observation where there are rounds. Nothing here reads
//! a clock; whatever is drawn at random is drawn from a seed, so the same files give the same figures.

mod bootstrap;
mod difference;
mod headline;
mod measurement;
mod sample;
mod steady;
mod student;
pub mod sums;
mod word;

pub use bootstrap::{Bootstrap, Statistic, measure};
pub use difference::{Difference, shift_quantiles};
pub use headline::{HEADLINES, Headline, Kind, Source, distribution, estimate_all, estimate_column};
pub use measurement::{Basis, Measurement};
pub use sample::{Block, Round, Sample};
pub use steady::{ChangePoint, Steadiness, steadiness};
pub use sums::estimate_sums;
pub use word::{Band, Word};

/// Share of intervals that hold the true value when a measurement is repeated.
pub const CONFIDENCE: f64 = 0.95;
