//! The reply of both polling transports: a batch of events in, a response out.

use bytes::Bytes;
use hyper::StatusCode;

pub use super::answer::reply;

use super::wire::{CURSOR_HEADER, body_size, element, write_body};
use crate::Kind;
use crate::http::Framing;
use crate::server::{Batch, Event, ReplyForm};

/// Appends the whole response that tells of a batch to `out`: `200` with the events, or `204` when there is nothing to
/// tell.
///
/// A new event answers all polls that are held for it, and nearly all of them with the same bytes: those are made once
/// and kept in the event.
pub fn write(batch: &Batch, form: ReplyForm, date: &str, out: &mut Vec<u8>) {
    match batch.events.as_slice() {
        [event] if form.is_plain() && is_news(batch, event) => {
            let kept = event.encoded(Kind::LongPolling, |_| {
                let mut whole = Vec::new();
                write_anew(batch, form, date, &mut whole);
                whole.into()
            });
            if date_of(kept, batch) == date.as_bytes() {
                out.extend_from_slice(kept);
            } else {
                write_anew(batch, form, date, out);
            }
        }
        _ => write_anew(batch, form, date, out),
    }
}

/// Whether a batch of that one event is nothing but its delivery.
fn is_news(batch: &Batch, event: &Event) -> bool {
    batch.cursor == event.id() && !batch.gap && !batch.more
}

/// The date in a whole response: it is the last thing before the body.
fn date_of<'a>(response: &'a [u8], batch: &Batch) -> &'a [u8] {
    const DATE: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();
    let end = response.len().saturating_sub(body_size_of(batch) + "\r\n\r\n".len());
    &response[end.saturating_sub(DATE)..end]
}

fn write_anew(batch: &Batch, form: ReplyForm, date: &str, out: &mut Vec<u8>) {
    if batch.is_empty() {
        let response = form
            .begin(StatusCode::NO_CONTENT, out)
            .header("cache-control", "no-store")
            .number(CURSOR_HEADER, batch.cursor);
        return form.end(response, Framing::None, date);
    }
    let response = form
        .begin(StatusCode::OK, out)
        .header("content-type", "application/json")
        .header("cache-control", "no-store")
        .number(CURSOR_HEADER, batch.cursor);
    form.end(response, Framing::Length(body_size_of(batch) as u64), date);
    if !form.head_only {
        write_body(batch.cursor, elements(batch), batch.gap, batch.more, out);
    }
}

fn elements(batch: &Batch) -> impl Iterator<Item = &[u8]> {
    batch.events.iter().map(|event| &element_of(event)[..])
}

fn body_size_of(batch: &Batch) -> usize {
    body_size(batch.cursor, elements(batch), batch.gap, batch.more)
}

/// The same for both transports, and kept once for both.
pub(super) fn element_of(event: &Event) -> &Bytes {
    event.encoded(Kind::ShortPolling, |event| element(event.payload()))
}
