//! WebSocket messages (RFC 6455): events are messages whose data is the payload itself.

/// Header of the `101`: the newest event id that came before the subscription.
pub use crate::polling::wire::CURSOR_HEADER;

const GAP_PREFIX: &str = r#"{"gap":true,"oldest":"#;

/// Says that events before `oldest` are gone: always a text message.
#[must_use]
pub fn gap_message(oldest: u64) -> String {
    format!("{GAP_PREFIX}{oldest}}}")
}
