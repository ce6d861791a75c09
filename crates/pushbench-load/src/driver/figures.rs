//! Which figures a worker records: a histogram of each takes 700 KiB, so those that a step cannot have are not prepared.

use pushbench_measure::Figure;
use pushbench_scenario::{Plan, Source};

/// The figures of a step of that plan.
pub(super) fn of(plan: &Plan) -> Vec<Figure> {
    let of_source: &[Figure] = match plan.events.source {
        Source::Publisher => &[],
        Source::Answers(_) => &[Figure::FirstPart, Figure::PartGap, Figure::PerPart, Figure::Answer],
        Source::Members => &[Figure::Echo],
    };
    let of_lives: &[Figure] = if plan.has_lives() || plan.life.drops() { &[Figure::CatchUp] } else { &[] };
    let of_drops: &[Figure] = if plan.life.drops() { &[Figure::Back] } else { &[] };
    let of_slow: &[Figure] = if plan.slow.is_some() { &[Figure::SlowDelivery] } else { &[] };
    [Figure::COMMON, of_source, of_lives, of_drops, of_slow].concat()
}
