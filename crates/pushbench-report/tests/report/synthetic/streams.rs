//! A made-up run whose clients ask for answers of 40 parts, 50 ms apart.

use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::Summary;
use pushbench_measure::{Figure, Histogram};
use pushbench_report::RunFolder;

use super::dice::Dice;
use super::{Shape, folder};

const ANSWERS: u64 = 1_500;
const PARTS: u64 = 40;
const GAP_US: f64 = 50_000.0;
const FIRST_US: f64 = 300_000.0;

/// Answers over every transport; polling gathers the parts that came since the last poll.
pub(crate) fn streams() -> RunFolder {
    let mut folder = folder(&Shape::default());
    folder.run.scenario.setup.events_per_second = 2_000.0;
    "stream".clone_into(&mut folder.run.scenario.setup.pattern);
    folder.run.scenario.setup.topics = 1_000;
    for (at, (files, result)) in folder.labels.iter_mut().zip(&mut folder.run.results).enumerate() {
        let mut dice = Dice(at as u64 + 1);
        let poll_us = if result.summary.kind == "short-polling" { 1e6 } else { 0.0 };
        let (mut first, mut gap) = (Histogram::new(), Histogram::new());
        for _ in 0..ANSWERS {
            first.record((FIRST_US * (0.2 * dice.normal()).exp() + poll_us * dice.roll()) as u64);
        }
        for _ in 0..ANSWERS * (PARTS - 1) {
            let together = poll_us > 0.0 && dice.roll() > GAP_US / poll_us;
            let apart = if poll_us > 0.0 { poll_us } else { GAP_US };
            gap.record(if together { 0 } else { (apart * (0.1 * dice.normal()).exp()) as u64 });
        }
        fill(&mut result.summary, &first, &gap);
        files.answers.insert((Figure::FirstPart, Mark::default()), first);
        files.answers.insert((Figure::PartGap, Mark::default()), gap);
    }
    folder
}

fn fill(summary: &mut Summary, first: &Histogram, gap: &Histogram) {
    let whole_us = |first_us: Option<u64>| first_us.map(|us| us + (GAP_US as u64) * (PARTS - 1));
    summary.age_mean_us = None;
    summary.answers = Some(ANSWERS);
    summary.answers_cut_short = Some(u64::from(summary.kind == "long-polling"));
    summary.asks_late = Some(3);
    summary.answers_at_once_peak = Some(117);
    summary.stalls = Some(0);
    summary.first_part_p50_us = first.printable_quantile(0.5);
    summary.first_part_p99_us = first.printable_quantile(0.99);
    summary.part_gap_p50_us = gap.printable_quantile(0.5);
    summary.part_gap_p99_us = gap.printable_quantile(0.99);
    summary.per_part_p50_us = Some(GAP_US as u64);
    summary.per_part_p99_us = Some(GAP_US as u64 + 900);
    summary.answer_p50_us = whole_us(summary.first_part_p50_us);
    summary.answer_p99_us = whole_us(summary.first_part_p99_us);
}
