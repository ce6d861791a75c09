//! How a connection is known to the poller, the timers and the hub: its place, and which of the connections that have had
//! this place it is. What is said of one that is gone is so never taken for news of the one that came after it.

/// The key of a connection, or of the listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    /// The listening socket. No connection has this key: there are never so many places.
    pub(crate) const LISTENER: Self = Self(u64::MAX);

    /// The connection at `place`, which is the `generation`-th of the target. There are fewer than 2^32 places.
    pub(crate) fn of(place: usize, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | place as u64)
    }

    /// As the poller has it.
    pub(crate) fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// For the poller.
    pub(crate) fn to_u64(self) -> u64 {
        self.0
    }

    /// Its place.
    pub(crate) fn place(self) -> usize {
        self.0 as u32 as usize
    }

    /// Which of the target's connections it is.
    pub(crate) fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_parts() {
        for (place, generation) in [(0, 0), (7, 1), (u32::MAX as usize - 1, u32::MAX)] {
            let key = Key::from_u64(Key::of(place, generation).to_u64());
            assert_eq!((key.place(), key.generation()), (place, generation));
            assert_ne!(key, Key::LISTENER);
        }
    }
}
