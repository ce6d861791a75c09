//! How long a client stays away after a failure: exponential, with full jitter.

/// The pause doubles up to 2^4 = 16 times the first one.
const MOST_DOUBLINGS: u32 = 4;

/// The pauses of one client.
#[derive(Debug)]
pub(super) struct Backoff {
    base_ns: u64,
    failures: u32,
    random: u64,
}

impl Backoff {
    pub(super) fn new(base_ns: u64, seed: u64) -> Self {
        Self { base_ns, failures: 0, random: seed }
    }

    /// The pause after one more failure: anything from nothing to the bound, so that clients that lost their server in
    /// one instant do not return in one instant.
    pub(super) fn next_ns(&mut self) -> u64 {
        let bound_ns = self.base_ns.saturating_mul(1 << self.failures.min(MOST_DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        let share = self.draw();
        // The high half of the product is uniform below the bound.
        ((u128::from(share) * u128::from(bound_ns)) >> 64) as u64
    }

    /// The connection is made.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// `SplitMix64`: a full period from any seed, in one word of state.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
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
            let mut backoff = Backoff::new(1000, seed);
            for (sum, longest) in sums.iter_mut().zip(&mut longest) {
                let pause = backoff.next_ns();
                *sum += pause;
                *longest = pause.max(*longest);
            }
            backoff.reset();
            assert!(backoff.next_ns() < 1000);
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
            let mut backoff = Backoff::new(u64::MAX, seed);
            [backoff.next_ns(), backoff.next_ns()]
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
    }
}
