//! Whole-crate tests: made-up runs in, files, tables and pictures out.

mod calibration;
mod charts;
mod compare;
mod folder;
mod steps;
mod synthetic;
mod table;
mod thresholds;
