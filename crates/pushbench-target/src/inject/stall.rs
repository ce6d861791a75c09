//! Standstills of the whole event loop, as a stopped process has them: nothing is accepted, read, written or published.

use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::Stall;
use std::cell::Cell;
use std::time::Duration;
use tokio::sync::Notify;

/// When standstills may begin, in nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from_ns: u64,
    until_ns: u64,
}

/// The standstills of a target.
#[derive(Debug, Default)]
pub(super) struct Stalls {
    span: Cell<Option<Span>>,
    changed: Notify,
}

impl Stalls {
    /// Counts standstills from `from_ns` on; none begins at `until_ns` or later.
    pub(super) fn between(&self, from_ns: u64, until_ns: u64) {
        self.span.set(Some(Span { from_ns, until_ns }));
        self.changed.notify_one();
    }

    /// Stands still whenever it is time to. Never returns.
    pub(super) async fn run(&self, stall: Stall, alarm: &Alarm) {
        loop {
            match self.next(stall, now_ns()) {
                None => self.changed.notified().await,
                Some((begin_ns, end_ns)) => tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = alarm.until(begin_ns) => stand_still_until(end_ns),
                },
            }
        }
    }

    fn next(&self, stall: Stall, now_ns: u64) -> Option<(u64, u64)> {
        let Span { from_ns, until_ns } = self.span.get()?;
        Some(stall.next(from_ns, now_ns)).filter(|(begin_ns, _)| *begin_ns < until_ns)
    }
}

/// Blocks the thread, and with it everything that the target does.
fn stand_still_until(end_ns: u64) {
    loop {
        let left_ns = end_ns.saturating_sub(now_ns());
        if left_ns == 0 {
            return;
        }
        std::thread::sleep(Duration::from_nanos(left_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::Inject;

    const MS: u64 = 1_000_000;

    #[test]
    fn there_is_none_before_the_begin_and_none_that_begins_after_the_end() {
        let inject: Inject = "stall=2ms/10ms".parse().unwrap();
        let (stall, stalls) = (inject.stall().unwrap(), Stalls::default());
        assert_eq!(stalls.next(stall, 0), None);
        stalls.between(MS, 22 * MS);
        assert_eq!(stalls.next(stall, 0), Some((11 * MS, 13 * MS)));
        assert_eq!(stalls.next(stall, 20 * MS), Some((21 * MS, 23 * MS)));
        assert_eq!(stalls.next(stall, 23 * MS), None);
    }
}
