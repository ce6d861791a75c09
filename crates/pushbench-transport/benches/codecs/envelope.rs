//! The envelope of a payload: written by the publisher, read for every event of every client.

use divan::{Bencher, black_box};
use pushbench_transport::envelope::{self, Stamp};

use crate::{PAYLOAD_BYTES, payload};

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let stamp = Stamp { n: 42, due_ns: 86_400_123_456_789, published_ns: 86_400_123_500_000 };
    let mut out = Vec::new();
    bencher.bench_local(|| {
        out.clear();
        envelope::encode(black_box(stamp), "all", PAYLOAD_BYTES, &mut out);
    });
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let payload = payload(42);
    bencher.bench_local(|| envelope::stamp_of(black_box(payload.as_bytes())));
}
