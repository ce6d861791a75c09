//! What the kernel counted on one TCP socket (`TCP_INFO`): bytes, segments, retransmissions.
//!
//! The numbers are the kernel's own, with its habits (seen on Linux 6.18 against captures of the same sockets):
//!
//! * `bytes_sent` holds every payload byte that was put into a segment, also again; neither SYN nor FIN.
//! * `bytes_received` holds every payload byte received in order, once, and one more for the FIN of the peer.
//! * `segs_out` and `segs_in` hold every segment, bare acknowledgements too. On a socket that was accepted the SYN is
//!   among `segs_in`, but the SYN-ACK, which was sent before the socket existed, is not among `segs_out`.
//!
//! The state is taken before the socket is locked and the counts after it, so a segment that arrives in between makes
//! them contradict each other: [`read_settled`] gives only what belongs together.
//!
//! What follows for the wire is worked out elsewhere; here is only read.

use std::io;
use std::os::fd::RawFd;

/// State of a connection (RFC 9293, section 3.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the RFC")]
pub enum TcpState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Closed,
    CloseWait,
    LastAck,
    Listen,
    Closing,
}

impl TcpState {
    /// The state behind the number that Linux gives it (`include/net/tcp_states.h`).
    fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Established,
            2 => Self::SynSent,
            // 12 is a request that no process has accepted.
            3 | 12 => Self::SynReceived,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Closed,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            _ => return None,
        })
    }
}

/// The kernel's counts of one socket since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpInfo {
    /// State of the connection.
    pub state: TcpState,
    /// Whether segments carry timestamps (RFC 7323): 12 bytes of options each.
    pub timestamps: bool,
    /// Payload bytes put into segments, retransmissions included.
    pub bytes_sent: u64,
    /// Of these, bytes that were sent again.
    pub bytes_retrans: u64,
    /// Payload bytes received in order, and one for the peer's FIN.
    pub bytes_received: u64,
    /// Segments sent.
    pub segs_out: u32,
    /// Segments received.
    pub segs_in: u32,
    /// Segments sent again.
    pub total_retrans: u32,
}

/// Bytes of the struct up to and with the last field that is needed; Linux has had it since 4.19.
const NEEDED: usize = 216;
/// `TCPI_OPT_TIMESTAMPS`.
const OPTION_TIMESTAMPS: u8 = 1;

/// Reads the counts of the socket behind `fd`.
///
/// A number that stands for something else than a TCP socket is an error, nothing worse; so is a kernel that does not
/// count bytes yet ([`io::ErrorKind::Unsupported`]).
///
/// # Errors
/// That of `getsockopt`.
#[expect(unsafe_code, reason = "rustix has no call for this option")]
pub fn read(fd: RawFd) -> io::Result<TcpInfo> {
    let mut bytes = [0u8; NEEDED];
    let mut length = NEEDED as libc::socklen_t;
    // SAFETY: the buffer is live and as long as the length says; a bad `fd` is answered with an error.
    let result = unsafe {
        libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, bytes.as_mut_ptr().cast(), &raw mut length)
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    parse(&bytes[..(length as usize).min(NEEDED)]).ok_or_else(|| {
        io::Error::new(io::ErrorKind::Unsupported, "this kernel does not count the bytes of a TCP socket")
    })
}

/// How often [`read_settled`] reads again. A connection goes through few states, and each only once.
const SETTLING_READS: usize = 8;

/// Reads the counts like [`read`], and makes sure that the state is the one they were counted in.
///
/// # Errors
/// Those of [`read`].
pub fn read_settled(fd: RawFd) -> io::Result<TcpInfo> {
    let mut info = read(fd)?;
    for _ in 0..SETTLING_READS {
        let again = read(fd)?;
        // No state comes back, so it was this one all the time.
        if again.state == info.state {
            break;
        }
        info = again;
    }
    Ok(info)
}

/// Takes `struct tcp_info` apart (`include/uapi/linux/tcp.h`); `None` when it ends before the fields needed.
fn parse(bytes: &[u8]) -> Option<TcpInfo> {
    let four = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let eight = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
    Some(TcpInfo {
        state: TcpState::of(*bytes.first()?)?,
        timestamps: bytes.get(5)? & OPTION_TIMESTAMPS != 0,
        total_retrans: four(100)?,
        bytes_received: eight(128)?,
        segs_out: four(136)?,
        segs_in: four(140)?,
        bytes_sent: eight(200)?,
        bytes_retrans: eight(208)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        (client, accepted)
    }

    fn info(stream: &TcpStream) -> TcpInfo {
        read(stream.as_raw_fd()).unwrap()
    }

    #[test]
    fn a_new_connection_has_its_handshake_but_for_the_syn_ack_of_the_accepting_side() {
        let (client, accepted) = pair();
        let (here, there) = (info(&client), info(&accepted));
        assert_eq!(read_settled(client.as_raw_fd()).unwrap(), here);
        assert_eq!((here.segs_out, here.segs_in), (2, 1), "SYN and ACK, SYN-ACK");
        assert_eq!((there.segs_out, there.segs_in), (0, 2), "the SYN-ACK is missing; SYN and ACK");
        for info in [here, there] {
            assert_eq!(info.state, TcpState::Established);
            assert_eq!((info.bytes_sent, info.bytes_received, info.bytes_retrans), (0, 0, 0));
        }
    }

    #[test]
    fn payload_counts_to_the_byte_and_a_fin_as_one_received() {
        let (mut client, mut accepted) = pair();
        client.write_all(&[1; 100]).unwrap();
        accepted.read_exact(&mut [0; 100]).unwrap();
        accepted.write_all(&[2; 300]).unwrap();
        client.read_exact(&mut [0; 300]).unwrap();
        let before = info(&client);
        assert_eq!((before.bytes_sent, before.bytes_received), (100, 300));
        assert_eq!((info(&accepted).bytes_sent, info(&accepted).bytes_received), (300, 100));
        accepted.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
        let after = info(&client);
        assert_eq!((after.state, after.bytes_received), (TcpState::CloseWait, 301));
        assert_eq!(after.segs_in, before.segs_in + 1);
        assert_eq!(info(&accepted).bytes_sent, 300, "and as none sent");
    }

    #[test]
    fn something_else_than_a_tcp_socket_is_an_error() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(read(file.as_raw_fd()).is_err());
        assert!(read(-1).is_err());
    }

    #[test]
    fn a_struct_that_ends_early_says_nothing_rather_than_zero() {
        let mut bytes = [0u8; NEEDED];
        bytes[0] = 1;
        bytes[5] = OPTION_TIMESTAMPS;
        bytes[200..208].copy_from_slice(&7u64.to_ne_bytes());
        let whole = parse(&bytes).unwrap();
        assert_eq!((whole.bytes_sent, whole.timestamps), (7, true));
        for length in 0..NEEDED {
            assert_eq!(parse(&bytes[..length]), None, "{length} bytes");
        }
    }
}
