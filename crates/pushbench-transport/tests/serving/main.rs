//! The serving halves, driven without sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

mod driver;
mod event_stream;
mod heads;
mod polls;
mod shared;
mod websocket;
