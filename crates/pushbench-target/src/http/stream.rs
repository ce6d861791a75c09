//! An accepted socket whose bytes on the wire are accounted for.
//!
//! It adds nothing to reading and writing but the bytes that were read before it was lent; it is there so that the last
//! reading is taken wherever a socket ends.

use pushbench_transport::meter::Metered;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::driver::MeteredSocket;

/// A socket with its entry in the account.
pub(crate) struct Stream {
    // Before the socket, because fields are dropped in this order.
    metered: Metered,
    socket: TcpStream,
    /// What was read before it was lent, to be read again.
    pub(super) read_before: Vec<u8>,
}

impl Stream {
    /// A socket on the runtime.
    ///
    /// # Errors
    /// When the runtime cannot watch it.
    pub(crate) fn new(socket: MeteredSocket, read_before: Vec<u8>) -> io::Result<Self> {
        let MeteredSocket { metered, socket } = socket;
        let socket = std::net::TcpStream::from(socket);
        // The runtime closes what it cannot watch: only then the account says that a socket was not read.
        Ok(Self { metered, socket: TcpStream::from_std(socket)?, read_before })
    }

    /// Resolves once the runtime knows that the socket takes bytes.
    pub(super) async fn until_writable(&self) {
        // An error shows at the next write.
        let _ = self.socket.writable().await;
    }

    /// The socket without the runtime.
    ///
    /// # Errors
    /// When the runtime cannot let it go.
    pub(super) fn into_socket(self) -> io::Result<MeteredSocket> {
        let socket = self.socket.into_std()?.into();
        Ok(MeteredSocket { metered: self.metered, socket })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read_before.is_empty() {
            return Pin::new(&mut self.socket).poll_read(context, buffer);
        }
        let count = self.read_before.len().min(buffer.remaining());
        buffer.put_slice(&self.read_before[..count]);
        self.read_before.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
