//! Which client arrives when, as whom: one after the other, at their instants, whatever became of those before.

use pushbench_scenario::plan::{topic_name, topic_of_client};
use pushbench_scenario::schedule::{arrival_offset_ns, client_seed, poll_phase};
use pushbench_scenario::share::WorkerShare;
use pushbench_transport::client::Identity;
use std::net::SocketAddr;
use std::rc::Rc;

/// The clients of a worker that have not arrived yet.
pub(crate) struct Arrivals {
    share: Rc<WorkerShare>,
    start_ns: u64,
    /// When the warm-up begins, once that is known.
    warmup_ns: Option<u64>,
    /// Number of topics of the step.
    topics: u32,
    /// How many have arrived.
    arrived: u32,
    /// The next one's number among all clients of the step, and its instant.
    next: Option<(u32, u64)>,
    /// Targets in writing, in the order of the share.
    hosts: Box<[Rc<str>]>,
    /// Names of topics that a client came for, by number.
    names: Vec<Option<Rc<str>>>,
}

/// One that arrives.
pub(crate) struct Arrival {
    pub(crate) at_ns: u64,
    pub(crate) topic: u32,
    pub(crate) identity: Identity,
}

impl Arrivals {
    /// Everybody is still to come; the first client of the step is due at `start_ns`.
    pub(crate) fn new(share: Rc<WorkerShare>, start_ns: u64) -> Self {
        let topics = share.plan.topics(share.clients);
        let hosts = share.targets.iter().map(|target| Rc::from(target.to_string())).collect();
        let mut arrivals = Self {
            share,
            start_ns,
            warmup_ns: None,
            topics,
            arrived: 0,
            next: None,
            hosts,
            names: vec![None; topics as usize],
        };
        arrivals.next = arrivals.at(0);
        arrivals
    }

    /// Makes known when the warm-up begins, from which those count who come later than in the ramp.
    pub(crate) fn begin(&mut self, warmup_ns: u64) {
        self.warmup_ns = Some(warmup_ns);
        self.next = self.at(self.arrived);
    }

    /// How many clients of a share arrive in the ramp.
    pub(crate) fn in_ramp(share: &WorkerShare) -> u32 {
        share.client_numbers().take_while(|client| share.plan.arrives_in_ramp(*client, share.clients)).count()
            as u32
    }

    /// When the next one arrives.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.next.map(|(_, at_ns)| at_ns)
    }

    /// Lets in the next one that is due at `now_ns`.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> Option<Arrival> {
        let (client, at_ns) = self.next.filter(|(_, at_ns)| *at_ns <= now_ns)?;
        self.arrived += 1;
        self.next = self.at(self.arrived);
        let topic = topic_of_client(client, self.topics);
        let seed = self.share.plan.seed;
        let identity = Identity {
            host: Rc::clone(&self.hosts[self.share.target_number_of(client)]),
            topic: self.name(topic),
            seed: client_seed(seed, client),
            phase: poll_phase(seed, client),
            resume: self.share.plan.life.resume,
        };
        Some(Arrival { at_ns, topic, identity })
    }

    /// Number and instant of the client that is the worker's own `nth`, from 0.
    fn at(&self, nth: u32) -> Option<(u32, u64)> {
        let client = number(&self.share, nth);
        if client >= self.share.clients {
            return None;
        }
        let WorkerShare { plan, clients, .. } = &*self.share;
        let at_ns = if plan.arrives_in_ramp(client, *clients) {
            self.start_ns + arrival_offset_ns(client, plan.connect_rate)
        } else {
            self.warmup_ns?.saturating_add(plan.arrival_ns(client, *clients)?)
        };
        Some((client, at_ns))
    }

    /// One name for all clients of a topic.
    fn name(&mut self, topic: u32) -> Rc<str> {
        let topics = self.share.plan.events.topics;
        let name = self.names[topic as usize].get_or_insert_with(|| topic_name(topics, topic).into());
        Rc::clone(name)
    }
}

/// The target of the worker's own client `nth`, from 0.
pub(crate) fn target_of(share: &WorkerShare, nth: u32) -> SocketAddr {
    share.target_of(number(share, nth))
}

/// The number of the worker's own client `nth` among all clients of the step: they are dealt out in turn.
pub(crate) fn number(share: &WorkerShare, nth: u32) -> u32 {
    share.worker.saturating_add(nth.saturating_mul(share.workers.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::Overrides;

    fn share(worker: u32) -> Rc<WorkerShare> {
        let scenario = r#"
            name = "arrivals"
            [clients]
            count = 7
            connect_rate = "1000/s"
            [events]
            pattern = "topics"
            topics = 2
            rate = "1/s"
            size = "100B"
            [phases]
            measure = "1s"
            [[transports]]
            kind = "sse"
        "#;
        let plan = pushbench_scenario::parse(scenario, "arrivals.toml", &Overrides::default()).unwrap();
        let targets = vec!["127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()];
        Rc::new(WorkerShare { plan, transport: 0, clients: 7, worker, workers: 3, targets, source: None })
    }

    #[test]
    fn every_client_of_the_share_arrives_at_its_instant_and_at_its_target() {
        const MS: u64 = 1_000_000;
        let share = share(1);
        let mut arrivals = Arrivals::new(Rc::clone(&share), 5 * MS);
        let numbers: Vec<u32> = share.client_numbers().collect();
        assert_eq!(numbers, [1, 4]);
        for (nth, client) in (0..).zip(numbers) {
            let at_ns = (5 + u64::from(client)) * MS;
            assert_eq!(arrivals.next_ns(), Some(at_ns));
            assert!(arrivals.take_due(at_ns - 1).is_none());
            let arrival = arrivals.take_due(at_ns).unwrap();
            let target = share.target_of(client);
            assert_eq!(target_of(&share, nth), target);
            assert_eq!((arrival.at_ns, &*arrival.identity.host), (at_ns, &*target.to_string()));
            assert_eq!(*arrival.identity.topic, topic_name(share.plan.events.topics, arrival.topic));
        }
        assert_eq!(arrivals.next_ns(), None);
        assert!(arrivals.take_due(u64::MAX).is_none());
    }

    #[test]
    fn a_worker_without_clients_waits_for_none() {
        assert_eq!(Arrivals::new(share(9), 0).next_ns(), None);
    }
}
