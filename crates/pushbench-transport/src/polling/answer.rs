//! The reply as a response for an HTTP library.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use super::serve::element_of;
use super::wire::{CURSOR_HEADER, encode_reply};
use crate::server::{Batch, Reply, head_only, page};

/// `200` with the events, or `204` when there is nothing to tell.
#[must_use]
pub fn reply(batch: &Batch) -> Reply {
    let mut reply = if batch.is_empty() {
        head_only(StatusCode::NO_CONTENT)
    } else {
        let elements: Vec<Bytes> = batch.events.iter().map(|event| element_of(event).clone()).collect();
        let body = encode_reply(batch.cursor, &elements, batch.gap, batch.more);
        page(StatusCode::OK, "application/json", body)
    };
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static(CURSOR_HEADER), HeaderValue::from(batch.cursor));
    reply
}
