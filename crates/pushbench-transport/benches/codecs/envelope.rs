//! The envelope of a payload: written by the publisher, read for every event of every client.

use divan::{Bencher, black_box};
use pushbench_transport::envelope::Stamp;

use crate::{PAYLOAD_BYTES, payload};

mod op {
    use super::{PAYLOAD_BYTES, Stamp};
    use pushbench_transport::envelope;

    #[inline(never)]
    pub(super) fn envelope_encode(stamp: Stamp, out: &mut Vec<u8>) {
        out.clear();
        envelope::encode(stamp, "all", PAYLOAD_BYTES, out);
    }

    #[inline(never)]
    pub(super) fn envelope_read(payload: &[u8]) -> Option<Stamp> {
        envelope::stamp_of(payload)
    }
}

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let stamp = Stamp { n: 42, due_ns: 86_400_123_456_789, published_ns: 86_400_123_500_000 };
    let mut out = Vec::new();
    bencher.bench_local(|| op::envelope_encode(black_box(stamp), &mut out));
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let payload = payload(42);
    bencher.bench_local(|| op::envelope_read(black_box(payload.as_bytes())));
}
