//! How long a client stays away after a failure: exponential, with full jitter.

use crate::random::Random;

/// The pause doubles up to 2^4 = 16 times the first one.
pub(crate) const MOST_DOUBLINGS: u32 = 4;

/// The pauses of one client.
#[derive(Debug)]
pub(crate) struct Backoff {
    base_ns: u64,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(base_ns: u64) -> Self {
        Self { base_ns, failures: 0 }
    }

    /// The pause after one more failure: anything from nothing to the bound, so that clients that lost their server in
    /// one instant do not return in one instant.
    pub(crate) fn next_ns(&mut self, random: &mut Random) -> u64 {
        let bound_ns = self.base_ns.saturating_mul(1 << self.failures.min(MOST_DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        random.below(bound_ns)
    }

    /// The connection is made.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread_under_a_bound_that_doubles_sixteenfold() {
        let clients = 2000;
        let (mut sums, mut longest) = ([0u64; 7], [0u64; 7]);
        for seed in 0..clients {
            let (mut backoff, mut random) = (Backoff::new(1000), Random::new(seed));
            for (sum, longest) in sums.iter_mut().zip(&mut longest) {
                let pause = backoff.next_ns(&mut random);
                *sum += pause;
                *longest = pause.max(*longest);
            }
            backoff.reset();
            assert!(backoff.next_ns(&mut random) < 1000);
        }
        for (failures, bound) in [1000, 2000, 4000, 8000, 16000, 16000, 16000].into_iter().enumerate() {
            let mean = sums[failures] / clients;
            assert!(mean.abs_diff(bound / 2) < bound / 25, "mean {mean} under {bound}");
            assert!(longest[failures] < bound && longest[failures] > bound * 9 / 10);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let pauses = |seed| {
            let (mut backoff, mut random) = (Backoff::new(u64::MAX), Random::new(seed));
            [backoff.next_ns(&mut random), backoff.next_ns(&mut random)]
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
    }
}
