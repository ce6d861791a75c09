//! The statistics from outside: against the histograms' own rule, against known truths, and against themselves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]
#![expect(clippy::float_cmp, reason = "what is asked for are the very same figures")]

mod coverage;
mod properties;
mod simulation;
