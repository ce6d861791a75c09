//! The server half: answers at once with what there is.

use super::Settings;
use crate::polling;
use crate::server::{Answer, PollAnswer, Question, Refusal};

/// The methods, as `Allow` has them.
pub const METHODS: &str = "GET, HEAD, POST";

/// The events that the request asks for, or `204`; to a `POST` the ticket of an answer.
///
/// # Errors
/// Of requests about answers, see [`polling::serve::serve`]. A topic that is not there is empty.
pub fn serve(_: &Settings, question: &Question<'_>, _: &mut Vec<u8>) -> Result<Answer, Refusal> {
    let poll = PollAnswer { start: question.query.start, hold: None, form: question.form };
    polling::serve::serve(question, poll)
}
