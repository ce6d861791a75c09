//! What is said while a calibration is under way: a line for each part, on standard error.

use pushbench_probe::clock;

use crate::terminal;

/// The parts of a calibration, counted.
#[derive(Debug)]
pub(super) struct Steps {
    done: u32,
    of: u32,
    begin_ns: u64,
}

impl Steps {
    pub(super) fn of(of: u32) -> Self {
        Self { done: 0, of, begin_ns: clock::now_ns() }
    }

    /// The next part begins.
    pub(super) fn begin(&mut self, what: &str) {
        self.done += 1;
        terminal::say(format_args!("[{}/{}] {what}", self.done, self.of));
    }

    /// Seconds since the first part.
    pub(super) fn seconds(&self) -> f64 {
        (clock::now_ns() - self.begin_ns) as f64 / 1e9
    }
}
