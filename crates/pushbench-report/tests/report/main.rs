//! Whole-crate tests: made-up runs in, files, tables and pictures out.

mod calibration;
mod capacity;
mod cases;
mod charts;
mod chat;
mod compare;
mod crossover;
mod doubts;
mod folder;
mod gate;
mod legend;
mod logs;
mod peers;
mod slow;
mod steps;
mod streams;
mod synthetic;
mod table;
mod thresholds;
