//! The block of slow readers: what they got, and what the target did with them.

use pushbench_measure::results::Run;

use super::{Block, Column, count, figure, names};
use crate::format::{bytes, time_us};

/// The rows of scenarios with slow readers; `None` where there are none.
pub(super) fn block(run: &Run) -> Option<Block<'_>> {
    let mut columns = names(run);
    columns.extend([
        Column::new("slow readers", "count", |row| figure(row, "slow_clients", count)),
        Column::new("slow readers", "read/s", |row| figure(row, "slow_bytes_per_second", bytes)),
        Column::new("slow readers", "lost", |row| figure(row, "slow_lost", count)),
        Column::new("slow readers", "p99", |row| figure(row, "slow_latency_p99_us", time_us)),
        Column::new("slow readers", "errors", |row| figure(row, "slow_errors", count)),
        Column::new("what the target did", "queued peak", |row| {
            figure(row, "target_queued_peak_bytes", bytes)
        }),
        Column::new("what the target did", "cut off", |row| figure(row, "slow_disconnects", count)),
        Column::new("what the target did", "skipped", |row| figure(row, "slow_skipped", count)),
        Column::new("what the target did", "coalesced", |row| figure(row, "target_coalesced", count)),
    ]);
    Block::of(run, columns, |result| result.summary.slow_clients.is_some())
}
