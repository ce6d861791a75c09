//! Options of the command line that change a scenario.

use pushbench_transport::Period;

use crate::inject::Inject;
use crate::quantity::Rate;

/// What the command line asks to be different from the file. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// `--clients`: instead of `clients.count`.
    pub clients: Option<Vec<u32>>,
    /// `--rate`: instead of `events.rate`.
    pub rate: Option<Rate>,
    /// `--duration`: instead of `phases.measure`.
    pub duration: Option<Period>,
    /// `--seed`: instead of `seed`.
    pub seed: Option<u64>,
    /// `--repeat`: rounds, from 1; one unless said.
    pub repeat: Option<u32>,
    /// `--only`: labels to run; empty for all.
    pub only: Vec<String>,
    /// `--points`: names, numbers or values of the points to run; empty for all.
    pub points: Vec<String>,
    /// `--inject`: instead of `target.inject`.
    pub inject: Option<Inject>,
}

impl Overrides {
    /// One line per option, as it would be typed.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(clients) = &self.clients {
            let counts: Vec<String> = clients.iter().map(u32::to_string).collect();
            lines.push(format!("--clients {}", counts.join(",")));
        }
        if let Some(rate) = &self.rate {
            lines.push(format!("--rate {rate}"));
        }
        if let Some(duration) = self.duration {
            lines.push(format!("--duration {duration}"));
        }
        if let Some(seed) = self.seed {
            lines.push(format!("--seed {seed}"));
        }
        if let Some(rounds) = self.repeat {
            lines.push(format!("--repeat {rounds}"));
        }
        if !self.only.is_empty() {
            lines.push(format!("--only {}", self.only.join(",")));
        }
        if !self.points.is_empty() {
            lines.push(format!("--points {}", self.points.join(",")));
        }
        if let Some(inject) = self.inject {
            lines.push(format!("--inject {inject}"));
        }
        lines
    }
}
