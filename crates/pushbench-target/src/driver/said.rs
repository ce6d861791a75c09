//! What clients say on the connection that they receive on: asks, and messages to their topic.
//!
//! Messages are published when the turn is over, as publish requests are and with the same faults: the driver has no part in
//! that.

use pushbench_probe::clock::now_ns;
use pushbench_transport::asking::Ask;
use pushbench_transport::server::TopicName;
use std::rc::Rc;

use super::Driver;
use super::connection::{Mode, Streaming};
use crate::key::Key;
use crate::server::Server;

/// A message that is to be published.
pub(crate) struct Said {
    topic: Rc<TopicName>,
    text: String,
}

impl Driver {
    /// A client said something: an ask, or a message to the topic that it subscribed to.
    pub(super) fn said(&mut self, key: Key, message: String, now_ns: u64) {
        if let Some(ask) = Ask::of(&message) {
            return self.asked_by_message(key, ask, now_ns);
        }
        let Some(connection) = self.get(key) else { return };
        let Mode::Streaming(Streaming { place: Some(place), .. }) = connection.mode else { return };
        let topic = Rc::clone(self.hub.name(place));
        self.said.push(Said { topic, text: message });
    }
}

impl Server {
    /// Publishes what a client said, unless a schedule has the topic to itself. Nobody is told of a refusal: it is counted.
    pub(crate) fn publish_said(&self, said: Said) {
        let Said { topic, text } = said;
        let now_ns = now_ns();
        if self.reserved.holds(topic.as_str(), now_ns) || self.publish(&topic, now_ns, |_| text).is_err() {
            self.counters.error_replies.count();
        }
    }
}
