//! A capture of the TCP segments that cross this machine's loopback, for whoever may make one.

use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType, recv, socket_with, sockopt};
use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Number of IPv4 in Ethernet headers.
const ETHERTYPE_IPV4: u16 = 0x0800;
/// Number of TCP in IP headers.
const PROTOCOL_TCP: u8 = 6;
/// Room for what other tests send meanwhile.
const BUFFER_BYTES: usize = 256 << 20;
/// The network that workers connect from: the second byte of their addresses, after 127.
const WORKER_NETWORK: u8 = 1;
/// How long to wait for a segment before looking whether to end.
const LOOK: Duration = Duration::from_millis(50);
const FIN: u8 = 1;
const SYN: u8 = 2;

/// One segment.
#[derive(Debug, Clone, Copy)]
struct Segment {
    from: (Ipv4Addr, u16),
    to: (Ipv4Addr, u16),
    sequence: u32,
    flags: u8,
    ip_bytes: u64,
    payload_bytes: u32,
}

impl Segment {
    /// Takes an IPv4 packet apart; `None` for anything but TCP.
    fn parse(packet: &[u8]) -> Option<Self> {
        let two = |bytes: &[u8], at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let address = |at: usize| {
            let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
            Some(Ipv4Addr::from(bytes))
        };
        if *packet.get(9)? != PROTOCOL_TCP {
            return None;
        }
        let ip_header = usize::from(packet.first()? & 15) * 4;
        let tcp = packet.get(ip_header..)?;
        let tcp_header = usize::from(tcp.get(12)? >> 4) * 4;
        let ip_bytes = two(packet, 2)?;
        Some(Self {
            from: (address(12)?, two(tcp, 0)?),
            to: (address(16)?, two(tcp, 2)?),
            sequence: u32::from_be_bytes(tcp.get(4..8)?.try_into().ok()?),
            flags: *tcp.get(13)?,
            ip_bytes: ip_bytes.into(),
            payload_bytes: u32::from(ip_bytes).saturating_sub((ip_header + tcp_header) as u32),
        })
    }
}

/// What crossed between workers and some ports in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Crossed {
    /// Total lengths of the IP packets.
    pub(crate) ip_bytes: u64,
    pub(crate) segments: u64,
    /// Bytes between SYN and FIN, by their sequence numbers.
    pub(crate) stream_bytes: u64,
    pub(crate) connections: u64,
}

/// A capture under way.
pub(crate) struct Capture {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Segment>>,
}

/// All that was captured.
pub(crate) struct Captured(Vec<Segment>);

impl Capture {
    /// Begins; `None` where this process may not.
    pub(crate) fn begin() -> Option<Self> {
        // Of all protocols the outgoing side would be heard too; of one it is what arrives.
        let protocol = NonZeroU32::new(ETHERTYPE_IPV4.to_be().into()).map(Protocol::from_raw);
        let socket =
            socket_with(AddressFamily::PACKET, SocketType::DGRAM, SocketFlags::CLOEXEC, protocol).ok()?;
        sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER_BYTES)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES))
            .unwrap();
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(LOOK)).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        Some(Self { stop, thread: std::thread::spawn(move || listen(&socket, &told)) })
    }

    /// Ends it after everything that had crossed before was taken in.
    pub(crate) fn end(self) -> Captured {
        self.stop.store(true, Ordering::Relaxed);
        Captured(self.thread.join().unwrap())
    }
}

fn listen(socket: &OwnedFd, stop: &AtomicBool) -> Vec<Segment> {
    let mut segments = Vec::new();
    // Headers are enough; the rest of a packet is cut off.
    let mut buffer = [0u8; 120];
    loop {
        match recv(socket, &mut buffer, RecvFlags::empty()) {
            Ok((length, _)) => segments.extend(Segment::parse(&buffer[..length])),
            Err(_) if stop.load(Ordering::Relaxed) => return segments,
            Err(_) => {}
        }
    }
}

impl Captured {
    /// What crossed between workers and those ports: down, and up.
    ///
    /// # Panics
    /// When the capture lost segments that carried bytes.
    pub(crate) fn at(&self, ports: &[u16]) -> [Crossed; 2] {
        let of_worker = |end: (Ipv4Addr, u16)| end.0.octets()[1] == WORKER_NETWORK;
        let of_target = |end: (Ipv4Addr, u16)| end.0 == Ipv4Addr::LOCALHOST && ports.contains(&end.1);
        let down = |segment: &&Segment| of_target(segment.from) && of_worker(segment.to);
        let up = |segment: &&Segment| of_worker(segment.from) && of_target(segment.to);
        [sum(self.0.iter().filter(down)), sum(self.0.iter().filter(up))]
    }
}

/// One direction of a connection.
#[derive(Default)]
struct Flow {
    syn: u32,
    fin: Option<u32>,
    /// Sequence numbers of segments with bytes: one sent again counts once.
    seen: HashSet<u32>,
    payload_bytes: u64,
}

fn sum<'a>(segments: impl Iterator<Item = &'a Segment>) -> Crossed {
    let mut crossed = Crossed::default();
    let mut open: HashMap<_, Flow> = HashMap::new();
    let mut flows = Vec::new();
    for segment in segments {
        crossed.ip_bytes += segment.ip_bytes;
        crossed.segments += 1;
        let ends = (segment.from, segment.to);
        if segment.flags & SYN != 0 && open.get(&ends).is_none_or(|flow| flow.syn != segment.sequence) {
            // The same ports may serve one connection after the other.
            flows.extend(open.insert(ends, Flow { syn: segment.sequence, ..Flow::default() }));
        }
        let flow = open.get_mut(&ends).expect("a connection begins with a SYN");
        if segment.payload_bytes > 0 && flow.seen.insert(segment.sequence) {
            flow.payload_bytes += u64::from(segment.payload_bytes);
        }
        if segment.flags & FIN != 0 {
            flow.fin = Some(segment.sequence.wrapping_add(segment.payload_bytes));
        }
    }
    flows.extend(open.into_values());
    for flow in &flows {
        let fin = flow.fin.expect("a connection of a run ends with a FIN each way");
        let stream_bytes = u64::from(fin.wrapping_sub(flow.syn).wrapping_sub(1));
        assert_eq!(flow.payload_bytes, stream_bytes, "the capture lost segments");
        crossed.stream_bytes += stream_bytes;
    }
    crossed.connections = flows.len() as u64;
    crossed
}
