//! The server half: the upgrade, the delivery of events, and the echo.
//!
//! What a proper handshake is, the library knows, and what a peer says it reads, but for pongs: masks, fragments, UTF-8.
//! Frames of events, gaps and pings are put together here, as they are the same for all. Here is also decided what is sent
//! when, and with which code a connection ends. Only the echo does I/O: there the library has the socket.

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
/// [`Refusal`] when the request is no proper one for an upgrade, or asks for an answer.
pub fn serve(settings: &Settings, question: &Question<'_>, _: &mut Vec<u8>) -> Result<Answer, Refusal> {
    if question.query.ask.is_some() {
        return Err(Refusal::bad_request(
            "an answer is asked for on the socket here, by a message such as {\"ask\":7}",
        ));
    }
    Ok(Answer::Stream(Box::new(Session::new(settings, question)?)))
}
