//! The load generator: clients that subscribe over any transport, and the record of what reached them.
//!
//! One worker is one event loop on one thread. It plays its share of the clients; each is one task that drives the
//! client half of a transport, so there is one loop for all transports. Recording is per thread, never per client
//! beyond the ledger. What the target does inside, how reports travel and what becomes of them is not known here.

mod account;
mod client;
mod recorder;
mod shared;
mod worker;

pub use worker::{LoadError, Worker};
