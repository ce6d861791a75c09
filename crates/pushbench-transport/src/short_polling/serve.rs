//! The server half: answers at once with what there is.

use crate::polling;
use crate::server::{Bounds, Hub, Query, Reply};

/// The events that the request asks for, or `204`.
pub fn reply<H: Hub>(hub: &H, query: &Query, bounds: Bounds) -> Reply {
    polling::serve::reply(&hub.read(&query.topic, query.start, bounds))
}
