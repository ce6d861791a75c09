//! Which client asks for which answer when (pattern `stream`): open loop, at their instants, whatever became of those before.
//!
//! A client asks for one answer at a time, and for its answers in their order. So nothing has to be kept of asks that wait
//! but how many each client has sent; whether a client can ask is not known here.

use pushbench_measure::PhaseEdges;
use pushbench_scenario::schedule;
use pushbench_scenario::share::WorkerShare;

/// The asks of a worker's clients in a step.
#[derive(Debug)]
pub(crate) struct Asks {
    /// When each is due, in their order. Clients take turns, so every `clients`-th is the same one's.
    dues_ns: Box<[u64]>,
    /// Number of clients of this worker.
    clients: usize,
    /// How many have become due.
    due: usize,
    /// The worker's number, the number of workers and that of clients of the step.
    worker: u64,
    workers: u64,
    all_clients: u64,
}

/// One ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Its number in the run.
    pub(crate) k: u64,
    pub(crate) due_ns: u64,
}

impl Asks {
    /// All asks that are due before the drain begins; none unless the plan is one of a stream.
    pub(crate) fn new(share: &WorkerShare, edges: &PhaseEdges) -> Self {
        let plan = &share.plan;
        let [worker, workers, all_clients] =
            [share.worker, share.workers.max(1), share.clients].map(u64::from);
        let is_own = |k: &u64| (k % all_clients.max(1)) % workers == worker;
        let events = plan.events.answers().map(|_| plan.events_of(share.clients));
        let dues_ns = events.into_iter().flat_map(|events| {
            let instants = schedule::asks(events, plan.seed).map(|offset_ns| edges.start_ns + offset_ns);
            let before_drain = (0..).zip(instants.take_while(|due_ns| *due_ns < edges.drain_ns));
            before_drain.filter(|(k, _)| is_own(k)).map(|(_, due_ns)| due_ns)
        });
        Self {
            dues_ns: dues_ns.collect(),
            clients: share.client_numbers().count(),
            due: 0,
            worker,
            workers,
            all_clients,
        }
    }

    /// When the next one is due.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.dues_ns.get(self.due).copied()
    }

    /// The client whose ask has become due at `now_ns`, and how many of its own are due with it.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> Option<(u32, usize)> {
        self.next_ns().filter(|due_ns| *due_ns <= now_ns)?;
        let at = self.due;
        self.due += 1;
        Some(((at % self.clients) as u32, at / self.clients + 1))
    }

    /// The ask of that client of this worker which comes after `sent` others, if it is due.
    pub(crate) fn waiting(&self, client: u32, sent: usize) -> Option<Ask> {
        let at = sent * self.clients + client as usize;
        self.at(at).filter(|_| at < self.due)
    }

    /// All asks of that client that will have been due.
    pub(crate) fn of_client(&self, client: u32) -> impl Iterator<Item = Ask> + '_ {
        (client as usize..self.dues_ns.len()).step_by(self.clients.max(1)).filter_map(|at| self.at(at))
    }

    fn at(&self, at: usize) -> Option<Ask> {
        let due_ns = *self.dues_ns.get(at)?;
        let (turn, client) = ((at / self.clients) as u64, (at % self.clients) as u64);
        Some(Ask { k: turn * self.all_clients + self.worker + client * self.workers, due_ns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::Overrides;

    const S: u64 = 1_000_000_000;
    const EDGES: PhaseEdges =
        PhaseEdges { start_ns: 100 * S, measure_ns: 101 * S, drain_ns: 105 * S, end_ns: 110 * S };

    /// A worker's share of 5 clients, who ask four times a second in all, for four seconds: 16 asks.
    fn share(worker: u32, workers: u32, pattern: &str) -> WorkerShare {
        let scenario = format!(
            "name = \"asks\"\n[clients]\ncount = 5\n[events]\n{pattern}\nrate = \"4/s\"\n[phases]\nwarmup = \"1s\"\n\
             measure = \"3s\"\n[[transports]]\nkind = \"sse\""
        );
        let plan = pushbench_scenario::parse(&scenario, "asks.toml", &Overrides::default()).unwrap();
        let targets = vec!["127.0.0.1:1".parse().unwrap()];
        WorkerShare { plan, transport: 0, clients: 5, worker, workers, targets, source: None }
    }

    const STREAM: &str = "pattern = \"stream\"\nparts = 2\ngap = \"1ms\"";

    fn due(k: u64) -> u64 {
        100 * S + k * S / 4
    }

    #[test]
    fn every_ask_of_the_run_is_that_of_one_client_of_one_worker() {
        let mut found = Vec::new();
        for worker in 0..2 {
            let share = share(worker, 2, STREAM);
            let mut asks = Asks::new(&share, &EDGES);
            let numbers: Vec<u32> = share.client_numbers().collect();
            let mut sent = vec![0; numbers.len()];
            while let Some(at_ns) = asks.next_ns() {
                assert_eq!(asks.take_due(at_ns - 1), None);
                let (client, of_client) = asks.take_due(at_ns).unwrap();
                let ask = asks.waiting(client, sent[client as usize]).unwrap();
                assert_eq!((ask.due_ns, ask.k % 5), (at_ns, numbers[client as usize].into()));
                sent[client as usize] += 1;
                assert_eq!(of_client, sent[client as usize]);
                assert_eq!(asks.waiting(client, sent[client as usize]), None, "the next is not due");
                found.push(ask);
            }
            for (client, sent) in (0..).zip(sent) {
                assert_eq!(asks.of_client(client).count(), sent);
            }
        }
        found.sort_by_key(|ask| ask.k);
        // Those of the five seconds from the warm-up to the drain.
        let all: Vec<Ask> = (0..20).map(|k| Ask { k, due_ns: due(k) }).collect();
        assert_eq!(found, all);
    }

    #[test]
    fn asks_that_wait_are_had_in_their_order() {
        let mut asks = Asks::new(&share(1, 3, STREAM), &EDGES);
        while asks.take_due(u64::MAX).is_some() {}
        // Clients 1 and 4 are this worker's.
        let of_second: Vec<u64> = (0..).map_while(|sent| asks.waiting(1, sent)).map(|ask| ask.k).collect();
        assert_eq!(of_second, [4, 9, 14, 19]);
    }

    #[test]
    fn nobody_asks_where_all_is_published() {
        let mut asks = Asks::new(&share(0, 1, "pattern = \"broadcast\""), &EDGES);
        assert_eq!((asks.next_ns(), asks.take_due(u64::MAX)), (None, None));
        let mut nobody = Asks::new(&share(7, 8, STREAM), &EDGES);
        assert_eq!((nobody.next_ns(), nobody.take_due(u64::MAX)), (None, None));
    }
}
