//! The server half: answers at once with what there is.

use super::Settings;
use crate::server::{Answer, PollAnswer, Question, Refusal};

/// The methods, as `Allow` has them.
pub const METHODS: &str = "GET, HEAD";

/// The events that the request asks for, or `204`.
///
/// # Errors
/// None: a topic that is not there is empty.
pub fn serve(_: &Settings, question: &Question<'_>, _: &mut Vec<u8>) -> Result<Answer, Refusal> {
    Ok(Answer::Poll(PollAnswer { start: question.query.start, hold: None, form: question.form }))
}
