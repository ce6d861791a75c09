//! What clients say on the connection that they receive on: asks, and messages to their topic.

use super::Driver;
use crate::key::Key;

impl Driver {
    /// A client said something. What is neither an ask nor a message is nothing.
    #[expect(clippy::unused_self, reason = "nobody asks or sends yet")]
    pub(super) fn said(&mut self, _key: Key, _message: String, _now_ns: u64) {}
}
