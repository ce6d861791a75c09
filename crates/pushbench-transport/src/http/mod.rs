//! HTTP/1.1 without I/O: request heads to bytes, bytes to response heads and bodies; for the target, response heads to
//! bytes.
//!
//! Only what the transports need: `GET`, and `POST` for what is published and for asks; no pipelining, no compression, no
//! redirects, no cookies.

mod body;
mod fields;
mod head;
mod request;
mod response;

pub use body::{Body, Framing};
pub(crate) use fields::{Fields, MAX_FIELDS};
pub use head::{Found, HeadReader, MAX_HEAD_BYTES, ResponseHead};
pub use request::Request;
pub use response::{Response, chunk};
