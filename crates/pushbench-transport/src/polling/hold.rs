//! How long a server may hold a request, as it stands in each query.

use crate::Period;

/// The longest text of a period: the twenty digits of a `u64` and a unit of two letters.
const MAX_BYTES: usize = 22;

/// The value of `timeout` in the query. Made once and kept in place: it is in every request of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    bytes: [u8; MAX_BYTES],
    length: u8,
}

impl Hold {
    /// Of that period.
    #[must_use]
    pub fn of(period: Period) -> Self {
        // The micro sign needs escaping in a query; its other spelling does not.
        let text = period.to_string().replace('µ', "u");
        let mut bytes = [0; MAX_BYTES];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self { bytes, length: text.len() as u8 }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_period_has_room() {
        let table = [
            ("30s", "30s"),
            ("100.5ms", "100500us"),
            ("2500h", "2500h"),
            ("8999999999999999ns", "8999999999999999ns"),
        ];
        for (period, text) in table {
            assert_eq!(Hold::of(period.parse().unwrap()).as_str(), text);
        }
        assert!(Hold::of(Period::from_duration(std::time::Duration::MAX)).as_str().ends_with("615ns"));
    }
}
