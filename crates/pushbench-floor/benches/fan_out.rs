//! The least that a fan-out costs: one `send` and one `recv` per message on bare sockets, one thread, no waiting.
//!
//! `scripts/bench.sh` runs all of it and counts instructions, which here are those outside of the kernel:
//! what is to be seen is the time. Under `cargo test` each runs once.

use divan::Bencher;
use divan::counter::ItemsCount;
use pushbench_floor::MESSAGE_BYTES;
use std::io::{Read as _, Result, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

fn main() {
    if std::env::args().any(|argument| argument == "--bench" || argument == "--list") {
        divan::main();
    } else {
        divan::Divan::default().test_benches();
    }
}

/// Both ends of a connection over loopback.
fn pair(listener: &TcpListener) -> Result<[TcpStream; 2]> {
    let receiving = TcpStream::connect(listener.local_addr()?)?;
    let (sending, _) = listener.accept()?;
    sending.set_nodelay(true)?;
    Ok([sending, receiving])
}

/// A message to each of so many connections, then all are read.
#[divan::bench(args = [1, 16, 256])]
fn bare(bencher: Bencher<'_, '_>, connections: usize) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let pairs: Result<Vec<_>> =
        listener.and_then(|listener| (0..connections).map(|_| pair(&listener)).collect());
    let Ok(mut pairs) = pairs else { panic!("{connections} connections over loopback: {pairs:?}") };
    let mut buffer = [0; MESSAGE_BYTES];
    bencher.counter(ItemsCount::new(connections)).bench_local(|| -> Result<()> {
        for [sending, _] in &mut pairs {
            sending.write_all(&[b'm'; MESSAGE_BYTES])?;
        }
        for [_, receiving] in &mut pairs {
            receiving.read_exact(&mut buffer)?;
        }
        Ok(())
    });
    assert_eq!(buffer, [b'm'; MESSAGE_BYTES]);
}
