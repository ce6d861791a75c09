//! Why received bytes are not what the protocol allows.

/// A fault in what a peer sent. Fieldless: such faults are counted, one by one they are of no interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The response head passes [`MAX_HEAD_BYTES`](crate::http::MAX_HEAD_BYTES).
    #[error("response head over 8 KiB")]
    HeadTooLong,
    /// The response head is not HTTP/1.
    #[error("malformed response head")]
    BadHead,
    /// The length of the body is malformed, or given twice and differently.
    #[error("malformed or contradictory body length")]
    BadLength,
    /// The chunked coding is broken.
    #[error("malformed chunked coding")]
    BadChunk,
    /// The connection ended before the message did.
    #[error("message cut short")]
    CutShort,
    /// More bytes came than the message has.
    #[error("bytes after the end of the message")]
    Surplus,
    /// The reply to a poll is not the JSON it must be.
    #[error("polling reply is not the expected JSON")]
    BadReply,
    /// An event or reply is longer than is accepted.
    #[error("event or reply over its size limit")]
    TooLong,
    /// The WebSocket framing, UTF-8 or close handshake is broken.
    #[error("malformed WebSocket message")]
    BadMessage,
}
