//! What is counted and how: histograms, the delivery ledger, byte accounts, and the schema of result files.
//!
//! Everything here is a value: no clock is read, no socket or file is opened, and no transport is known by name.
//! Times are `u64` nanoseconds of `CLOCK_MONOTONIC` (`_ns`) or microseconds (`_us`), and the caller supplies them.

pub mod age;
pub mod counters;
pub mod fates;
pub mod histogram;
pub mod interval_log;
pub mod ledger;
pub mod phase;
pub mod results;
pub mod rollup;
pub mod snapshot;
pub mod statistics;
pub mod verdict;
pub mod wire;

pub use counters::{Counters, StreamBytes};
pub use histogram::{Figure, Histogram, Histograms, micros};
pub use phase::{Phase, PhaseEdges, Ticks};
