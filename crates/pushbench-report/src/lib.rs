//! From a run's folder to what people look at: the comparison table and the charts.
//!
//! [`RunFolder::load`] reads the files of a run, [`table`] words them for a terminal or a README, and
//! [`charts::draw_all`] draws them as PNG files; [`claims`] holds what is said of the transports against a run that was made for
//! it, [`compare`] several runs against each other. Nothing here runs, measures or judges anything: every figure and
//! every verdict of a run was computed before and is only shown. Transports are known as the names, order and kinds that
//! `run.json` records.

pub mod calibration;
mod capacity;
pub mod charts;
pub mod claims;
pub mod compare;
pub mod crossover;
mod error;
mod figures;
mod folder;
pub mod format;
mod log_check;
mod manifest;
pub mod peers;
mod points;
pub mod table;

pub use error::ReportError;
pub use folder::{LabelFiles, RunFolder};
pub use log_check::LogFault;
