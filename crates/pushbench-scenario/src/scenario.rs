//! A scenario file as a whole: one plan, or several of which each is a point.

use pushbench_measure::results::SweepRecord;

use crate::plan::Plan;

/// What a scenario file says. It cannot be wrong any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its plans in the order of the file, never none. One without a name where nothing varies.
    pub points: Vec<Plan>,
    /// What makes them several.
    pub varies: Varies,
}

/// What a scenario has several points by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Varies {
    /// Nothing: there is one.
    Nothing,
    /// `[sweep]`: every value of a key meets every value of another.
    Sweep(SweepRecord),
    /// `[[cases]]`: each is named and says what is different in it.
    Cases,
}

impl Scenario {
    /// The plan of a scenario that has one; of several the first, whose name, title, text and path are those of all.
    #[must_use]
    pub fn first(&self) -> &Plan {
        &self.points[0]
    }

    /// Measurements that a run makes: transports at numbers of clients, of all points and rounds.
    #[must_use]
    pub fn measurements(&self) -> usize {
        let of = |plan: &Plan| plan.steps.len() * plan.transports.len() * plan.rounds as usize;
        self.points.iter().map(of).sum()
    }
}
