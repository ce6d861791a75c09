//! The last words of all workers of a step, added up.
//!
//! Workers of a round have clients of their own: their numbers and their peaks add up. Rounds have the same clients again:
//! there only what happened adds up.

use crate::age::AgeSum;
use crate::fates::Fates;
use crate::ledger::Tally;
use crate::snapshot::WorkerFinal;
use crate::wire::{READINGS, WireLog};
use crate::{Counters, Histogram};

/// The last words of all workers, added up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkerSums {
    /// Sum of the ledgers.
    pub tally: Tally,
    /// Counters at the begin and the end of the measure phase and at the end of the step.
    pub edges: [Counters; 3],
    /// Sum of the ages.
    pub age: AgeSum,
    /// What became of answers, of connections that went and came back, and of slow readers.
    pub fates: Fates,
    /// Events delivered, over clients.
    pub delivered_per_client: Histogram,
    /// Mean delivery latency, over clients.
    pub latency_mean_per_client: Histogram,
    /// What the sockets carried.
    pub wire: WireLog,
    /// Counters at the readings of `wire`, and when all sockets were closed.
    pub at_readings: [Counters; READINGS + 1],
}

impl WorkerSums {
    /// Adds the books of another round. The readings of its sockets are left out: what those of one round say is told
    /// by [`WireFacts`](crate::wire::WireFacts), which add up by themselves.
    pub fn pool(&mut self, other: &Self) {
        self.tally.pool(&other.tally);
        self.fates.pool(&other.fates);
        self.add_what_happened(
            &other.edges,
            &other.age,
            [&other.delivered_per_client, &other.latency_mean_per_client],
        );
    }

    /// Adds one worker's.
    pub fn add(&mut self, worker: &WorkerFinal) {
        self.tally.add(&worker.tally);
        self.fates.add(&worker.fates);
        self.add_what_happened(
            &worker.edges,
            &worker.age,
            [&worker.delivered_per_client, &worker.latency_mean_per_client],
        );
        self.wire.add(&worker.wire);
        for (sum, counters) in self.at_readings.iter_mut().zip(&worker.at_readings) {
            sum.add(counters);
        }
    }

    fn add_what_happened(
        &mut self,
        edges: &[Counters; 3],
        age: &AgeSum,
        [delivered_per_client, latency_mean_per_client]: [&Histogram; 2],
    ) {
        for (sum, edge) in self.edges.iter_mut().zip(edges) {
            sum.add(edge);
        }
        self.age.add(age);
        self.delivered_per_client.add(delivered_per_client);
        self.latency_mean_per_client.add(latency_mean_per_client);
    }

    /// What happened within the measure phase.
    #[must_use]
    pub fn measured(&self) -> Counters {
        self.edges[1].since(&self.edges[0])
    }
}
