//! The server half: answers at once with what there is.

use super::Settings;
use crate::polling;
use crate::server::{Answer, Ask, Hub, PollAnswer, Question, Refusal, ReplyForm, Work};

/// The methods, as `Allow` has them.
pub const METHODS: &str = "GET, HEAD";

/// The events that the request asks for, or `204`.
///
/// # Errors
/// None: a topic that is not there is empty.
pub fn serve(_: &Settings, question: &Question<'_>, _: &mut Vec<u8>) -> Result<Answer, Refusal> {
    let form = ReplyForm::of(question.head);
    Ok(Answer::Poll(PollAnswer { start: question.query.start, hold: None, form }))
}

/// The same for an HTTP library.
///
/// # Errors
/// None: a topic that is not there is empty.
pub fn answer<H: Hub, B>(_: &Settings, ask: Ask<'_, H, B>) -> Result<Work<H::Socket>, Refusal> {
    let Ask { hub, query, bounds, .. } = ask;
    Ok(Work::Done(polling::serve::reply(&hub.read(&query.topic, query.start, bounds))))
}
