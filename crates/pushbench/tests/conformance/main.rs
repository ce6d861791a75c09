//! What every transport of the table must do, on real sockets: the target's half against the load generator's.
//!
//! The tests loop over the table, with each transport's default settings and once more for every alternative that it
//! offers. A new transport is covered without a line here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

mod bench;
mod breaks;
mod chat;
mod delivery;
mod payloads;
mod pieces;
mod relay;
mod subscriber;
mod variants;
