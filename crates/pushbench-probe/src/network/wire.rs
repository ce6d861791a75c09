//! The bytes of `rtnetlink(7)`: requests that make, change and describe devices, and what is read of the answers. Pure
//! functions over bytes.
//!
//! Written out here rather than taken from a library: four requests and three fields of one answer are needed. The two
//! libraries at hand bring a dozen and twenty crates, and 22 s and 13 s of compiling on one CPU.
//! Layouts: `struct ifinfomsg`, `struct ifaddrmsg` and their attributes (`rtnetlink(7)`, `linux/if_link.h`).

use std::net::Ipv4Addr;

use crate::netlink::{
    Frame, HEADER_LEN, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR, Truncated, errno, header, u16_at, u32_at,
};

const LINK_LEN: usize = 16;
const ATTRIBUTE_HEADER_LEN: usize = 4;
/// `VETH_INFO_PEER` of `linux/veth.h`: the other end, described like a device of its own.
const VETH_INFO_PEER: u16 = 1;
/// Flags of an attribute's type, which are not part of it: nested, network byte order.
const ATTRIBUTE_FLAGS: u16 = 0xc000;
const NLM_F_CREATE: u16 = 0x400;
const NLM_F_EXCL: u16 = 0x200;

/// What is read of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// Its number in its namespace.
    pub(super) index: u32,
    /// Whether it is up and its peer is, and the kernel sends through it.
    pub(super) running: bool,
    /// Largest IP packet, in bytes.
    pub(super) mtu: u32,
}

/// A message of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Link(Link),
    /// The request was carried out; nothing follows.
    Done,
    /// It was not, with this error number.
    Refused(i32),
    /// Something that was not asked for.
    Other,
}

/// A request under construction.
#[derive(Debug)]
pub(super) struct Request {
    kind: u16,
    flags: u16,
    /// From the header on, whose place is kept free.
    bytes: Vec<u8>,
}

impl Request {
    /// Makes a pair of virtual Ethernet devices with the same name: one here, one in the namespace of an open file.
    pub(super) fn make_veth(name: &str, mtu: u32, peer_namespace: i32) -> Self {
        let mut request = Self::of_link(libc::RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
        request.device(name, mtu);
        request.nested(libc::IFLA_LINKINFO, |request| {
            request.attribute(libc::IFLA_INFO_KIND, b"veth");
            request.nested(libc::IFLA_INFO_DATA, |request| {
                request.nested(VETH_INFO_PEER, |request| {
                    request.bytes.extend([0; LINK_LEN]);
                    request.device(name, mtu);
                    request.attribute(libc::IFLA_NET_NS_FD, &peer_namespace.to_ne_bytes());
                });
            });
        });
        request
    }

    /// Brings a device up.
    pub(super) fn bring_up(name: &str) -> Self {
        let mut request = Self::of_link(libc::RTM_NEWLINK, 0, libc::IFF_UP as u32);
        request.name(name);
        request
    }

    /// Asks what a device is like.
    pub(super) fn describe(name: &str) -> Self {
        let mut request = Self::of_link(libc::RTM_GETLINK, 0, 0);
        request.name(name);
        request
    }

    /// Gives a device an address, with a route to all addresses that share its first `prefix` bits.
    pub(super) fn add_address(index: u32, address: Ipv4Addr, prefix: u8) -> Self {
        let mut request = Self::new(libc::RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
        // Family, prefix, flags, scope (0: everywhere), index.
        request.bytes.extend([libc::AF_INET as u8, prefix, 0, 0]);
        request.bytes.extend(index.to_ne_bytes());
        request.attribute(libc::IFA_LOCAL, &address.octets());
        request.attribute(libc::IFA_ADDRESS, &address.octets());
        request
    }

    fn new(kind: u16, flags: u16) -> Self {
        Self { kind, flags: flags | NLM_F_REQUEST | NLM_F_ACK, bytes: vec![0; HEADER_LEN] }
    }

    /// About a device, with device flags to be set.
    fn of_link(kind: u16, flags: u16, device_flags: u32) -> Self {
        let mut request = Self::new(kind, flags);
        // Family, padding, type and index: any; then the flags, and which of them are meant.
        request.bytes.extend([0; 8]);
        request.bytes.extend(device_flags.to_ne_bytes());
        request.bytes.extend(device_flags.to_ne_bytes());
        request
    }

    fn device(&mut self, name: &str, mtu: u32) {
        self.name(name);
        self.attribute(libc::IFLA_MTU, &mtu.to_ne_bytes());
    }

    fn name(&mut self, name: &str) {
        let terminated: Vec<u8> = name.bytes().chain([0]).collect();
        self.attribute(libc::IFLA_IFNAME, &terminated);
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.nested(kind, |request| request.bytes.extend(value));
    }

    /// An attribute whose value is what `fill` appends. The length is that without padding.
    fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let begin = self.bytes.len();
        self.bytes.extend([0; ATTRIBUTE_HEADER_LEN]);
        fill(self);
        let length = (self.bytes.len() - begin) as u16;
        self.bytes[begin..begin + 2].copy_from_slice(&length.to_ne_bytes());
        self.bytes[begin + 2..begin + 4].copy_from_slice(&kind.to_ne_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// The bytes to be sent.
    pub(super) fn into_bytes(mut self, sequence: u32) -> Vec<u8> {
        let header = header(self.bytes.len(), self.kind, self.flags, sequence);
        self.bytes[..HEADER_LEN].copy_from_slice(&header);
        self.bytes
    }
}

/// The answers in one datagram to the request of that number.
pub(super) fn answers(mut datagram: &[u8], sequence: u32) -> Result<Vec<Answer>, Truncated> {
    let mut answers = Vec::new();
    while !datagram.is_empty() {
        let (frame, rest) = Frame::split(datagram).ok_or(Truncated)?;
        if frame.sequence == sequence {
            answers.push(answer(frame).ok_or(Truncated)?);
        }
        datagram = rest;
    }
    Ok(answers)
}

/// `None` when the payload is cut short.
fn answer(frame: Frame<'_>) -> Option<Answer> {
    Some(match frame.kind {
        NLMSG_ERROR => match errno(frame.payload)? {
            0 => Answer::Done,
            number => Answer::Refused(number),
        },
        libc::RTM_NEWLINK => Answer::Link(link(frame.payload)?),
        _ => Answer::Other,
    })
}

fn link(payload: &[u8]) -> Option<Link> {
    let (index, flags) = (u32_at(payload, 4)?, u32_at(payload, 8)?);
    let mut attributes = payload.get(LINK_LEN..)?;
    let mut mtu = None;
    while !attributes.is_empty() {
        let length = usize::from(u16_at(attributes, 0)?);
        let value = attributes.get(ATTRIBUTE_HEADER_LEN..length)?;
        if u16_at(attributes, 2)? & !ATTRIBUTE_FLAGS == libc::IFLA_MTU {
            mtu = Some(u32_at(value, 0)?);
        }
        attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(Link { index, running: flags & libc::IFF_RUNNING as u32 != 0, mtu: mtu? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bytes of a request by fours, as they travel; numbers are those of a little-endian host.
    #[cfg(target_endian = "little")]
    fn words(request: Request) -> Vec<String> {
        let bytes = request.into_bytes(9);
        let (words, rest) = bytes.as_chunks();
        assert!(rest.is_empty());
        words.iter().map(|word| format!("{:08x}", u32::from_be_bytes(*word))).collect()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn requests_have_the_kernels_layout() {
        #[rustfmt::skip]
        let veth = [
            "6c000000", "10000506", "09000000", "00000000", // 108 bytes, RTM_NEWLINK, create exclusively with ack, 9, 0
            "00000000", "00000000", "00000000", "00000000", // ifinfomsg
            "06000300", "65000000", // IFLA_IFNAME "e"
            "08000400", "dc050000", // IFLA_MTU 1500
            "3c001200", // IFLA_LINKINFO, 60 bytes
            "08000100", "76657468", // IFLA_INFO_KIND "veth"
            "30000200", // IFLA_INFO_DATA, 48 bytes
            "2c000100", // VETH_INFO_PEER, 44 bytes
            "00000000", "00000000", "00000000", "00000000",
            "06000300", "65000000", "08000400", "dc050000",
            "08001c00", "05000000", // IFLA_NET_NS_FD 5
        ];
        assert_eq!(words(Request::make_veth("e", 1500, 5)), veth);
        #[rustfmt::skip]
        let up = [
            "2c000000", "10000500", "09000000", "00000000",
            "00000000", "00000000", "01000000", "01000000", // IFF_UP, of which IFF_UP is meant
            "0a000300", "76657468", "30000000",
        ];
        assert_eq!(words(Request::bring_up("veth0")), up);
        #[rustfmt::skip]
        let address = [
            "28000000", "14000506", "09000000", "00000000",
            "020f0000", "03000000",
            "08000200", "c6130001", "08000100", "c6130001",
        ];
        assert_eq!(words(Request::add_address(3, Ipv4Addr::new(198, 19, 0, 1), 15)), address);
    }

    fn frame(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = header(HEADER_LEN + payload.len(), kind, 0, sequence).to_vec();
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn device(flags: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut request = Request { kind: 0, flags: 0, bytes: vec![0; LINK_LEN] };
        request.bytes[4..8].copy_from_slice(&7_u32.to_ne_bytes());
        request.bytes[8..12].copy_from_slice(&flags.to_ne_bytes());
        for (kind, value) in attributes {
            request.attribute(*kind, value);
        }
        request.bytes
    }

    #[test]
    fn answers_by_type() {
        let mtu = 1500_u32.to_ne_bytes();
        let up = libc::IFF_RUNNING as u32 | 1;
        let described = [(libc::IFLA_IFNAME, &b"e\0"[..]), (libc::IFLA_MTU, &mtu)];
        let link = |running| Answer::Link(Link { index: 7, running, mtu: 1500 });
        let refused = (-libc::EPERM).to_ne_bytes();
        let table = [
            (frame(NLMSG_ERROR, 9, &[0; 4]), Ok(vec![Answer::Done])),
            (frame(NLMSG_ERROR, 9, &refused), Ok(vec![Answer::Refused(libc::EPERM)])),
            (frame(libc::RTM_NEWLINK, 9, &device(up, &described)), Ok(vec![link(true)])),
            (frame(libc::RTM_NEWLINK, 9, &device(1, &described)), Ok(vec![link(false)])),
            (frame(libc::RTM_NEWLINK, 9, &device(up, &described[..1])), Err(Truncated)),
            (frame(libc::RTM_NEWLINK, 9, &device(up, &[(libc::IFLA_MTU, &mtu[..2])])), Err(Truncated)),
            (frame(libc::RTM_NEWLINK, 9, &[0; LINK_LEN - 1]), Err(Truncated)),
            (frame(99, 9, &[]), Ok(vec![Answer::Other])),
            (frame(NLMSG_ERROR, 8, &refused), Ok(vec![])),
            (
                [frame(libc::RTM_NEWLINK, 9, &device(up, &described)), frame(NLMSG_ERROR, 9, &[0; 4])]
                    .concat(),
                Ok(vec![link(true), Answer::Done]),
            ),
        ];
        for (datagram, expected) in table {
            assert_eq!(answers(&datagram, 9), expected, "{datagram:?}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = answers(&bytes, 9);
        }

        /// Garbage with a believable header reaches the attributes, and reading them ends.
        #[test]
        fn garbage_in_a_frame_never_panics(payload in proptest::collection::vec(0..40_u8, 0..200)) {
            prop_assert!(answers(&frame(libc::RTM_NEWLINK, 9, &payload), 9).map_or(1, |all| all.len()) <= 1);
        }
    }
}
