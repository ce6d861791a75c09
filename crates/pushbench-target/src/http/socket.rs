//! The socket under the HTTP library: notes when bytes come and go, and puts a reason into the library's own refusals.
//!
//! The library answers a head that it cannot read by itself, with a status and no body. Every refusal of this target
//! carries one line that says why, so those replies are replaced on their way out. No reply of the router looks like
//! them: its refusals have a body, and no body holds the end of a head.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Connection, Stream};
use pushbench_probe::clock::now_ns;

/// The library's own refusals are shorter.
const REFUSAL_BYTES_MAX: usize = 256;

pub(super) struct Socket {
    stream: Stream,
    connection: Rc<Connection>,
    replacement: Option<Replacement>,
}

/// A refusal that is being written in place of another.
struct Replacement {
    bytes: Vec<u8>,
    written: usize,
}

impl Socket {
    pub(super) fn new(stream: Stream, connection: Rc<Connection>) -> Self {
        Self { stream, connection, replacement: None }
    }

    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// Writes the replacement; ready with `replaced_bytes` once it is out.
    fn poll_replace(&mut self, context: &mut Context<'_>, replaced_bytes: usize) -> Poll<io::Result<usize>> {
        while let Some(Replacement { bytes, written }) = &mut self.replacement {
            if *written == bytes.len() {
                self.replacement = None;
                break;
            }
            let outcome = Pin::new(&mut self.stream).poll_write(context, &bytes[*written..]);
            *written += ready!(note(&self.connection, outcome))?;
        }
        Poll::Ready(Ok(replaced_bytes))
    }
}

/// Tells the connection whether the socket takes anything.
fn note(connection: &Connection, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
    connection.note(|patience| match outcome {
        Poll::Pending => patience.blocked(now_ns),
        Poll::Ready(_) => patience.wrote(now_ns),
    });
    outcome
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if outcome.is_pending() {
            self.connection.starved();
        } else if buffer.filled().len() > before {
            self.connection.received(now_ns);
        }
        outcome
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.replacement.is_none() {
            let Some(bytes) = with_reason(bytes) else {
                let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
                return note(&self.connection, outcome);
            };
            self.replacement = Some(Replacement { bytes, written: 0 });
        }
        self.poll_replace(context, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [one] = slices {
            return self.poll_write(context, one);
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        note(&self.connection, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The library flushes the socket when it has written all it has.
        self.connection.flushed();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The library's own refusal with a reason as its body; `None` for anything else.
fn with_reason(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > REFUSAL_BYTES_MAX || !bytes.starts_with(b"HTTP/1.") || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    let reason = match head.split(' ').nth(1)? {
        "400" => "the request is not valid HTTP/1.1",
        "414" => "the URL is too long",
        "431" => "the head of the request is too large",
        _ => return None,
    };
    let length =
        format!("content-length: {}\r\ncontent-type: text/plain; charset=utf-8\r\n", reason.len() + 1);
    let (before, after) = head.split_once("content-length: 0\r\n")?;
    Some(format!("{before}{length}{after}{reason}\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_without_a_body_get_a_reason() {
        let own =
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let text = String::from_utf8(with_reason(own).unwrap()).unwrap();
        assert!(text.ends_with("\r\n\r\nthe head of the request is too large\n"), "{text}");
        assert!(text.contains("\r\ncontent-length: 37\r\n"), "{text}");
        let others: [&[u8]; 4] = [
            b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nbody",
        ];
        for other in others {
            assert_eq!(with_reason(other), None);
        }
    }
}
