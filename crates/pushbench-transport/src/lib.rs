//! The event envelope and the transports: for each its settings, its bytes, its client half and its server half.
//!
//! A transport is one folder, named here as a module, and one line in [`table`]:
//!
//! | file | holds | does no |
//! |---|---|---|
//! | `settings.rs` | the scenario keys of the transport | reading of files |
//! | `wire.rs` | bytes to events and back, however the bytes are cut | I/O, clocks |
//! | `subscribe.rs` | the client half: a state machine, bytes and time in, bytes and wishes out | I/O, clocks |
//! | `ask.rs` | the client half that asks for answers, likewise | I/O, clocks |
//! | `serve.rs` | the server half: a state machine, requests, events, bytes and time in, bytes and wishes out | I/O, clocks, routing |
//!
//! One part of a serving half does I/O, by a library: WebSocket's echo, on which no load is measured.
//!
//! Where a transport's connection carries no messages of clients, they are published on a second one: [`uplink`].
//!
//! What all sockets of an event loop carry on the wire is summed by [`meter`], for clients and target alike.
//!
//! Scenario files, results and charts are not known here, nor is who drives the two halves.

pub mod asking;
mod backoff;
pub mod client;
pub mod envelope;
pub mod error;
pub mod http;
pub mod meter;
pub mod quantity;
mod random;
#[cfg(test)]
mod scripted;
pub mod server;
pub mod settings;
pub mod table;
pub mod uplink;

pub mod long_polling;
pub mod polling;
pub mod short_polling;
pub mod sse;
pub mod websocket;

pub use client::{Io, Observer, Step, Subscriber};
pub use error::WireError;
pub use quantity::{Period, QuantityError, Size};
pub use table::{Kind, Settings};
