//! What one process of a step has to do: its share of the plan.
//!
//! Shares are values that a coordinator hands out; how they travel is not known here.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

use crate::plan::{Plan, Source, TransportPlan, topic_of_client};

/// A worker's share of the clients of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerShare {
    /// The whole plan.
    pub plan: Plan,
    /// Position of the transport in the plan.
    pub transport: usize,
    /// Clients of the step, over all workers.
    pub clients: u32,
    /// This worker's number, from 0.
    pub worker: u32,
    /// Number of workers.
    pub workers: u32,
    /// Where the targets listen.
    pub targets: Vec<SocketAddr>,
    /// Address to connect from; `None` leaves it to the kernel.
    pub source: Option<IpAddr>,
}

impl WorkerShare {
    /// The transport under test.
    #[must_use]
    pub fn transport(&self) -> &TransportPlan {
        &self.plan.transports[self.transport]
    }

    /// Whether its clients send messages by requests, each on a second connection.
    #[must_use]
    pub fn posts(&self) -> bool {
        self.plan.connections_per_client(self.transport()) > 1
    }

    /// The numbers of this worker's clients: dealt out in turn, so that every worker sees the whole ramp.
    pub fn client_numbers(&self) -> impl Iterator<Item = u32> + use<> {
        (self.worker..self.clients).step_by(self.workers.max(1) as usize)
    }

    /// The target of a client.
    #[must_use]
    pub fn target_of(&self, client: u32) -> SocketAddr {
        self.targets[self.target_number_of(client)]
    }

    /// Position of a client's target among all of them.
    #[must_use]
    pub fn target_number_of(&self, client: u32) -> usize {
        // Those who are to hear each other are at one target, and rooms are dealt out like clients.
        let dealt = match self.plan.events.source {
            Source::Members => topic_of_client(client, self.plan.topics(self.clients)),
            Source::Publisher | Source::Answers(_) => client,
        };
        target_number(dealt, self.workers, self.targets.len() as u32) as usize
    }
}

/// A target process's share: all of them publish the same schedule to clients of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetShare {
    /// The whole plan.
    pub plan: Plan,
    /// Position of the transport in the plan.
    pub transport: usize,
    /// Clients of the step, over all targets.
    pub clients: u32,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Connections that it takes at once; `None`: as many as its open files allow.
    pub connections: Option<u64>,
}

impl TargetShare {
    /// The transport under test.
    #[must_use]
    pub fn transport(&self) -> &TransportPlan {
        &self.plan.transports[self.transport]
    }
}

/// The target of a client: every target gets as many clients as the others, and every worker has clients at every target.
///
/// Dealt out in turn like the workers' clients they would be bound to each other, as many of each as there are, and all
/// connections of a worker would go from one address to one other. Towards one other the kernel looks for a free port
/// among every second one first, so that from half of the ports on each connect walks through all of those in vain:
/// measured on Linux 6.18, 100,000 clients of 6 workers came to a standstill at 85,000.
fn target_number(client: u32, workers: u32, targets: u32) -> u32 {
    let (client, workers, targets) =
        (u64::from(client), u64::from(workers.max(1)), u64::from(targets.max(1)));
    // From here on the same pairs of worker and target would come again.
    let lap = workers / greatest_common_divisor(workers, targets) * targets;
    ((client + client / lap) % targets) as u32
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_members_of_a_room_are_at_one_target_and_targets_have_as_many_rooms() {
        let scenario = "name = \"chat\"\n[clients]\ncount = 600\n[events]\npattern = \"chat\"\nmembers = 20\n\
                        rate = \"6/m\"\n[phases]\nmeasure = \"10s\"\n[[transports]]\nkind = \"sse\"";
        let plan = crate::parse(scenario, "chat.toml", &crate::Overrides::default()).unwrap();
        let targets: Vec<SocketAddr> = (1..=3).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
        let share =
            WorkerShare { plan, transport: 0, clients: 600, worker: 0, workers: 3, targets, source: None };
        let mut rooms_of_target = BTreeMap::<SocketAddr, u32>::new();
        for room in 0..30 {
            let target = share.target_of(room);
            *rooms_of_target.entry(target).or_default() += 1;
            assert!((room..600).step_by(30).all(|client| share.target_of(client) == target));
        }
        assert_eq!(rooms_of_target.into_values().collect::<Vec<_>>(), [10, 10, 10]);
    }

    proptest! {
        #[test]
        fn every_target_has_as_many_clients_as_the_others_and_some_of_every_worker(
            clients in 1_u32..20_000, workers in 1_u32..12, targets in 1_u32..12,
        ) {
            let mut of_target = vec![0_u32; targets as usize];
            let mut of_pair = BTreeMap::<(u32, u32), u32>::new();
            for client in 0..clients {
                let target = target_number(client, workers, targets);
                of_target[target as usize] += 1;
                *of_pair.entry((client % workers, target)).or_default() += 1;
            }
            prop_assert_eq!(of_target.iter().max(), Some(&clients.div_ceil(targets)));
            prop_assert!(of_target.iter().min() >= Some(&(clients / targets)));
            let most = of_pair.values().max().copied().unwrap_or_default();
            prop_assert!(most <= clients.div_ceil(workers * targets) + targets, "{} of a pair", most);
        }
    }
}
