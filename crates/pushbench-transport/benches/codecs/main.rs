//! What it costs to put events into bytes and to find them again, without any socket: an event or a read per call.
//!
//! `scripts/bench.sh` runs all of it and counts instructions. Under `cargo test` each runs once.

mod client;
mod envelope;
mod polling;
mod serve;
mod sse;
mod websocket;

use pushbench_transport::envelope::{Stamp, encode};

/// Size of a payload in bytes, as `calibrate` has it.
const PAYLOAD_BYTES: usize = 256;
/// Events that one read or reply brings where it brings many.
const MANY: u64 = 16;

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

/// A payload as a run has it.
fn payload(n: u64) -> String {
    let mut payload = Vec::new();
    let stamp = Stamp { n, due_ns: 86_400_123_456_789, published_ns: 86_400_123_500_000 };
    encode(stamp, "all", PAYLOAD_BYTES, &mut payload);
    String::from_utf8_lossy(&payload).into_owned()
}
