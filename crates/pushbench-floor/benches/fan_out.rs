//! The least that a fan-out costs: one `send` and one `recv` per message on bare sockets, one thread, no waiting.
//!
//! `scripts/bench.sh` counts the instructions of the functions of module `op`, which are therefore never inlined; what
//! the kernel does is in their time and not in that count. Under `cargo test` each runs once.

use divan::Bencher;
use divan::counter::ItemsCount;
use pushbench_floor::MESSAGE_BYTES;
use std::io::Result;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

mod op {
    use super::{MESSAGE_BYTES, Result, TcpStream};
    use std::io::{Read as _, Write as _};

    #[inline(never)]
    pub(super) fn bare_send(mut socket: &TcpStream) -> Result<()> {
        socket.write_all(&[b'm'; MESSAGE_BYTES])
    }

    #[inline(never)]
    pub(super) fn bare_receive(mut socket: &TcpStream, buffer: &mut [u8; MESSAGE_BYTES]) -> Result<()> {
        socket.read_exact(buffer)
    }
}

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
    let Ok(pairs) = pairs else { panic!("{connections} connections over loopback: {pairs:?}") };
    let mut buffer = [0; MESSAGE_BYTES];
    bencher.counter(ItemsCount::new(connections)).bench_local(|| -> Result<()> {
        for [sending, _] in &pairs {
            op::bare_send(sending)?;
        }
        for [_, receiving] in &pairs {
            op::bare_receive(receiving, &mut buffer)?;
        }
        Ok(())
    });
    assert_eq!(buffer, [b'm'; MESSAGE_BYTES]);
}
