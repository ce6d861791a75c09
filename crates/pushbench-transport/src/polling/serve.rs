//! The reply of both polling transports: a batch of events in, a response out.
//!
//! A `POST` that names an `ask` begins an answer (pattern `stream`) and gets a ticket: `202`, which says that there is nothing
//! yet but will be, and where (RFC 9110, section 15.3.3). A poll at that place which finds nothing yet is answered as any poll
//! is, by a `204`: it is a `GET` that was fulfilled, of the parts so far, of which there are none after the cursor. Job APIs
//! differ here; those that say `202` again do so with a `Retry-After`, whose seconds (section 10.2.3) are too coarse for
//! clients that look several times in one, and which has no meaning for a request that was held. So a wait answer takes the
//! same few bytes in every pattern. That the answer is over is said by its end event alone.

use bytes::Bytes;
use hyper::StatusCode;
use std::borrow::Borrow;

use super::wire::{CURSOR_HEADER, body_size, element, write_body};
use crate::Kind;
use crate::http::Framing;
use crate::server::{Answer, Batch, Event, PollAnswer, Question, Refusal, ReplyForm, Start, TopicRef};

/// What a request is answered with that may ask for an answer, or poll for one; otherwise it is `poll`.
///
/// # Errors
/// [`Refusal`] for a `POST` that asks for nothing, and for a poll for an answer without a place from where on.
pub fn serve(question: &Question<'_>, poll: PollAnswer) -> Result<Answer, Refusal> {
    match (question.head.method, question.query.ask) {
        ("POST", Some(_)) => Ok(Answer::Ticket(question.form)),
        ("POST", None) => {
            Err(Refusal::bad_request("a POST asks for an answer here: the query needs ask, as in ask=7"))
        }
        (_, Some(_)) if poll.start == Start::Now => {
            Err(Refusal::bad_request("an answer is asked for by POST, and polled for with ask and after"))
        }
        _ => Ok(Answer::Poll(poll)),
    }
}

/// Appends the whole response to a request that asked for an answer, whose parts come after `cursor`.
pub fn write_ticket(
    path: &str,
    topic: TopicRef<'_>,
    ask: u64,
    cursor: u64,
    form: ReplyForm,
    date: &str,
    out: &mut Vec<u8>,
) {
    let place = format!("{path}?topic={}&ask={ask}&after={cursor}", topic.as_str());
    let response = form
        .begin(StatusCode::ACCEPTED, out)
        .header("location", place)
        .header("cache-control", "no-store")
        .number(CURSOR_HEADER, cursor);
    form.end(response, Framing::Length(0), date);
}

/// Appends the whole response that tells of a batch to `out`: `200` with the events, or `204` when there is nothing to
/// tell.
pub fn write(batch: &Batch, form: ReplyForm, date: &str, out: &mut Vec<u8>) {
    let Batch { events, cursor, gap, more } = batch;
    match events.as_slice() {
        [event] if event.id() == *cursor && !gap && !more => write_event(event, form, date, out),
        events => Told { events, cursor: *cursor, gap: *gap, more: *more }.write(form, date, out),
    }
}

/// Appends the whole response that tells of one event, and of nothing else, to `out`.
///
/// A new event answers all polls that are held for it, and nearly all of them with the same bytes: those are made once
/// and kept in the event. They hold a date, so they are of use for a second.
pub fn write_event(event: &Event, form: ReplyForm, date: &str, out: &mut Vec<u8>) {
    let told = Told { events: std::slice::from_ref(event), cursor: event.id(), gap: false, more: false };
    if form.is_plain() {
        let kept = event.encoded(Kind::LongPolling, |_| {
            let mut response = Vec::new();
            told.write(form, date, &mut response);
            response.into()
        });
        if told.date_in(kept) == date.as_bytes() {
            return out.extend_from_slice(kept);
        }
    }
    told.write(form, date, out);
}

/// Appends the whole response that says that there is nothing after `cursor` to `out`.
pub fn write_nothing(cursor: u64, form: ReplyForm, date: &str, out: &mut Vec<u8>) {
    let response = form
        .begin(StatusCode::NO_CONTENT, out)
        .header("cache-control", "no-store")
        .number(CURSOR_HEADER, cursor);
    form.end(response, Framing::None, date);
}

/// What a reply tells: events as they are, or shared ones.
struct Told<'a, E> {
    events: &'a [E],
    cursor: u64,
    gap: bool,
    more: bool,
}

impl<E: Borrow<Event>> Told<'_, E> {
    fn write(&self, form: ReplyForm, date: &str, out: &mut Vec<u8>) {
        if self.events.is_empty() && !self.gap {
            return write_nothing(self.cursor, form, date, out);
        }
        let response = form
            .begin(StatusCode::OK, out)
            .header("content-type", "application/json")
            .header("cache-control", "no-store")
            .number(CURSOR_HEADER, self.cursor);
        form.end(response, Framing::Length(self.body_size() as u64), date);
        if !form.head_only {
            write_body(self.cursor, self.elements(), self.gap, self.more, out);
        }
    }

    fn elements(&self) -> impl Iterator<Item = &[u8]> {
        self.events.iter().map(|event| &element_of(event.borrow())[..])
    }

    fn body_size(&self) -> usize {
        body_size(self.cursor, self.elements(), self.gap, self.more)
    }

    /// The date in a whole response: it is the last thing before the body.
    fn date_in<'a>(&self, response: &'a [u8]) -> &'a [u8] {
        const DATE: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();
        let end = response.len().saturating_sub(self.body_size() + "\r\n\r\n".len());
        &response[end.saturating_sub(DATE)..end]
    }
}

/// The same for both transports, and kept once for both.
fn element_of(event: &Event) -> &Bytes {
    event.encoded(Kind::ShortPolling, |event| element(event.payload()))
}
