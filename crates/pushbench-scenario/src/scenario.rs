//! A scenario file as a whole: one plan, or several of which each is a point.

use pushbench_measure::results::SweepRecord;

use std::time::Duration;

use crate::describe::rounded;
use crate::needs::Needs;
use crate::plan::Plan;

/// Most measurements of several points that are made without having been agreed to.
const MOST_UNASKED: usize = 48;
/// The longest run of several points that is made without having been agreed to.
const LONGEST_UNASKED: Duration = Duration::from_mins(10);

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

    /// Why a run of several points should be agreed to first, with how to: it is long. Each point's needs tell how long.
    #[must_use]
    pub fn wants_consent(&self, needs: &[Needs]) -> Option<String> {
        let (points, measurements) = (self.points.len(), self.measurements());
        let lasts = needs.iter().fold(Duration::ZERO, |sum, needs| sum.saturating_add(needs.duration));
        let long = measurements > MOST_UNASKED || lasts > LONGEST_UNASKED;
        (points > 1 && long).then(|| {
            format!(
                "{points} points make {measurements} measurements and take about {}: more than {MOST_UNASKED} \
                 measurements or {} want a --yes\n  hint: add --yes, or run some of them, such as --points 1",
                rounded(lasts),
                rounded(LONGEST_UNASKED),
            )
        })
    }

    /// Measurements that a run makes: transports at numbers of clients, of all points and rounds.
    #[must_use]
    pub fn measurements(&self) -> usize {
        let of = |plan: &Plan| plan.steps.len() * plan.transports.len() * plan.rounds as usize;
        self.points.iter().map(of).sum()
    }
}
