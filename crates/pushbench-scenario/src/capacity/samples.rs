//! How long a probe measures: until enough samples of every percentile that a threshold is about are due.
//!
//! What a sample is of depends on the figure: an event, an answer, a pause between two parts. Nothing is measured here, and
//! what clients gain or lose by coming and going is not looked at.

use pushbench_transport::Period;
use std::time::Duration;

use crate::answers::Parts;
use crate::plan::{Arrival, Events, Phases, Threshold};

/// Figures that there is one sample of per client, however long it lasts: those of connections.
const PER_CLIENT: [&str; 2] = ["connect_", "back_"];
/// Figures that there is one sample of per answer.
const PER_ANSWER: [&str; 3] = ["first_part_", "per_part_", "answer_"];
/// The figure that there is a sample of between any two parts of an answer.
const PER_PAUSE: &str = "part_gap_";
/// Figures of the clients that read slowly; all others are of those that do not.
const OF_SLOW: &str = "slow_";

/// A threshold on a percentile.
struct Percentile<'t> {
    column: &'t str,
    /// Samples that must stand behind it: 10/(1−p).
    samples: f64,
}

impl<'t> Percentile<'t> {
    /// `None` for figures that are no percentile, and for those that no length of a probe has more samples of.
    fn of(threshold: &'t Threshold) -> Option<Self> {
        let column = threshold.column.as_str();
        let is_of_length = !PER_CLIENT.iter().any(|prefix| column.starts_with(prefix));
        let beyond = column.split('_').find_map(share_beyond).filter(|_| is_of_length)?;
        Some(Self { column, samples: 10.0 / beyond })
    }

    fn is_of_answers(&self) -> bool {
        PER_ANSWER.iter().any(|prefix| self.column.starts_with(prefix))
    }
}

/// Which share of all lies beyond the percentile that a word of a column's name is; `None` for any other word.
fn share_beyond(word: &str) -> Option<f64> {
    Some(match word {
        "p50" => 0.5,
        "p90" => 0.1,
        "p95" => 0.05,
        "p99" => 0.01,
        "p999" => 0.001,
        _ => return None,
    })
}

/// What a probe is loaded with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load<'p> {
    /// With the rate of all clients together.
    pub(super) events: &'p Events,
    pub(super) phases: &'p Phases,
    pub(super) clients: u32,
    /// Clients among them that read slowly.
    pub(super) slow: u32,
}

impl Load<'_> {
    /// How long the probe measures, and whether its thresholds need longer than it may.
    pub(super) fn measure<'t>(
        &self,
        thresholds: impl Iterator<Item = &'t Threshold>,
        longest: Duration,
    ) -> (Duration, bool) {
        let percentiles: Vec<Percentile<'_>> = thresholds.filter_map(Percentile::of).collect();
        let is_enough = |measure| percentiles.iter().all(|percentile| self.has_enough(percentile, measure));
        let longest = longest.max(self.phases.measure);
        if !is_enough(longest) {
            return (longest, true);
        }
        // Whole seconds, as rows of results are.
        let (mut least, mut most) = (0, longest.as_secs() + 1);
        while least < most {
            let middle = u64::midpoint(least, most);
            if is_enough(Duration::from_secs(middle)) {
                most = middle;
            } else {
                least = middle + 1;
            }
        }
        (Duration::from_secs(least).max(self.phases.measure).min(longest), false)
    }

    /// Whether so long a measure phase has the samples of a percentile, whatever is drawn at random.
    fn has_enough(&self, percentile: &Percentile<'_>, measure: Duration) -> bool {
        let [from_ns, until_ns] = [self.begin(percentile), self.phases.warmup + measure]
            .map(|at| Period::from_duration(at).as_ns());
        let area = |at_ns| self.events.shape.area_until(at_ns);
        let due = (self.events.rate * (area(until_ns) - area(from_ns)) / 1e9).max(0.0);
        // There are hardly ever three standard deviations less than that.
        let least = if self.is_random(percentile) { due - 3.0 * due.sqrt() } else { due };
        // The tolerance keeps a second of 50/s at 50 in spite of binary fractions.
        least * self.samples_of_each(percentile) >= percentile.samples - 1e-6
    }

    /// From when on samples are as many as there will be. What belongs to an ask belongs to its time, but parts to their own:
    /// those of an answer come when it has begun, and none was asked for before the warm-up.
    fn begin(&self, percentile: &Percentile<'_>) -> Duration {
        let is_of_asks = percentile.is_of_answers() || percentile.column.starts_with(PER_PAUSE);
        let answers = self.events.answers().filter(|_| !is_of_asks);
        let until_all_come =
            answers.map_or(Duration::ZERO, |answers| Duration::from_nanos(answers.mean_length_ns() as u64));
        self.phases.warmup.max(until_all_come)
    }

    /// Whether the number of samples in a time differs from run to run of other seeds.
    fn is_random(&self, percentile: &Percentile<'_>) -> bool {
        let parts = self.events.answers().map(|answers| answers.parts);
        let parts_differ = matches!(parts, Some(Parts::Uniform { .. })) && !percentile.is_of_answers();
        self.events.arrival == Arrival::Poisson || parts_differ
    }

    /// Samples that each event, message or ask brings, in the mean and at least: several clients that an event reaches say
    /// the same of it, so they count as one.
    fn samples_of_each(&self, percentile: &Percentile<'_>) -> f64 {
        if let Some(answers) = self.events.answers() {
            return match percentile.column {
                _ if percentile.is_of_answers() => 1.0,
                column if column.starts_with(PER_PAUSE) => answers.parts.mean() - 1.0,
                _ => answers.parts.mean(),
            };
        }
        let is_of_slow = percentile.column.starts_with(OF_SLOW);
        let readers = if is_of_slow { self.slow } else { self.clients.saturating_sub(self.slow) };
        // What is published on a topic of one client that reads slowly reaches none of the others.
        let topics = self.events.topics.number(self.clients).max(1);
        (f64::from(readers) / f64::from(topics)).min(1.0)
    }
}

#[cfg(test)]
mod tests;
