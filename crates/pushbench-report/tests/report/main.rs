//! Whole-crate tests: made-up runs in, files, tables and pictures out.

mod charts;
mod compare;
mod folder;
mod synthetic;
mod table;
