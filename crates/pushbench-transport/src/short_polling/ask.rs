//! The client half of short polling that asks: it gets a ticket, and looks for its answer on a clock that begins with it.

use super::subscribe::{PollClock, rules};
use super::{Settings, Subscriber};
use crate::client::Identity;

/// A client of the endpoint at `path` that asks for answers.
#[must_use]
pub fn asker(settings: &Settings, path: &'static str, identity: Identity) -> Subscriber {
    Subscriber::asking(PollClock::of(settings, identity.phase), rules(settings, path), identity)
}
