//! The load generator: clients that subscribe over any transport, and the record of what reached them.
//!
//! One worker is one event loop on a thread of its own. It plays its share of the clients; each is a place in a slab and drives the
//! client half of a transport, so there is one loop for all transports and all clients. Recording is per thread, never
//! per client beyond the ledger. What the target does inside, how reports travel and what becomes of them is not known here.

mod account;
mod arrivals;
mod books;
mod client;
mod connect;
mod driver;
mod errands;
mod recorder;
mod thread;
mod wakeup;
mod worker;

pub use worker::{LoadError, Worker};
