//! The load generator: clients that subscribe over any transport, and the record of what reached them.
//!
//! One worker is one event loop on a thread of its own. It plays its share of the clients; each is a place in a slab and drives the
//! client half of a transport, so there is one loop for all transports and all clients. Recording is per thread, never
//! per client beyond the ledger. What the target does inside, how reports travel and what becomes of them is not known here.

mod absences;
mod account;
mod answers;
mod arrivals;
mod asks;
mod books;
mod client;
mod connect;
mod driver;
mod errands;
mod lives;
mod recorder;
mod sends;
mod slow;
mod thread;
mod wakeup;
mod worker;

pub use worker::{LoadError, Worker};

/// Runs a test of something that waits on a thread of its own, so that one which waits for ever fails.
#[cfg(test)]
fn within_a_minute(test: impl FnOnce() + Send + 'static) {
    let (done, is_done) = std::sync::mpsc::channel();
    let testing = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    // A test that panics drops its sender: it is over, and the panic is the test's.
    let waited = is_done.recv_timeout(std::time::Duration::from_mins(1));
    assert_ne!(waited, Err(std::sync::mpsc::RecvTimeoutError::Timeout), "what is waited for comes");
    if let Err(panic) = testing.join() {
        std::panic::resume_unwind(panic);
    }
}
