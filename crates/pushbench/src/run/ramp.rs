//! How the arrival of a step's clients goes: who is ready, what ran out, and whether waiting longer makes sense.
//!
//! Takes in what processes report and decides nothing about the step.

use pushbench_measure::verdict::Scarcity;

/// How long nobody may have become ready before a ramp that ran into a limit is given up, once all clients have arrived.
const STANDSTILL_NS: u64 = 3_000_000_000;
/// Time between two looks for what ran out, while that is not known.
const LOOK_AGAIN_NS: u64 = 1_000_000_000;

/// The ramp of a step.
#[derive(Debug)]
pub(crate) struct Ramp {
    last_arrival_ns: u64,
    workers_ready: u32,
    ever_connected: u32,
    /// When the number of clients last grew.
    grown_ns: u64,
    limit: Limit,
}

/// Whether a process got no more of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    No,
    /// It did not; what of, if that was found out when it was last looked for.
    Hit {
        what: Option<Scarcity>,
        looked_ns: u64,
    },
}

impl Ramp {
    pub(crate) fn new(last_arrival_ns: u64) -> Self {
        Self { last_arrival_ns, workers_ready: 0, ever_connected: 0, grown_ns: 0, limit: Limit::No }
    }

    /// A worker has had all its clients ready.
    pub(crate) fn worker_is_ready(&mut self) {
        self.workers_ready += 1;
    }

    pub(crate) fn workers_ready(&self) -> u32 {
        self.workers_ready
    }

    /// So many clients have been ready at least once.
    pub(crate) fn connected(&mut self, ever_connected: u32, now_ns: u64) {
        if ever_connected > self.ever_connected {
            (self.ever_connected, self.grown_ns) = (ever_connected, now_ns);
        }
    }

    /// So often did a process get no more of something. What of is looked for until it is found: when the first try failed
    /// the kernel's readings may not have shown it yet.
    pub(crate) fn limits_hit(
        &mut self,
        times: u64,
        now_ns: u64,
        find_out: impl FnOnce() -> Option<Scarcity>,
    ) {
        let look = match self.limit {
            Limit::No => true,
            Limit::Hit { what, looked_ns } => what.is_none() && now_ns >= looked_ns + LOOK_AGAIN_NS,
        };
        if times > 0 && look {
            self.limit = Limit::Hit { what: find_out(), looked_ns: now_ns };
        }
    }

    /// What ran out, if something did and it is known.
    pub(crate) fn scarcity(&self) -> Option<Scarcity> {
        match self.limit {
            Limit::Hit { what, .. } => what,
            Limit::No => None,
        }
    }

    /// Whether waiting for those that are not connected is in vain: there is no more of something that they need.
    pub(crate) fn is_stuck(&self, now_ns: u64) -> bool {
        let moved_ns = self.grown_ns.max(self.last_arrival_ns);
        self.limit != Limit::No && now_ns.saturating_sub(moved_ns) > STANDSTILL_NS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::verdict::Scarce;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_ramp_is_stuck_when_a_limit_was_hit_and_nobody_becomes_ready_any_more() {
        let mut ramp = Ramp::new(10 * S);
        ramp.connected(5, 9 * S);
        assert!(!ramp.is_stuck(60 * S), "slow is not stuck");
        let files = Scarcity { what: Scarce::WorkerFiles, used: 99, allowed: 100 };
        ramp.limits_hit(0, 9 * S, || panic!("nothing ran out"));
        ramp.limits_hit(1, 9 * S, || Some(files));
        ramp.limits_hit(2, 20 * S, || panic!("it is known by now"));
        assert_eq!(ramp.scarcity(), Some(files));
        assert!(!ramp.is_stuck(13 * S) && ramp.is_stuck(13 * S + 1), "all have arrived at 10 s");
        ramp.connected(5, 13 * S);
        assert!(ramp.is_stuck(14 * S), "no more than before");
        ramp.connected(6, 14 * S);
        assert!(!ramp.is_stuck(17 * S), "somebody still came");
    }

    #[test]
    fn what_ran_out_is_looked_for_until_it_is_found_and_not_all_the_time() {
        let mut ramp = Ramp::new(10 * S);
        ramp.limits_hit(1, 5 * S, || None);
        assert_eq!(ramp.scarcity(), None);
        ramp.limits_hit(2, 6 * S - 1, || panic!("a second has not passed"));
        let ports = Scarcity { what: Scarce::Ports, used: 95, allowed: 100 };
        ramp.limits_hit(2, 6 * S, || Some(ports));
        assert_eq!(ramp.scarcity(), Some(ports));
        ramp.limits_hit(3, 9 * S, || panic!("it is known by now"));
    }
}
