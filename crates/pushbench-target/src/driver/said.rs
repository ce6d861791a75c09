//! What clients say on the connection that they receive on: asks, and messages to their topic.

use pushbench_transport::asking::Ask;

use super::Driver;
use crate::key::Key;

impl Driver {
    /// A client said something.
    pub(super) fn said(&mut self, key: Key, message: String, now_ns: u64) {
        if self.get(key).is_none() {
            return;
        }
        match Ask::of(&message) {
            Some(ask) => self.asked_by_message(key, ask, now_ns),
            None => self.sent_message(key, message, now_ns),
        }
    }

    /// A client sent a message to its topic.
    #[expect(clippy::unused_self, reason = "nobody sends yet")]
    fn sent_message(&mut self, _key: Key, _message: String, _now_ns: u64) {}
}
