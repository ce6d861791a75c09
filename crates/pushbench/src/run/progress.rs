//! What is shown while a run is under way.
//!
//! At a terminal one line that changes every second; elsewhere plain lines, one at the begin of each phase and one
//! every ten seconds. All of it on standard error.

use pushbench_measure::results::{Interval, RoundResult};
use pushbench_measure::{Figure, Histograms, Phase, PhaseEdges};
use pushbench_report::format::{grouped, time_us};

use super::job::Job;
use crate::terminal;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loudness {
    Quiet,
    Normal,
    /// A line for every second.
    Verbose,
}

/// Seconds between two plain lines of one phase.
const PLAIN_EVERY_S: f64 = 10.0;

/// The display of a run.
#[derive(Debug)]
pub(crate) struct Progress {
    loudness: Loudness,
    rewriting: bool,
    /// Measurements of all rounds, where that is known beforehand.
    steps: Option<usize>,
    step: usize,
    rounds: u32,
    round: u32,
    point: String,
    label: String,
    clients: u32,
    phase: Option<Phase>,
    last_line_s: f64,
    line_open: bool,
}

impl Progress {
    /// A display for a run of so many measurements, those of all rounds, where that is known beforehand.
    pub(crate) fn new(loudness: Loudness, measurements: Option<usize>, rounds: u32) -> Self {
        let rewriting = loudness == Loudness::Normal && terminal::stderr_is_terminal();
        Self {
            loudness,
            rewriting,
            steps: measurements,
            step: 0,
            rounds,
            round: 0,
            point: String::new(),
            label: String::new(),
            clients: 0,
            phase: None,
            last_line_s: 0.0,
            line_open: false,
        }
    }

    pub(crate) fn ramp_begins(&mut self, job: &Job<'_>) {
        self.step += 1;
        self.point.clone_from(&job.plan.point.name);
        self.label.clone_from(&job.transport().label);
        self.clients = job.clients;
        self.round = job.round;
        self.phase = None;
        let (targets, workers) = (job.targets, job.workers);
        let processes = match (targets, workers) {
            (1, 1) => String::new(),
            _ => format!(" ({targets} target and {workers} worker processes)"),
        };
        self.plain(&format!("connecting {} clients{processes}", grouped(u64::from(job.clients))));
    }

    pub(crate) fn connected(&mut self, ever_connected: u32) {
        if self.rewriting && self.phase.is_none() {
            self.rewrite(&format!("connecting {} of {}", ever_connected, self.clients));
        }
    }

    pub(crate) fn row(&mut self, row: &Interval, so_far: &Histograms, edges: Option<PhaseEdges>) {
        if self.loudness == Loudness::Quiet {
            return;
        }
        let Some(phase) = row.phase().filter(|_| edges.is_some()) else { return };
        if phase == Phase::Ramp && self.loudness != Loudness::Verbose {
            return;
        }
        let text = status(phase, row, so_far);
        if self.rewriting {
            self.phase = Some(phase);
            self.rewrite(&text);
        } else if self.loudness == Loudness::Verbose
            || self.phase != Some(phase)
            || row.t_s - self.last_line_s >= PLAIN_EVERY_S
        {
            self.phase = Some(phase);
            self.last_line_s = row.t_s;
            self.plain(&text);
        }
    }

    /// One line that stays: the outcome of a round of a step.
    pub(crate) fn step_ends(&mut self, result: Option<&RoundResult>) {
        if self.loudness == Loudness::Quiet {
            return;
        }
        let text = match result {
            Some(result) if result.summary.latency_max_us.is_none() && !result.complete => {
                "cut short before an event was measured".to_owned()
            }
            Some(result) => {
                let row = &result.summary;
                let time = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), |us| time_us(us as f64));
                format!(
                    "{}: p50 {}, p99 {}, {} of {} delivered",
                    row.verdict,
                    time(row.latency_p50_us),
                    time(row.latency_p99_us),
                    row.delivered.map_or_else(|| "–".to_owned(), grouped),
                    row.expected.map_or_else(|| "–".to_owned(), grouped),
                )
            }
            None => "ended before anything was measured".to_owned(),
        };
        self.finish_line();
        terminal::say(self.headed(&text));
    }

    /// One line of news between steps.
    pub(crate) fn say(&mut self, text: impl std::fmt::Display) {
        if self.loudness != Loudness::Quiet {
            self.finish_line();
            terminal::say(text);
        }
    }

    fn plain(&self, text: &str) {
        if self.loudness != Loudness::Quiet && !self.rewriting {
            terminal::say(self.headed(text));
        }
    }

    fn rewrite(&mut self, text: &str) {
        terminal::rewrite(&self.headed(text));
        self.line_open = true;
    }

    fn finish_line(&mut self) {
        if std::mem::take(&mut self.line_open) {
            terminal::rewrite("");
        }
    }

    fn headed(&self, text: &str) -> String {
        let round =
            if self.rounds > 1 { format!("round {}/{} ", self.round, self.rounds) } else { String::new() };
        let of = self.steps.map_or_else(String::new, |steps| format!("/{steps}"));
        let point = if self.point.is_empty() { String::new() } else { format!("{}: ", self.point) };
        format!("[{}{of}] {round}{point}{:<14} {text}", self.step, self.label)
    }
}

/// Phase, connected, events per second, percentiles so far.
fn status(phase: Phase, row: &Interval, so_far: &Histograms) -> String {
    let measured = so_far.of(Figure::Delivery, Phase::Measure);
    let latencies = match (measured.printable_quantile(0.5), measured.printable_quantile(0.99)) {
        (Some(p50), Some(p99)) => format!("  p50 {}  p99 {}", time_us(p50 as f64), time_us(p99 as f64)),
        (Some(p50), None) => format!("  p50 {}", time_us(p50 as f64)),
        _ => String::new(),
    };
    format!(
        "{:<7} {:>4.0} s  {} connected  {} events/s{latencies}",
        phase.name(),
        row.t_s,
        grouped(row.connected),
        grouped(row.delivered),
    )
}
