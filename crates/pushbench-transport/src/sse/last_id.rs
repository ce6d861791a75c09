//! The last event id of a stream: a number nearly always, and then kept without memory of its own.

/// Longest id kept in place: a `u64` in decimal has twenty digits.
const SHORT_BYTES: usize = 22;

/// A string of bytes, empty when there is no id.
#[derive(Debug)]
pub(super) enum LastId {
    Short { bytes: [u8; SHORT_BYTES], length: u8 },
    Long(Box<[u8]>),
}

impl Default for LastId {
    fn default() -> Self {
        Self::Short { bytes: [0; SHORT_BYTES], length: 0 }
    }
}

impl LastId {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { bytes, length } => &bytes[..usize::from(*length)],
            Self::Long(bytes) => bytes,
        }
    }

    pub(super) fn set(&mut self, id: &[u8]) {
        if id.len() > SHORT_BYTES {
            *self = Self::Long(id.into());
            return;
        }
        let mut bytes = [0; SHORT_BYTES];
        bytes[..id.len()].copy_from_slice(id);
        *self = Self::Short { bytes, length: id.len() as u8 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_length_are_kept() {
        let mut id = LastId::default();
        assert_eq!(id.as_bytes(), b"");
        for length in [1, SHORT_BYTES, SHORT_BYTES + 1, 1000, SHORT_BYTES, 0] {
            let bytes = vec![b'7'; length];
            id.set(&bytes);
            assert_eq!(id.as_bytes(), bytes);
        }
        assert_eq!(size_of::<LastId>(), 24);
    }
}
