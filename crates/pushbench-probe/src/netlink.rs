//! The frame of netlink messages (`netlink(7)`), for all families: header, payload, padding. Pure functions over bytes.
//!
//! What a payload means is known where it is wanted: [`crate::sockets`] and [`crate::network`]. Numbers are in the host's
//! byte order.

/// The length of `struct nlmsghdr`, the header of every message.
pub(crate) const HEADER_LEN: usize = 16;

// Types of messages that every family has.
pub(crate) const NLMSG_ERROR: u16 = 2;
pub(crate) const NLMSG_DONE: u16 = 3;

// Flags of requests.
pub(crate) const NLM_F_REQUEST: u16 = 0x1;
pub(crate) const NLM_F_ACK: u16 = 0x4;
pub(crate) const NLM_F_DUMP: u16 = 0x300;

/// A message of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'b> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    /// The sequence number of the request that is answered.
    pub(crate) sequence: u32,
    pub(crate) payload: &'b [u8],
}

/// The bytes ended inside a message, or a message is shorter than its type demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("truncated netlink message")]
pub(crate) struct Truncated;

impl<'b> Frame<'b> {
    /// The first message and the bytes behind it; `None` when it is cut short.
    pub(crate) fn split(bytes: &'b [u8]) -> Option<(Self, &'b [u8])> {
        let length = u32_at(bytes, 0)? as usize;
        let payload = bytes.get(HEADER_LEN..length)?;
        let (kind, flags, sequence) = (u16_at(bytes, 4)?, u16_at(bytes, 6)?, u32_at(bytes, 8)?);
        // Messages start at multiples of four bytes; the last one need not be padded.
        let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((Self { kind, flags, sequence, payload }, after))
    }
}

/// The header of a request of `length` bytes, itself included. The sender's port is left to the kernel.
pub(crate) fn header(length: usize, kind: u16, flags: u16, sequence: u32) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[0..4].copy_from_slice(&(length as u32).to_ne_bytes());
    bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
    bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
    bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
    bytes
}

/// The error number at the begin of an answer, which has it negated; zero where all went well. `None` when it is cut.
pub(crate) fn errno(payload: &[u8]) -> Option<i32> {
    Some(u32_at(payload, 0)?.cast_signed().saturating_neg())
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().copied().map(u16::from_ne_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_header_says_is_read_from_it() {
        let mut bytes = header(HEADER_LEN + 3, 20, NLM_F_REQUEST | NLM_F_ACK, 9).to_vec();
        bytes.extend([1, 2, 3, 0, 77]);
        let expected = Frame { kind: 20, flags: 5, sequence: 9, payload: &[1, 2, 3] };
        assert_eq!(Frame::split(&bytes), Some((expected, &[77][..])), "with one byte of padding");
        assert_eq!(Frame::split(&bytes[..19]), Some((expected, &[][..])), "the last one needs none");
        assert_eq!(Frame::split(&bytes[..18]), None);
        assert_eq!(Frame::split(&header(HEADER_LEN - 1, 20, 0, 9)), None, "shorter than its header");
    }

    #[test]
    fn error_numbers_are_negated_and_never_overflow() {
        for (number, error) in [(0, 0), (-2, 2), (i32::MIN, i32::MAX)] {
            assert_eq!(errno(&number.to_ne_bytes()), Some(error));
        }
        assert_eq!(errno(&[0; 3]), None);
    }
}
