//! Accepting connections, and refusing them politely when there is no room.
//!
//! When the process is out of files, a descriptor kept in reserve serves to accept, answer and close; then accepting
//! rests for a moment. The loop never spins on an error.

use pushbench_probe::clock::now_ns;
use pushbench_probe::{limits, sockets};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;

use crate::connection::{Connection, Stream, drive, linger};
use crate::errors::{ListenerOwner, TargetError};
use crate::server::Server;

/// How long accepting rests after an error.
const REST: Duration = Duration::from_millis(100);
/// Refused connections that are given time to read why; further ones are closed over what they may have sent.
const REFUSALS_MAX: usize = 32;
/// The file kept open in reserve.
const RESERVE: &str = "/dev/null";

/// A listening socket that is not served yet.
pub(crate) struct Listener {
    socket: TcpListener,
    reserve: Option<File>,
    refusals: Rc<Cell<usize>>,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, TargetError> {
        let socket = listen(address).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => TargetError::AddressInUse {
                address,
                owner: ListenerOwner(sockets::listener_owner(address.port())),
            },
            _ => TargetError::Listen { address, source },
        })?;
        let reserve = File::open(RESERVE).map_err(TargetError::EventLoop)?;
        Ok(Self { socket, reserve: Some(reserve), refusals: Rc::default() })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Accepts connections. Never returns.
    pub(crate) async fn accept(mut self, server: &Rc<Server>) {
        loop {
            match self.next(server).await {
                Ok(stream) => self.admit(stream, server),
                Err(error) if out_of_files(&error) => {
                    self.refuse_with_reserve(server).await;
                    sleep(REST).await;
                }
                // Then an answer cannot be given either.
                Err(error) if out_of_memory(&error) => {
                    server.counters.refused.count();
                    sleep(REST).await;
                }
                // The client gave up before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => sleep(REST).await,
            }
        }
    }

    /// The next connection, entered into the account of the wire.
    async fn next(&self, server: &Server) -> io::Result<Stream> {
        Ok(Stream::new(self.accepted().await?, &server.meter))
    }

    /// The next connection, which sends what it has without waiting for more (`TCP_NODELAY`).
    async fn accepted(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.socket.accept().await?;
        // Fails only for a socket that is dead already.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    fn admit(&self, stream: Stream, server: &Rc<Server>) {
        let connection = Rc::new(Connection::new(now_ns()));
        let Some(entry) = server.enter(&connection) else {
            let most = server.connections_max();
            self.refuse(stream, format!("this target already has its {most} connections\n"), server);
            return;
        };
        server.counters.accepted.count();
        let server = Rc::clone(server);
        tokio::task::spawn_local(async move {
            drive(stream, server, connection).await;
            drop(entry);
        });
    }

    fn refuse(&self, stream: Stream, why: String, server: &Server) {
        server.counters.refused.count();
        if self.refusals.get() >= REFUSALS_MAX {
            let _ = stream.try_write(refusal(&why).as_bytes());
            return;
        }
        let refusals = Rc::clone(&self.refusals);
        refusals.set(refusals.get() + 1);
        tokio::task::spawn_local(async move {
            let mut stream = stream;
            // A new socket's buffer has room for this.
            let _ = stream.write_all(refusal(&why).as_bytes()).await;
            linger(stream).await;
            refusals.set(refusals.get() - 1);
        });
    }

    /// Gives the reserved descriptor up for one accept, so that the client hears why instead of waiting.
    async fn refuse_with_reserve(&mut self, server: &Server) {
        self.reserve = None;
        // Nothing else runs between the two lines unless there is nothing to accept.
        if let Ok(Ok(stream)) = tokio::time::timeout(Duration::ZERO, self.next(server)).await {
            server.counters.refused.count();
            let _ = stream.try_write(refusal("this target is out of open files\n").as_bytes());
        }
        self.reserve = File::open(RESERVE).ok();
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A target that is started again must not wait for the sockets of the last one.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    // Clients arrive in bursts; the kernel grants no more than this anyway.
    socket.listen(limits::listen_backlog_max().unwrap_or(1024))
}

fn out_of_files(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

fn out_of_memory(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM))
}

/// A whole response, for connections that never reach the HTTP library.
fn refusal(why: &str) -> String {
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
         content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n{why}",
        why.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepted_sockets_do_not_wait_for_more_to_send() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(!pushbench_probe::socket::no_delay(&client).unwrap(), "the system's default is off");
        let accepted = listener.accepted().await.unwrap();
        assert!(pushbench_probe::socket::no_delay(&accepted).unwrap());
    }

    #[tokio::test]
    async fn an_address_in_use_is_named_with_its_owner() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let error = Listener::bind(address).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{address} is already in use by ")), "{error}");
        assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
        assert!(error.contains("\nhint: "), "{error}");
    }
}
