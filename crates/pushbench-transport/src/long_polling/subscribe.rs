//! The client half of long polling: after an answer it asks again at once.

use super::Settings;
use crate::client::{Identity, Observer};
use crate::polling::{Hold, Pace, Poller, Rules};

/// A client that always has a request under way.
pub type Subscriber = Poller<AtOnce>;

impl Subscriber {
    /// A client of the endpoint at `path`.
    #[must_use]
    pub fn of(settings: &Settings, path: &'static str, identity: Identity) -> Self {
        Self::new(AtOnce, rules(settings, path), identity)
    }
}

/// The cycle of this transport.
pub(super) fn rules(settings: &Settings, path: &'static str) -> Rules {
    let reply_timeout_ns = settings.timeout.as_ns().saturating_add(settings.reply_timeout.as_ns());
    Rules {
        path,
        hold: Some(Hold::of(settings.timeout)),
        connection: settings.connection,
        reply_timeout_ns,
        retry_ns: settings.retry.as_ns(),
    }
}

/// No pause between an answer and the next request.
#[derive(Debug)]
pub struct AtOnce;

impl Pace for AtOnce {
    fn begin(&mut self, _: u64) {}

    fn begin_answer(&mut self, _: u64) {}

    fn after_reply(&self, now_ns: u64) -> u64 {
        now_ns
    }

    fn free(&mut self, _: u64) {}

    fn sending(&mut self, _: u64, _: &mut dyn Observer) {}
}
