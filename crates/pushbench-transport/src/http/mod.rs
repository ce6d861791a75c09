//! The client's side of HTTP/1.1 without I/O: request heads to bytes, bytes to response heads and bodies.
//!
//! Only what the transports need: `GET`, no pipelining, no compression, no redirects, no cookies.

mod body;
mod head;
mod request;

pub use body::{Body, Framing};
pub use head::{Found, HeadReader, MAX_HEAD_BYTES, ResponseHead};
pub use request::Get;
