//! The server half: answers at once with what there is.

use super::Settings;
use crate::polling;
use crate::server::{Ask, Hub, Refusal, Work};

/// The methods, as `Allow` has them.
pub const METHODS: &str = "GET, HEAD";

/// The events that the request asks for, or `204`.
///
/// # Errors
/// None: a topic that is not there is empty.
pub fn answer<H: Hub, B>(_: &Settings, ask: Ask<'_, H, B>) -> Result<Work<H::Socket>, Refusal> {
    let Ask { hub, query, bounds, .. } = ask;
    Ok(Work::Done(polling::serve::reply(&hub.read(&query.topic, query.start, bounds))))
}

/// How the question is answered.
///
/// # Errors
/// [`Refusal`] with the reason why it is not served.
pub fn serve(
    _: &Settings,
    _: &crate::server::Question<'_>,
    _: &mut Vec<u8>,
) -> Result<crate::server::Answer, Refusal> {
    Err(Refusal::new(hyper::StatusCode::NOT_IMPLEMENTED, "not yet"))
}
