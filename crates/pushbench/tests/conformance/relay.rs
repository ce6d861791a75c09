//! Something between clients and target: passes bytes on in pieces, counts them, and can break.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{spawn_local, yield_now};

/// How what is passed on is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// Into pieces of so many bytes.
    Pieces(usize),
    /// In a place that wanders: what is passed on next is cut one byte further on, up to so many, and over again.
    Wandering(usize),
}

/// A relay on a port of its own.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    shared: Rc<Shared>,
}

struct Shared {
    target: SocketAddr,
    how: Cut,
    passed_on: Cell<usize>,
    down: Cell<u64>,
    up: Cell<u64>,
    /// Told to every connection that it is over.
    cut: Notify,
    broken: Cell<bool>,
    held: watch::Sender<bool>,
}

impl Relay {
    pub(crate) async fn start(target: SocketAddr, how: Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Rc::new(Shared {
            target,
            how,
            passed_on: Cell::new(0),
            down: Cell::new(0),
            up: Cell::new(0),
            cut: Notify::new(),
            broken: Cell::new(false),
            held: watch::Sender::new(false),
        });
        spawn_local(accept(listener, Rc::clone(&shared)));
        Self { address, shared }
    }

    /// Bytes that came from the target, and from clients.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.shared.down.get(), self.shared.up.get())
    }

    /// Cuts every connection, wherever in its bytes it is.
    pub(crate) fn cut(&self) {
        self.shared.cut.notify_waiters();
    }

    /// Cuts every connection, and those to come as soon as they are made, until it is mended.
    pub(crate) fn break_down(&self) {
        self.shared.broken.set(true);
        self.cut();
    }

    pub(crate) fn mend(&self) {
        self.shared.broken.set(false);
    }

    /// Takes what clients send, counts it, and passes on no more of it.
    pub(crate) fn hold_back_what_clients_send(&self) {
        self.shared.held.send_replace(true);
    }
}

impl Shared {
    /// The length of the pieces of what is passed on next.
    fn piece(&self) -> usize {
        let passed_on = self.passed_on.replace(self.passed_on.get() + 1);
        match self.how {
            Cut::Pieces(length) => length,
            Cut::Wandering(most) => passed_on % most + 1,
        }
    }
}

async fn accept(listener: TcpListener, shared: Rc<Shared>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        if !shared.broken.get() {
            let shared = Rc::clone(&shared);
            spawn_local(async move {
                tokio::select! {
                    () = shared.cut.notified() => {}
                    // Either side may break off.
                    _ = connection(client, &shared) => {}
                }
            });
        }
    }
}

async fn connection(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let target = TcpStream::connect(shared.target).await?;
    client.set_nodelay(true)?;
    target.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_target, to_target) = target.into_split();
    tokio::try_join!(
        pump(from_client, to_target, &shared.up, Some(shared.held.subscribe()), shared),
        pump(from_target, to_client, &shared.down, None, shared),
    )?;
    Ok(())
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    counted: &Cell<u64>,
    mut held: Option<watch::Receiver<bool>>,
    shared: &Shared,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        counted.set(counted.get() + count as u64);
        if let Some(held) = &mut held {
            // An error means that the relay is gone.
            let _ = held.wait_for(|held| !*held).await;
        }
        for piece in buffer[..count].chunks(shared.piece()) {
            to.write_all(piece).await?;
            yield_now().await;
        }
    }
}
