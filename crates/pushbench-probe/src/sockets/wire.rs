//! The bytes of `NETLINK_SOCK_DIAG`: one request, and the messages of its answer. Pure functions over bytes.
//!
//! Written out here rather than taken from a library: of each 72-byte answer four fields are wanted, and a
//! library would build a list of attributes on the heap for every one of up to a million sockets.
//! Layouts: `inet_diag_req_v2` and `inet_diag_msg` (`sock_diag(7)`). Ports are in the network's byte order.

use std::ops::BitOr;

pub(super) use crate::netlink::Truncated;
use crate::netlink::{
    Frame, HEADER_LEN, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, errno, header, u32_at,
};

/// The length of a request for a dump.
pub(super) const REQUEST_LEN: usize = HEADER_LEN + 56;

const SOCKET_LEN: usize = 72;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// A flag of answers: the tables changed during the dump.
const NLM_F_DUMP_INTR: u16 = 0x10;

/// The address family a dump is for: the kernel keeps them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Family {
    Ipv4 = libc::AF_INET as u8,
    Ipv6 = libc::AF_INET6 as u8,
}

/// TCP's states with the kernel's numbers, as far as they can be dumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    Established = 1,
    SynSent = 2,
    SynRecv = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    Close = 7,
    CloseWait = 8,
    LastAck = 9,
    Listen = 10,
    Closing = 11,
}

impl State {
    const ALL: [Self; 11] = [
        Self::Established,
        Self::SynSent,
        Self::SynRecv,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Close,
        Self::CloseWait,
        Self::LastAck,
        Self::Listen,
        Self::Closing,
    ];

    /// The state of one of the kernel's numbers; `None` for one that is newer than this list.
    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&state| state as u8 == number)
    }
}

/// A set of states, as a request wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StateMask(u32);

impl StateMask {
    /// Every state of a connection: all but `LISTEN` and `CLOSE` (a socket that is merely bound).
    pub(super) fn connections() -> Self {
        let wanted = State::ALL.into_iter().filter(|state| !matches!(state, State::Listen | State::Close));
        wanted.map(Self::from).fold(Self(0), BitOr::bitor)
    }

    /// Listening sockets alone.
    pub(super) fn listeners() -> Self {
        Self::from(State::Listen)
    }
}

impl From<State> for StateMask {
    fn from(state: State) -> Self {
        Self(1 << state as u32)
    }
}

impl BitOr for StateMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What is wanted of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) state: State,
    pub(super) local_port: u16,
    pub(super) remote_port: u16,
    /// Zero for a socket without a file, such as one in `TIME_WAIT`.
    pub(super) inode: u32,
}

/// A message of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Socket(Socket),
    /// The dump is complete.
    Done,
    /// The kernel refused or broke off, with this error number.
    Refused(i32),
    /// Something that was not asked for, such as a state newer than this code.
    Other,
}

/// A message of the answer, with what its header says about the dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    /// The sequence number of the request that is answered.
    pub(super) sequence: u32,
    /// The kernel says that the tables changed so that entries may be missing or doubled.
    pub(super) interrupted: bool,
    pub(super) body: Body,
}

/// A request for all TCP sockets of `family` in one of `states`.
pub(super) fn request(family: Family, states: StateMask, sequence: u32) -> [u8; REQUEST_LEN] {
    let mut bytes = [0; REQUEST_LEN];
    let header = header(REQUEST_LEN, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, sequence);
    bytes[..HEADER_LEN].copy_from_slice(&header);
    // Family, protocol, no extensions, padding, states; and a socket id of zeros, which matches every socket.
    bytes[16] = family as u8;
    bytes[17] = libc::IPPROTO_TCP as u8;
    bytes[20..24].copy_from_slice(&states.0.to_ne_bytes());
    bytes
}

/// The messages in one datagram. Ends after the first [`Truncated`].
pub(super) fn messages(datagram: &[u8]) -> impl Iterator<Item = Result<Message, Truncated>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (message, after) =
            split_message(rest).map_or((Err(Truncated), &rest[..0]), |(message, after)| (Ok(message), after));
        rest = after;
        Some(message)
    })
}

/// The first message and the bytes behind it; `None` when it is cut short.
fn split_message(bytes: &[u8]) -> Option<(Message, &[u8])> {
    let (Frame { kind, flags, sequence, payload }, after) = Frame::split(bytes)?;
    let body = match kind {
        SOCK_DIAG_BY_FAMILY => socket(payload)?,
        // Both begin with an error number; that of a complete dump is zero or absent.
        NLMSG_DONE => match errno(payload) {
            Some(number) if number > 0 => Body::Refused(number),
            _ => Body::Done,
        },
        NLMSG_ERROR => Body::Refused(errno(payload)?),
        _ => Body::Other,
    };
    Some((Message { sequence, interrupted: flags & NLM_F_DUMP_INTR != 0, body }, after))
}

fn socket(payload: &[u8]) -> Option<Body> {
    let payload: &[u8; SOCKET_LEN] = payload.first_chunk()?;
    let Some(state) = State::from_number(payload[1]) else { return Some(Body::Other) };
    Some(Body::Socket(Socket {
        state,
        local_port: u16::from_be_bytes([payload[4], payload[5]]),
        remote_port: u16::from_be_bytes([payload[6], payload[7]]),
        inode: u32_at(payload, 68)?,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOCKET: Socket =
        Socket { state: State::CloseWait, local_port: 8_080, remote_port: 40_001, inode: 77 };

    fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let length = HEADER_LEN + payload.len();
        let mut bytes = Vec::new();
        bytes.extend((length as u32).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(9_u32.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(payload);
        bytes.resize(length.next_multiple_of(4), 0);
        bytes
    }

    fn encoded(socket: Socket) -> Vec<u8> {
        let mut payload = vec![0; SOCKET_LEN];
        payload[1] = socket.state as u8;
        payload[4..6].copy_from_slice(&socket.local_port.to_be_bytes());
        payload[6..8].copy_from_slice(&socket.remote_port.to_be_bytes());
        payload[68..72].copy_from_slice(&socket.inode.to_ne_bytes());
        payload
    }

    fn bodies(datagram: &[u8]) -> Vec<Result<Body, Truncated>> {
        messages(datagram).map(|message| message.map(|message| message.body)).collect()
    }

    #[test]
    fn the_request_has_the_kernels_layout() {
        let bytes = request(Family::Ipv6, StateMask::listeners(), 9);
        assert_eq!(bytes.len(), 72);
        let mut expected = [0; 72];
        expected[0..4].copy_from_slice(&72_u32.to_ne_bytes());
        expected[4..6].copy_from_slice(&20_u16.to_ne_bytes());
        expected[6..8].copy_from_slice(&0x301_u16.to_ne_bytes());
        expected[8..12].copy_from_slice(&9_u32.to_ne_bytes());
        expected[16..18].copy_from_slice(&[10, 6]);
        expected[20..24].copy_from_slice(&(1_u32 << 10).to_ne_bytes());
        assert_eq!(bytes, expected);
    }

    #[test]
    fn connections_are_all_states_but_listen_and_close() {
        assert_eq!(StateMask::connections().0, 0b1011_0111_1110);
    }

    #[test]
    fn messages_by_type() {
        let done = 0_i32.to_ne_bytes();
        let failed = (-libc::ENOENT).to_ne_bytes();
        let mut unknown_state = encoded(SOCKET);
        unknown_state[1] = 99;
        let table = [
            (message(SOCK_DIAG_BY_FAMILY, 2, &encoded(SOCKET)), Ok(Body::Socket(SOCKET))),
            (message(SOCK_DIAG_BY_FAMILY, 2, &unknown_state), Ok(Body::Other)),
            (message(SOCK_DIAG_BY_FAMILY, 2, &[0; SOCKET_LEN - 1]), Err(Truncated)),
            (message(NLMSG_DONE, 2, &done), Ok(Body::Done)),
            (message(NLMSG_DONE, 2, &[]), Ok(Body::Done)),
            (message(NLMSG_DONE, 2, &failed), Ok(Body::Refused(libc::ENOENT))),
            (message(NLMSG_ERROR, 0, &failed), Ok(Body::Refused(libc::ENOENT))),
            (message(NLMSG_ERROR, 0, &i32::MIN.to_ne_bytes()), Ok(Body::Refused(i32::MAX))),
            (message(NLMSG_ERROR, 0, &[]), Err(Truncated)),
            (message(1, 0, &[]), Ok(Body::Other)),
        ];
        for (datagram, body) in table {
            assert_eq!(bodies(&datagram), [body], "{datagram:?}");
        }
    }

    #[test]
    fn the_header_carries_sequence_and_interruption() {
        for (flags, interrupted) in [(0x2, false), (0x12, true)] {
            let datagram = message(NLMSG_DONE, flags, &[]);
            let expected = Message { sequence: 9, interrupted, body: Body::Done };
            assert_eq!(messages(&datagram).collect::<Vec<_>>(), [Ok(expected)]);
        }
    }

    proptest! {
        #[test]
        fn garbage_ends_and_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(messages(&bytes).count() <= bytes.len());
        }

        /// Garbage with a believable header reaches the bodies.
        #[test]
        fn garbage_in_a_frame_never_panics(kind in 0..24_u16, payload in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(bodies(&message(kind, 0, &payload)).len(), 1);
        }

        /// Cut anywhere, the whole messages before the cut are given and then the fault.
        #[test]
        fn a_cut_costs_only_the_message_it_hits(ports in proptest::collection::vec(any::<u16>(), 1..8), cut in any::<prop::sample::Index>()) {
            let sockets: Vec<_> = ports.iter().map(|&local_port| Socket { local_port, ..SOCKET }).collect();
            let datagram: Vec<u8> =
                sockets.iter().flat_map(|&socket| message(SOCK_DIAG_BY_FAMILY, 2, &encoded(socket))).collect();
            let length = HEADER_LEN + SOCKET_LEN;
            let cut = cut.index(datagram.len() + 1);
            let mut expected: Vec<_> =
                sockets[..cut / length].iter().map(|&socket| Ok(Body::Socket(socket))).collect();
            if cut % length > 0 {
                expected.push(Err(Truncated));
            }
            prop_assert_eq!(bodies(&datagram[..cut]), expected);
        }
    }
}
