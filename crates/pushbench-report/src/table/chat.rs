//! What is said of a chat above and below the table.

use pushbench_measure::results::{Run, Setup, StepResult};

use super::grid::{Cell, Paint};
use super::notes::name_of;
use super::settings;
use crate::format::grouped;

/// `chat: 20 rooms of 50`. Where clients are more from step to step, so are the rooms.
pub(super) fn rooms(setup: &Setup, rooms: u32, members: u32) -> String {
    let most = if setup.steps.len() > 1 { "up to " } else { "" };
    let noun = if rooms == 1 { "room" } else { "rooms" };
    format!("{}: {most}{} {noun} of {}", setup.pattern, grouped(rooms.into()), grouped(members.into()))
}

/// What has to be known of a result to read its figures.
pub(super) fn doubts(run: &Run, result: &StepResult) -> Vec<Cell> {
    if settings::members(run, result).is_none() {
        return Vec::new();
    }
    let (name, summary) = (name_of(run, result), &result.summary);
    let late = summary.messages_late.filter(|late| *late > 0).zip(summary.publishes).map(|(late, sent)| {
        let (late, sent) = (grouped(late), grouped(sent));
        let text = format!(
            "{name}: {late} of {sent} messages waited for their connection, or on it for the reply to the one before; \
             latencies include that"
        );
        Cell::new(text, Paint::Care)
    });
    let overtaken = summary.reordered.filter(|reordered| *reordered > 0).map(|reordered| {
        let text = format!(
            "{name}: {} receptions after a message that was due later: members of a room overtake each other on the way up",
            grouped(reordered)
        );
        Cell::new(text, Paint::Dim)
    });
    late.into_iter().chain(overtaken).collect()
}
