//! One client's random numbers: the same ones from the same seed.

/// `SplitMix64`: a full period from any seed, in one word of state.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform from nothing to just below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product.
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// A mask for a frame (RFC 6455, section 5.3). Nobody has to be kept from guessing it: what a client sends here is
    /// its own request, or the server's bytes again.
    pub(crate) fn mask(&mut self) -> [u8; 4] {
        (self.draw() as u32).to_ne_bytes()
    }
}
