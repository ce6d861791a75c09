//! The figures that only some scenarios have: answers, messages, connections that come back, slow readers.
//!
//! A figure that a scenario cannot have stays unknown: a run without a storm has no clients that are back. What it has by
//! plan is counted from 0 on: a storm that dropped nobody has nobody who missed anything.

use super::{Origin, StepFacts, ratio};
use crate::results::Summary;
use crate::{Figure, Phase};

pub(super) fn fill(row: &mut Summary, facts: &StepFacts) {
    answers(row, facts);
    messages(row, facts);
    life(row, facts);
    slow(row, facts);
}

fn answers(row: &mut Summary, facts: &StepFacts) {
    if facts.planned.origin != Origin::Asks {
        return;
    }
    let tally = &facts.sums.fates.answers;
    row.answers = Some(tally.asked);
    row.answers_cut_short = Some(tally.cut_short);
    row.asks_late = Some(tally.late);
    row.answers_at_once_peak = Some(tally.at_once_peak);
    row.stalls = Some(tally.stalls);
    let of = |figure| facts.histograms.of(figure, Phase::Measure);
    let first = of(Figure::FirstPart);
    row.first_part_p50_us = first.printable_quantile(0.5);
    row.first_part_p99_us = first.printable_quantile(0.99);
    let gap = of(Figure::PartGap);
    row.part_gap_p50_us = gap.printable_quantile(0.5);
    row.part_gap_p99_us = gap.printable_quantile(0.99);
    let per_part = of(Figure::PerPart);
    row.per_part_p50_us = per_part.printable_quantile(0.5);
    row.per_part_p99_us = per_part.printable_quantile(0.99);
    let answer = of(Figure::Answer);
    row.answer_p50_us = answer.printable_quantile(0.5);
    row.answer_p99_us = answer.printable_quantile(0.99);
}

fn messages(row: &mut Summary, facts: &StepFacts) {
    let echo = facts.histograms.of(Figure::Echo, Phase::Measure);
    row.echo_p50_us = echo.printable_quantile(0.5);
    row.echo_p99_us = echo.printable_quantile(0.99);
    let tally = &facts.sums.fates.messages;
    row.messages_late = (facts.planned.origin == Origin::Members).then_some(tally.late);
}

fn life(row: &mut Summary, facts: &StepFacts) {
    let tally = &facts.sums.fates.life;
    row.accepts_per_second_peak = facts.accepts_per_second_peak;
    row.left = facts.planned.leaves.then_some(tally.left);
    if facts.planned.leaves || facts.planned.drops {
        row.caught_up = Some(tally.caught_up);
        let catch_up = facts.histograms.all_phases(Figure::CatchUp);
        row.catch_up_p50_us = catch_up.printable_quantile(0.5);
        row.catch_up_p99_us = catch_up.printable_quantile(0.99);
    }
    if !facts.planned.drops {
        return;
    }
    row.dropped = Some(tally.dropped);
    row.back = Some(tally.back);
    row.missed = Some(tally.missed);
    // Over the dropped, not over those who are back: who never came is later than any of them.
    let back = facts.histograms.all_phases(Figure::Back);
    let of_dropped = |share: f64| {
        let needed = share * tally.dropped as f64;
        // Of nobody there is no last.
        (needed > 0.0 && back.count() as f64 >= needed)
            .then(|| back.quantile(needed / back.count() as f64))
            .flatten()
    };
    row.back_p50_us = of_dropped(0.5);
    row.back_p95_us = of_dropped(0.95);
    row.back_p100_us = of_dropped(1.0);
}

fn slow(row: &mut Summary, facts: &StepFacts) {
    let tally = &facts.sums.fates.slow;
    row.target_coalesced = facts.coalesced;
    row.slow_skipped = facts.slow_skipped;
    row.target_queued_peak_bytes = facts.target_queued_peak_bytes;
    // A scenario may have none of them at one of its points: that is none, not unknown.
    row.slow_clients = facts.slow_skipped.map(|_| tally.clients as u32);
    row.slow_errors = facts.slow_skipped.map(|_| tally.errors);
    row.slow_lost = facts.slow_skipped.map(|_| tally.expected.saturating_sub(tally.delivered));
    row.slow_bytes_per_second = ratio(tally.bytes as f64, tally.reading_us as f64 / 1e6);
    row.slow_latency_p99_us =
        facts.histograms.of(Figure::SlowDelivery, Phase::Measure).printable_quantile(0.99);
}
