//! The block of a chat: what was sent, how soon senders had it back, and what a message cost on the way up and down.

use pushbench_measure::results::{Run, Summary};

use super::{Block, Cell, Column, NOTHING, Row, count, figure, has_wire, names};
use crate::format::{bytes, time_us};
use crate::table::settings;

/// The rows of those who are in rooms; `None` where nobody is.
pub(super) fn block(run: &Run) -> Option<Block<'_>> {
    let mut columns = names(run);
    columns.extend([
        Column::new("messages", "sent", |row| figure(row, "publishes", count)),
        Column::new("messages", "late", |row| figure(row, "messages_late", count)),
        Column::new("echo to the sender", "p50", |row| figure(row, "echo_p50_us", time_us)),
        Column::new("echo to the sender", "p99", |row| figure(row, "echo_p99_us", time_us)),
    ]);
    columns.extend(if has_wire(run) {
        [
            Column::new("wire B/message", "down", |row| message(row, "wire_down_bytes_per_event")),
            Column::new("wire B/message", "up", |row| message(row, "wire_up_bytes_per_event")),
        ]
    } else {
        [
            Column::new("stream B/message", "down", |row| message(row, "stream_down_bytes_per_event")),
            Column::new("stream B/message", "up", |row| message(row, "stream_up_bytes_per_event")),
        ]
    });
    Block::of(run, columns, |result| settings::members(run, result).is_some())
}

fn message(row: &Row<'_>, per_delivery: &str) -> Cell {
    Cell::plain(per_message(&row.result.summary, per_delivery).map_or_else(|| NOTHING.to_owned(), bytes))
}

/// All that a message sent costs: what a column has per delivery, times the deliveries of a message.
pub(crate) fn per_message(summary: &Summary, per_delivery: &str) -> Option<f64> {
    let deliveries = summary.delivered? as f64 / summary.publishes.filter(|sent| *sent > 0)? as f64;
    Some(summary.figure(per_delivery)? * deliveries)
}
