//! One reply to a poll: from bytes cut anywhere to status, cursor and body.

use std::borrow::Cow;

use super::wire::CURSOR_HEADER;
use crate::error::WireError;
use crate::http::{Body, Framing, HeadReader};

/// Longest body accepted, in bytes.
pub const MAX_REPLY_BYTES: usize = 64 << 20;
/// A body of announced length gets its buffer at once, but no more than this on the peer's word.
const MAX_RESERVE_BYTES: u64 = 1 << 20;

/// A complete reply.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Status code.
    pub status: u16,
    /// The cursor in the head, if any.
    pub cursor: Option<u64>,
    /// Whether the connection may carry another request.
    pub keeps_connection: bool,
    /// The body.
    pub body: Cow<'a, [u8]>,
    /// Bytes of the stream that the reply took: head, framing and body.
    pub stream_bytes: u64,
}

/// Collects a reply. Two words of memory, and more only while a reply is cut.
#[derive(Debug, Default)]
pub struct ReplyReader {
    head: HeadReader,
    partial: Option<Box<Partial>>,
}

/// A reply whose head is complete and whose body is not.
#[derive(Debug)]
struct Partial {
    head: Head,
    framing: Body,
    body: Vec<u8>,
    stream_bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    status: u16,
    cursor: Option<u64>,
    keeps_connection: bool,
}

impl Head {
    fn reply(self, body: Cow<'_, [u8]>, stream_bytes: u64) -> Reply<'_> {
        let Self { status, cursor, keeps_connection } = self;
        Reply { status, cursor, keeps_connection, body, stream_bytes }
    }
}

impl ReplyReader {
    /// Whether part of a reply has been read.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.head.has_begun() || self.partial.is_some()
    }

    /// Reads on; gives the reply when it is complete.
    ///
    /// # Errors
    /// What the head and the body's framing can have wrong; [`WireError::TooLong`] over [`MAX_REPLY_BYTES`];
    /// [`WireError::Surplus`] for bytes after the reply, as only one request is under way at a time.
    pub fn feed<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<Reply<'a>>, WireError> {
        if self.partial.is_some() {
            return self.feed_body(bytes);
        }
        let Some(found) = self.head.feed(bytes, |head| {
            let found = Head {
                status: head.status,
                cursor: head.number(CURSOR_HEADER),
                keeps_connection: head.keeps_connection(),
            };
            Ok((found, head.framing()?))
        })?
        else {
            return Ok(None);
        };
        let ((head, framing), stream_bytes) = (found.value, found.stream_bytes);
        let rest = &bytes[found.used..];
        let length = match framing {
            Framing::None => Some(0),
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilEof => None,
        };
        if length == Some(rest.len() as u64) {
            return Ok(Some(head.reply(Cow::Borrowed(rest), stream_bytes + rest.len() as u64)));
        }
        let body = Vec::with_capacity(length.unwrap_or(0).min(MAX_RESERVE_BYTES) as usize);
        let framing = Body::new(framing);
        self.partial = Some(Box::new(Partial { head, framing, body, stream_bytes }));
        self.feed_body(rest)
    }

    fn feed_body<'a>(&mut self, bytes: &[u8]) -> Result<Option<Reply<'a>>, WireError> {
        let Some(partial) = &mut self.partial else { return Ok(None) };
        let mut rest = bytes;
        while let Some(data) = partial.framing.next(&mut rest)? {
            if partial.body.len() + data.len() > MAX_REPLY_BYTES {
                return Err(WireError::TooLong);
            }
            partial.body.extend_from_slice(data);
        }
        partial.stream_bytes += (bytes.len() - rest.len()) as u64;
        if !partial.framing.is_complete() {
            return Ok(None);
        }
        if !rest.is_empty() {
            return Err(WireError::Surplus);
        }
        Ok(self.take())
    }

    /// The connection has ended, and with it perhaps a body; `None` when no reply had begun.
    ///
    /// # Errors
    /// [`WireError::CutShort`] when the reply should have gone on.
    pub fn end(&mut self) -> Result<Option<Reply<'static>>, WireError> {
        match &self.partial {
            Some(partial) => partial.framing.end().map(|()| self.take()),
            None if self.has_begun() => Err(WireError::CutShort),
            None => Ok(None),
        }
    }

    fn take<'a>(&mut self) -> Option<Reply<'a>> {
        let Partial { head, body, stream_bytes, .. } = *self.partial.take()?;
        Some(head.reply(Cow::Owned(body), stream_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(stream: &[u8], piece: usize) -> Result<Option<Reply<'static>>, WireError> {
        let mut reader = ReplyReader::default();
        for bytes in stream.chunks(piece) {
            if let Some(reply) = reader.feed(bytes)? {
                assert!(!reader.has_begun());
                return Ok(Some(Reply { body: Cow::Owned(reply.body.into_owned()), ..reply }));
            }
        }
        reader.end()
    }

    const REPLIES: &[(&str, u16, &str)] = &[
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nPushbench-Cursor: 9\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 204 No Content\r\nPushbench-Cursor: 9\r\n\r\n", 204, ""),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\npushbench-cursor: 9\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            200,
            "hello",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\npushbench-cursor: 9\r\n\r\n", 200, ""),
        ("HTTP/1.1 503 Busy\r\npushbench-cursor: 9\r\n\r\nlater", 503, "later"),
    ];

    proptest! {
        #[test]
        fn a_reply_cut_anywhere_is_the_same_reply(at in 0..REPLIES.len(), piece in 1usize..120, interim: bool) {
            let (stream, status, body) = REPLIES[at];
            let announced = format!("HTTP/1.1 103 Early Hints\r\n\r\n{stream}");
            let bytes = if interim { announced.as_bytes() } else { stream.as_bytes() };
            let reply = read(bytes, piece).unwrap().unwrap();
            prop_assert_eq!((reply.status, reply.cursor), (status, Some(9)));
            prop_assert_eq!(reply.body, body.as_bytes());
            prop_assert_eq!(reply.stream_bytes, bytes.len() as u64);
        }

        #[test]
        fn a_reply_cut_short_is_never_a_reply(at in 0..4usize, cut in 1usize..200, piece in 1usize..120) {
            let bytes = REPLIES[at].0.as_bytes();
            let cut = cut.min(bytes.len() - 1);
            prop_assert_eq!(read(&bytes[..cut], piece), Err(WireError::CutShort));
        }

        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>, piece in 1usize..50) {
            let _ = read(&bytes, piece);
            let _ = read(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &bytes[..]].concat(), piece);
        }
    }

    #[test]
    fn bytes_after_the_reply_are_a_fault() {
        for (stream, ..) in &REPLIES[..4] {
            let more = format!("{stream}!");
            assert_eq!(ReplyReader::default().feed(more.as_bytes()), Err(WireError::Surplus), "{stream}");
        }
        assert_eq!(ReplyReader::default().end(), Ok(None));
    }
}
