//! The reply of both polling transports: a batch of events in, a response out.

use bytes::Bytes;
use hyper::StatusCode;
use std::borrow::Borrow;

use super::wire::{CURSOR_HEADER, body_size, element, write_body};
use crate::Kind;
use crate::http::Framing;
use crate::server::{Batch, Event, ReplyForm};

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
            let response = form
                .begin(StatusCode::NO_CONTENT, out)
                .header("cache-control", "no-store")
                .number(CURSOR_HEADER, self.cursor);
            return form.end(response, Framing::None, date);
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
