//! What clients say on the connection that they receive on: messages to their topic.
//!
//! They are published when the turn is over, as publish requests are and with the same faults: the driver has no part in
//! that.

use pushbench_probe::clock::now_ns;
use pushbench_transport::server::TopicName;

use super::Driver;
use super::connection::{Mode, Streaming};
use crate::key::Key;
use crate::server::Server;

/// A message that is to be published.
pub(crate) struct Said {
    topic: TopicName,
    text: String,
}

impl Driver {
    /// A client said something: a message to the topic that it subscribed to.
    pub(super) fn said(&mut self, key: Key, message: String, _now_ns: u64) {
        let Some(connection) = self.get(key) else { return };
        let Mode::Streaming(Streaming { place: Some(place), .. }) = connection.mode else { return };
        let topic = self.hub.name(place).clone();
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
