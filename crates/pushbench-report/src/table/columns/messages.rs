//! The block of a chat: what was sent, how soon senders had it back, and what a message cost on the way up and down.

use pushbench_measure::results::Run;

use super::{Cell, Column, NOTHING, Row, count, figure, has_wire, names};
use crate::format::{bytes, time_us};

/// The columns; `None` where nobody sent anything.
pub(super) fn block(run: &Run) -> Option<Vec<Column>> {
    run.scenario.members?;
    let mut columns = names(run);
    columns.extend([
        Column::new("messages", "sent", |row| figure(row, "publishes", count)),
        Column::new("messages", "late", |row| figure(row, "messages_late", count)),
        Column::new("echo to the sender", "p50", |row| figure(row, "echo_p50_us", time_us)),
        Column::new("echo to the sender", "p99", |row| figure(row, "echo_p99_us", time_us)),
    ]);
    columns.extend(if has_wire(run) {
        [
            Column::new("wire B/message", "down", |row| per_message(row, "wire_down_bytes_per_event")),
            Column::new("wire B/message", "up", |row| per_message(row, "wire_up_bytes_per_event")),
        ]
    } else {
        [
            Column::new("stream B/message", "down", |row| per_message(row, "stream_down_bytes_per_event")),
            Column::new("stream B/message", "up", |row| per_message(row, "stream_up_bytes_per_event")),
        ]
    });
    Some(columns)
}

/// Bytes of all that a message sent costs: those per delivery, times the deliveries of a message.
fn per_message(row: &Row<'_>, per_delivery: &str) -> Cell {
    let summary = &row.result.summary;
    let of_message = || {
        let deliveries = summary.delivered? as f64 / summary.publishes.filter(|sent| *sent > 0)? as f64;
        Some(bytes(summary.figure(per_delivery)? * deliveries))
    };
    Cell::plain(of_message().unwrap_or_else(|| NOTHING.to_owned()))
}
