//! The client half of long polling that asks: it gets a ticket, and always has a request for its answer under way.

use super::subscribe::{AtOnce, rules};
use super::{Settings, Subscriber};
use crate::client::Identity;

/// A client of the endpoint at `path` that asks for answers.
#[must_use]
pub fn asker(settings: &Settings, path: &'static str, identity: Identity) -> Subscriber {
    Subscriber::asking(AtOnce, rules(settings, path), identity)
}
