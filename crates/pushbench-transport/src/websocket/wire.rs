//! WebSocket messages (RFC 6455): events are messages whose data is the payload itself.

/// Header of the `101`: the newest event id that came before the subscription.
pub use crate::polling::wire::CURSOR_HEADER;

const GAP_PREFIX: &str = r#"{"gap":true,"oldest":"#;

/// Says that events before `oldest` are gone: always a text message.
#[must_use]
pub fn gap_message(oldest: u64) -> String {
    format!("{GAP_PREFIX}{oldest}}}")
}

/// Longest message accepted, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// Reads a gap marker; `None` when the message is an event.
#[must_use]
pub fn gap_of(message: &[u8]) -> Option<u64> {
    let digits = message.strip_prefix(GAP_PREFIX.as_bytes())?.strip_suffix(b"}")?;
    if digits.iter().all(u8::is_ascii_digit) { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_read_back_and_nothing_else_is_one() {
        for oldest in [0, 7, u64::MAX] {
            assert_eq!(gap_of(gap_message(oldest).as_bytes()), Some(oldest));
        }
        for event in
            ["", "{}", r#"{"gap":true}"#, r#"{"gap":true,"oldest":}"#, r#"{"gap":true,"oldest":1,"x":2}"#]
        {
            assert_eq!(gap_of(event.as_bytes()), None, "{event}");
        }
    }
}
