//! Whole-crate tests: made-up runs in, files, tables and pictures out.

mod calibration;
mod capacity;
mod charts;
mod compare;
mod crossover;
mod doubts;
mod folder;
mod gate;
mod legend;
mod logs;
mod peers;
mod steps;
mod synthetic;
mod table;
mod thresholds;
