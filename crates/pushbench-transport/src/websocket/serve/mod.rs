//! The server half: the upgrade, the delivery of events, and the echo.
//!
//! The handshake, frames, masks, fragments and UTF-8 are the library's work. Here is decided what is sent when, and
//! with which code a connection ends.

mod closing;
mod echo;
mod handshake;
mod peer;
mod session;

pub use self::echo::{ECHO_BYTES_MAX, Echo, answer_echo};

use self::session::Session;
use super::Settings;
use crate::server::{Answer, Question, Refusal};

/// Largest message that a subscriber may send, in bytes: it is read and ignored.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// The methods, as `Allow` has them.
pub const METHODS: &str = "GET";

/// An upgrade, and then the events of a subscription until either side ends it.
///
/// # Errors
/// [`Refusal`] when the request is no proper one for an upgrade.
pub fn serve(settings: &Settings, question: &Question<'_>, _: &mut Vec<u8>) -> Result<Answer, Refusal> {
    Ok(Answer::Stream(Box::new(Session::new(settings, question)?)))
}
