//! Which client of a worker leaves or comes back next, by the plan and whatever happens. What leaving is, is the client's.

use pushbench_measure::PhaseEdges;
use pushbench_scenario::WorkerShare;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// How much later somebody is looked at again who has not even arrived, because the worker is behind.
const LATER_NS: u64 = 1_000_000;

/// The comings and goings that are still to happen.
#[derive(Debug)]
pub(crate) struct Lives {
    start_ns: u64,
    /// The stays of each client that are not over, the next one last.
    stays: Vec<Vec<Range<u64>>>,
    /// Instants with the clients for which something is due then; one entry for each client at most.
    due: BinaryHeap<Reverse<(u64, u32)>>,
}

/// What a client is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// It leaves, as it was to at that instant.
    Leave { at_ns: u64 },
    /// It comes back.
    Return,
}

impl Lives {
    /// `None` in a step in which everybody stays.
    pub(crate) fn of(share: &WorkerShare, edges: &PhaseEdges) -> Option<Box<Self>> {
        if !share.plan.has_lives() {
            return None;
        }
        let mut lives = Self { start_ns: edges.start_ns, stays: Vec::new(), due: BinaryHeap::new() };
        for (client, number) in (0..).zip(share.client_numbers()) {
            let mut stays = share.plan.stays(number, share.clients);
            stays.reverse();
            // The first one begins with the client's arrival.
            if let Some(first) = stays.last_mut() {
                first.start = 0;
            }
            lives.stays.push(stays);
            lives.ask(client);
        }
        Some(Box::new(lives))
    }

    /// When the next one is due.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((at_ns, _))| *at_ns)
    }

    /// The next one who is due at `now_ns`, of so many who have arrived.
    pub(crate) fn take_due(&mut self, now_ns: u64, arrived: usize) -> Option<(u32, Move)> {
        loop {
            let Reverse((_, client)) =
                self.due.peek().copied().filter(|Reverse((at_ns, _))| *at_ns <= now_ns)?;
            self.due.pop();
            if client as usize >= arrived {
                self.due.push(Reverse((now_ns + LATER_NS, client)));
                continue;
            }
            let stay = self.stays[client as usize].last_mut()?;
            let moved = if stay.start == 0 {
                let at_ns = self.start_ns.saturating_add(stay.end);
                self.stays[client as usize].pop();
                Move::Leave { at_ns }
            } else {
                stay.start = 0;
                Move::Return
            };
            self.ask(client);
            return Some((client, moved));
        }
    }

    /// Has a client come up when it is due next, if it ever is. A stay that has begun begins at 0.
    fn ask(&mut self, client: u32) {
        let Some(stay) = self.stays[client as usize].last() else { return };
        let offset_ns = if stay.start == 0 { stay.end } else { stay.start };
        if offset_ns != u64::MAX {
            self.due.push(Reverse((self.start_ns.saturating_add(offset_ns), client)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::{Overrides, parse};

    const S: u64 = 1_000_000_000;
    const EDGES: PhaseEdges =
        PhaseEdges { start_ns: 10 * S, measure_ns: 11 * S, drain_ns: 41 * S, end_ns: 50 * S };

    fn share(life: &str) -> WorkerShare {
        let scenario = format!(
            "name = \"lives\"\n[clients]\ncount = 7\n[events]\npattern = \"broadcast\"\nrate = \"1/s\"\n\
             [phases]\nwarmup = \"1s\"\nmeasure = \"30s\"\n{life}\n[[transports]]\nkind = \"sse\""
        );
        let plan = parse(&scenario, "lives.toml", &Overrides::default()).unwrap();
        let targets = vec!["127.0.0.1:1".parse().unwrap()];
        WorkerShare { plan, transport: 0, clients: 7, worker: 1, workers: 3, targets, source: None }
    }

    #[test]
    fn clients_come_and_go_as_the_plan_says() {
        let share = share("[life]\nlifetime = { mean = \"3s\" }\npause = \"500ms\"");
        let mut too_early = Lives::of(&share, &EDGES).unwrap();
        assert_eq!(too_early.take_due(EDGES.end_ns, 0), None, "who has not arrived does not leave");
        let mut lives = Lives::of(&share, &EDGES).unwrap();
        let mut there = [vec![], vec![]];
        while let Some(now_ns) = lives.next_ns() {
            let (client, moved) = lives.take_due(now_ns, 2).unwrap();
            there[client as usize].push((now_ns, moved));
        }
        for (of_client, number) in there.iter().zip(share.client_numbers()) {
            let stays = share.plan.stays(number, share.clients);
            let expected: Vec<(u64, Move)> = (0..)
                .zip(&stays)
                .flat_map(|(nth, stay)| {
                    let begin = (nth > 0).then(|| (10 * S + stay.start, Move::Return));
                    let at_ns = stay.end.saturating_add(10 * S);
                    let end = (at_ns != u64::MAX).then_some((at_ns, Move::Leave { at_ns }));
                    begin.into_iter().chain(end).collect::<Vec<_>>()
                })
                .collect();
            assert_eq!(*of_client, expected);
            assert!(expected.len() > 4, "there is something to compare");
        }
    }

    #[test]
    fn nobody_leaves_a_plan_without_lives() {
        assert!(Lives::of(&share(""), &EDGES).is_none());
        assert!(Lives::of(&share("[life]\nstorm = { at = \"1s\", share = \"10%\" }"), &EDGES).is_none());
    }
}
