//! When each client is to be there: a pure function of the plan and the seed, whatever happens in the run.
//!
//! Two things make clients come and go: the shape of their number, and the lifetimes of their connections. A client is
//! there while both say so. What becomes of connections in between (drops, errors) is not known here.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::time::Duration;

use crate::law::Law;
use crate::plan::{Plan, TransportPlan};
use crate::schedule::{Stream, rng};
use pushbench_transport::settings::TransportSettings as _;

/// Shortest stay and shortest absence: what a law draws below this is lengthened.
pub const SHORTEST: Duration = Duration::from_millis(10);

/// Words of a client's own in the stream: far more than any client's lives take.
const WORDS: u32 = 36;

/// Who would come later than this before the end of the measure phase does not come: it might not be ready in time.
const SETTLING: Duration = Duration::from_secs(1);

impl Plan {
    /// Whether clients come and go by plan in the course of a step.
    #[must_use]
    pub fn has_lives(&self) -> bool {
        self.life.lifetime.is_some() || !self.presence.is_flat()
    }

    /// Whether client `client` of so many arrives in the ramp; all but those do that come later by plan, or never.
    #[must_use]
    pub fn arrives_in_ramp(&self, client: u32, clients: u32) -> bool {
        self.presence.is_flat() || self.arrival_ns(client, clients) == Some(0)
    }

    /// When client `client` of so many comes for the first time, in nanoseconds since the warm-up began; 0 in the ramp.
    /// Clients of higher numbers come no earlier. `None` for one that never comes.
    #[must_use]
    pub fn arrival_ns(&self, client: u32, clients: u32) -> Option<u64> {
        self.times_there(client, clients).first().map(|time| time.start)
    }

    /// When client `client` of so many is to be there, in order and apart, in nanoseconds since the warm-up began. A stay
    /// that begins at 0 begins with the client's arrival in the ramp; one that ends at `u64::MAX` lasts to the end.
    ///
    /// Nobody leaves after the measure phase, and nobody comes after it or within its last second: a stay under way at its
    /// end lasts to the end of the step, and one that would begin later does not take place.
    #[must_use]
    pub fn stays(&self, client: u32, clients: u32) -> Vec<Range<u64>> {
        let there = self.times_there(client, clients);
        let end_ns = self.end_ns();
        let mut stays = match &self.life.lifetime {
            None => there,
            Some(lifetime) => Lives::of(lifetime, &self.life.pause, self.seed, client).within(&there, end_ns),
        };
        stays.retain(|stay| stay.start < self.last_coming_ns());
        for stay in stays.iter_mut().filter(|stay| stay.end >= end_ns) {
            stay.end = u64::MAX;
        }
        stays
    }

    /// How long after an event was due it has reached every client of the transport that is there, unless something is in
    /// the way: what it may wait by design, and a second.
    #[must_use]
    pub fn settled_within(&self, transport: &TransportPlan) -> Duration {
        let injected = self.inject.map_or(Duration::ZERO, |inject| inject.longest_hold());
        transport.settings.longest_wait() + injected + self.coalesce.longest_hold() + Duration::from_secs(1)
    }

    /// When the shape of the number of clients wants it there.
    fn times_there(&self, client: u32, clients: u32) -> Vec<Range<u64>> {
        let mut times = self.presence.presence(client, clients);
        times.retain(|time| time.start < self.last_coming_ns());
        times
    }

    fn end_ns(&self) -> u64 {
        (self.phases.warmup + self.phases.measure).as_nanos() as u64
    }

    /// The end of the time in which clients come; those of the ramp do in any case.
    fn last_coming_ns(&self) -> u64 {
        self.end_ns().saturating_sub(SETTLING.as_nanos() as u64).max(1)
    }
}

/// In which order a storm takes so many connections, by their positions.
#[must_use]
pub fn storm_order(seed: u64, connections: usize) -> Vec<usize> {
    let mut rng = rng(seed, Stream::Storm);
    let mut order: Vec<usize> = (0..connections).collect();
    order.shuffle(&mut rng);
    order
}

/// The lives of one client, drawn one after the other.
struct Lives<'a> {
    lifetime: &'a Law,
    pause: &'a Law,
    rng: ChaCha8Rng,
}

impl<'a> Lives<'a> {
    fn of(lifetime: &'a Law, pause: &'a Law, seed: u64, client: u32) -> Self {
        let mut rng = rng(seed, Stream::Lives);
        rng.set_word_pos(u128::from(client) << WORDS);
        Self { lifetime, pause, rng }
    }

    fn draw(&mut self, law: &Law) -> u64 {
        let drawn_ns = law.draw(1, &mut self.rng).first().copied().unwrap_or_default();
        drawn_ns.max(SHORTEST.as_nanos() as u64)
    }

    /// One life after the other, anew in each of the times, up to an instant. Of those who are there at the begin the first
    /// life may be at any instant of it: else clients with lives of one length would all leave at once.
    fn within(mut self, times: &[Range<u64>], until_ns: u64) -> Vec<Range<u64>> {
        let mut stays = Vec::new();
        for time in times {
            let mut begin_ns = time.start;
            while begin_ns < time.end.min(until_ns) {
                let mut life_ns = self.draw(self.lifetime);
                if begin_ns == 0 {
                    life_ns = ((life_ns as f64 * self.rng.random::<f64>()) as u64).max(1);
                }
                let end_ns = begin_ns.saturating_add(life_ns);
                stays.push(begin_ns..end_ns.min(time.end));
                begin_ns = end_ns.saturating_add(self.draw(self.pause));
            }
        }
        stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn churn(law: &Law, client: u32) -> Vec<Range<u64>> {
        let always = 0..u64::MAX;
        Lives::of(law, &Law::Constant(S), 7, client).within(std::slice::from_ref(&always), 1_000 * S)
    }

    #[test]
    fn lives_of_one_length_follow_each_other_and_begin_anywhere() {
        let law = Law::Constant(4 * S);
        let mut first = [0; 4];
        for client in 0..1_000 {
            let stays = churn(&law, client);
            assert_eq!(stays[0].start, 0);
            first[(stays[0].end / S) as usize] += 1;
            for pair in stays.windows(2) {
                assert_eq!((pair[1].start - pair[0].end, pair[1].end - pair[1].start), (S, 4 * S));
            }
            assert!(stays.last().is_some_and(|stay| stay.end >= 999 * S), "up to the end");
        }
        assert!(first.iter().all(|count| (200..300).contains(count)), "{first:?}");
    }

    #[test]
    fn lives_have_the_mean_of_their_law_and_each_client_its_own() {
        let law = Law::Exponential { mean_ns: 5 * S };
        let all: Vec<Range<u64>> = (0..50).flat_map(|client| churn(&law, client).split_off(1)).collect();
        let mean = all.iter().map(|stay| (stay.end - stay.start) as f64).sum::<f64>() / all.len() as f64;
        assert!((mean / (5 * S) as f64 - 1.0).abs() < 0.05, "mean {mean}");
        assert_eq!(churn(&law, 3), churn(&law, 3));
        assert_ne!(churn(&law, 3), churn(&law, 4));
    }

    #[test]
    fn a_storm_takes_each_once_in_an_order_of_the_seed() {
        let order = storm_order(7, 100);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
        assert_eq!(order, storm_order(7, 100));
        assert_ne!(order, storm_order(8, 100));
        assert!(order[..50].iter().any(|at| *at >= 50), "from everywhere: {order:?}");
    }

    #[test]
    fn a_life_begins_anew_whenever_the_client_is_wanted() {
        let (law, pause) = (Law::Constant(4 * S), Law::Constant(S));
        let stays = Lives::of(&law, &pause, 7, 0).within(&[10 * S..21 * S, 30 * S..u64::MAX], 36 * S);
        let expected = [10..14, 15..19, 20..21, 30..34, 35..39];
        assert_eq!(stays, expected.map(|stay| stay.start * S..stay.end * S));
    }
}
