//! A target on real sockets, asked by plain clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

mod answers;
mod askers;
mod changes;
mod coalesce;
mod delivery;
mod endpoints;
mod fairness;
mod halves;
mod inject;
mod patience;
mod rig;
mod said;
mod shutdown;
mod slow;
mod table;
mod upset;
mod websocket;
