//! How often the sockets of a step may be dumped: as often as dumps take a small share of a CPU at most; and the dump that
//! is made all the same when all clients have connected.
//!
//! A dump of ten thousand connections takes some 40 ms of a CPU, one of a million takes seconds. Reads no clock.

/// How many times as long as a dump took of a CPU there is none after it: 2 % of one at most.
const PAUSE: u64 = 49;
/// The last dump of a step is made whatever came before, unless it would take longer than this.
const DEAR_NS: u64 = 1_000_000_000;

/// What dumps may still take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowance {
    next_ns: u64,
    last_cost_ns: u64,
}

impl Allowance {
    /// Whether a dump may be made now.
    pub(crate) fn allow(&self, now_ns: u64) -> bool {
        self.next_ns <= now_ns
    }

    /// Whether the last dump of a step may be made, which nothing comes after.
    pub(crate) fn allow_the_last(&self) -> bool {
        self.last_cost_ns < DEAR_NS
    }

    /// A dump that ended now took so much of a CPU.
    pub(crate) fn spent(&mut self, cost_ns: u64, now_ns: u64) {
        (self.last_cost_ns, self.next_ns) = (cost_ns, now_ns + cost_ns * PAUSE);
    }
}

/// A dump made between two ticks, for the row of the second that it falls in: it has used up what dumps may take, so that
/// there is often none at the tick.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Between<T> {
    made: Option<(T, u64)>,
}

impl<T> Between<T> {
    /// Keeps what was dumped until then, if anything was.
    pub(crate) fn keep(&mut self, dump: Option<T>, made_ns: u64) {
        self.made = dump.map(|dump| (dump, made_ns));
    }

    /// What was dumped in the second that ends at a tick, once; ticks are asked for in their order.
    pub(crate) fn take(&mut self, tick_ns: u64) -> Option<T> {
        self.made.take_if(|(_, made_ns)| *made_ns <= tick_ns).map(|(dump, _)| dump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn dumps_take_two_percent_of_a_cpu_at_most() {
        for (cost_ms, dumps_of_a_minute) in [(1, 60), (40, 30), (400, 3), (5_000, 1)] {
            let mut allowance = Allowance::default();
            let mut spent_ms = 0;
            for second in 1..=60 {
                if allowance.allow(second * 1000 * MS) {
                    // Ends later than it began.
                    allowance.spent(cost_ms * MS, second * 1000 * MS + cost_ms * MS);
                    spent_ms += cost_ms;
                }
            }
            assert_eq!(spent_ms / cost_ms, dumps_of_a_minute, "{cost_ms} ms each");
        }
    }

    #[test]
    fn the_last_is_made_unless_it_is_dear() {
        let mut allowance = Allowance::default();
        assert!(allowance.allow_the_last(), "nothing is known");
        allowance.spent(400 * MS, 0);
        assert!(!allowance.allow(1000 * MS) && allowance.allow_the_last());
        allowance.spent(5_000 * MS, 0);
        assert!(!allowance.allow_the_last());
    }

    #[test]
    fn a_dump_between_two_ticks_is_in_the_row_of_its_own_second() {
        let mut between = Between::default();
        assert_eq!(between.take(1000 * MS), None);
        between.keep(Some("half past two"), 2500 * MS);
        // A dump that takes long delays the ticks of the seconds before its end.
        assert_eq!(between.take(2000 * MS), None);
        assert_eq!(between.take(3000 * MS), Some("half past two"));
        assert_eq!(between.take(4000 * MS), None);
        between.keep(None, 4500 * MS);
        assert_eq!(between.take(5000 * MS), None);
    }
}
