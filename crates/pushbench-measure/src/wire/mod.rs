//! Bytes and segments on the wire, from what the kernel counted on each socket.
//!
//! One [`Wire`] is a sum over sockets as one side saw them. What the kernel leaves out of its counts (the SYN-ACK of a
//! socket that was accepted) or puts into them (a byte for the FIN) is set right here, and so are the segments that
//! follow once a socket was closed and cannot be asked any more. Nothing here reads a socket.

mod facts;
mod log;

use serde::{Deserialize, Serialize};

pub use facts::{Idle, Window, WireFacts};
pub use log::{READINGS, WireLog, idle_cpu_from_ns, instants};

/// TCP header without options, bytes.
const TCP_HEADER: u64 = 20;
/// The timestamps option with its padding, bytes: in every segment where both ends want it (RFC 7323, appendix A).
const TIMESTAMPS: u64 = 12;
/// Options of SYN and SYN-ACK that Linux sends (MSS, SACK permitted, window scale, timestamps), bytes.
const SYN_OPTIONS: u64 = 20;
/// The same without timestamps.
const SYN_OPTIONS_BARE: u64 = 12;

/// What the kernel said of one socket, in its own way of counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How far the connection's end has come.
    pub stage: Stage,
    /// Whether segments carry timestamps.
    pub timestamps: bool,
    /// Payload bytes sent, retransmissions included.
    pub bytes_sent: u64,
    /// Of these, bytes sent again.
    pub bytes_resent: u64,
    /// Payload bytes received, and one for the peer's FIN.
    pub bytes_received: u64,
    /// Segments sent; without the SYN-ACK.
    pub segments_sent: u64,
    /// Segments received.
    pub segments_received: u64,
    /// Segments sent again.
    pub segments_resent: u64,
}

/// How far the end of a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No FIN either way (ESTABLISHED).
    Open,
    /// This side has sent its FIN (FIN-WAIT-1, FIN-WAIT-2).
    ClosedHere,
    /// The peer has sent its FIN (CLOSE-WAIT).
    ClosedThere,
    /// Both have; the last acknowledgement is under way (LAST-ACK, CLOSING).
    ClosedByBoth,
    /// It is over (TIME-WAIT, CLOSED).
    Over,
}

/// Which side opened a connection, seen from the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// This one: it connected.
    Here,
    /// The other: this one accepted.
    There,
}

/// The version of IP under a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ip {
    /// Headers of 20 bytes.
    V4,
    /// Headers of 40 bytes.
    V6,
}

impl Ip {
    fn header(self) -> u64 {
        match self {
            Self::V4 => 20,
            Self::V6 => 40,
        }
    }
}

/// Whether a socket lives on after a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It does.
    GoesOn,
    /// It is closed right after it, which makes segments of its own.
    Ends,
}

macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Sums over sockets as one side saw them.
        ///
        /// Retransmissions that arrived twice are among the segments received, but their payload is not among the bytes.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Wire {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Wire {
            /// Adds every count of `other`.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// What happened since `earlier`, a reading of the same sockets.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name),)* }
            }
        }
    };
}

wire! {
    /// Sockets of which the kernel told.
    sockets,
    /// Sockets of which it did not: with any of them the sums are not those of all.
    unread,
    /// Bytes of the stream sent, each once.
    stream_out,
    /// Bytes of the stream received, each once.
    stream_in,
    /// Bytes of the stream sent again.
    resent_bytes,
    /// Segments sent again.
    resent_segments,
    /// Segments sent.
    segments_out,
    /// Segments received.
    segments_in,
    /// Headers of IP and TCP with their options of the segments sent, bytes.
    headers_out,
    /// The same of the segments received.
    headers_in,
    /// Of `headers_out`, those of segments that open or close a connection.
    connecting_out,
    /// Of `headers_in`, the same.
    connecting_in,
}

impl Wire {
    /// One socket.
    #[must_use]
    pub fn of(reading: &Reading, opened: Opened, ip: Ip, life: Life) -> Self {
        let (option, syn_options) =
            if reading.timestamps { (TIMESTAMPS, SYN_OPTIONS) } else { (0, SYN_OPTIONS_BARE) };
        let header = ip.header() + TCP_HEADER + option;
        let syn_more = syn_options - option;
        // SYN and the acknowledgement of the SYN-ACK one way, the SYN-ACK the other.
        let (opening_out, opening_in) = match opened {
            Opened::Here => (2, 1),
            Opened::There => (1, 2),
        };
        let syn_ack_uncounted = u64::from(opened == Opened::There);
        let end = End::of(reading.stage, life, opened);
        let fin_received = u64::from(!matches!(reading.stage, Stage::Open | Stage::ClosedHere));
        let segments_out = reading.segments_sent + syn_ack_uncounted + end.following_out;
        let segments_in = reading.segments_received + end.following_in;
        let connecting = |segments: u64, all: u64| segments.min(all) * header + syn_more;
        Self {
            sockets: 1,
            unread: 0,
            stream_out: reading.bytes_sent.saturating_sub(reading.bytes_resent),
            stream_in: reading.bytes_received.saturating_sub(fin_received),
            resent_bytes: reading.bytes_resent,
            resent_segments: reading.segments_resent,
            segments_out,
            segments_in,
            headers_out: segments_out * header + syn_more,
            headers_in: segments_in * header + syn_more,
            connecting_out: connecting(opening_out + end.all_out, segments_out),
            connecting_in: connecting(opening_in + end.all_in, segments_in),
        }
    }

    /// A socket of which the kernel told nothing.
    #[must_use]
    pub fn unread() -> Self {
        Self { unread: 1, ..Self::default() }
    }

    /// Every byte sent at the level of IP.
    #[must_use]
    pub fn bytes_out(&self) -> u64 {
        self.stream_out + self.resent_bytes + self.headers_out
    }

    /// Every byte received at the level of IP.
    #[must_use]
    pub fn bytes_in(&self) -> u64 {
        self.stream_in + self.headers_in
    }
}

/// Segments that end a connection: all of them, and those that come after the last reading.
///
/// A side that closes sends a FIN; the other acknowledges it with its own FIN where it closes at once, as both ends of
/// a run do, and the first side acknowledges that: three segments. A reset instead makes fewer.
#[derive(Default)]
struct End {
    all_out: u64,
    all_in: u64,
    following_out: u64,
    following_in: u64,
}

impl End {
    fn of(stage: Stage, life: Life, opened: Opened) -> Self {
        if life == Life::GoesOn {
            return Self::default();
        }
        match stage {
            // FIN, then the acknowledgement of the peer's FIN.
            Stage::Open => Self { all_out: 2, all_in: 1, following_out: 2, following_in: 1 },
            Stage::ClosedHere => Self { all_out: 2, all_in: 1, following_out: 1, following_in: 1 },
            // The peer's FIN was counted; this side's goes out, and is acknowledged.
            Stage::ClosedThere => Self { all_out: 1, all_in: 2, following_out: 1, following_in: 1 },
            Stage::ClosedByBoth => Self { all_out: 1, all_in: 2, following_out: 0, following_in: 1 },
            // Who closed first cannot be seen any more: mostly who connected.
            Stage::Over => match opened {
                Opened::Here => Self { all_out: 2, all_in: 1, following_out: 0, following_in: 0 },
                Opened::There => Self { all_out: 1, all_in: 2, following_out: 0, following_in: 0 },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection as captured: SYN, SYN-ACK, ACK (60 + 60 + 52 bytes), a request of 100 bytes, its ACK, an answer of 300
    /// bytes, its ACK; the accepting side closes: FIN, FIN, ACK.
    const CAPTURED: [(u64, u64); 2] = [(60 + 52 + 152 + 52 + 52, 5), (60 + 52 + 352 + 52 + 52, 5)];

    const ANSWERED: Reading = Reading {
        stage: Stage::ClosedThere,
        timestamps: true,
        bytes_sent: 100,
        bytes_resent: 0,
        bytes_received: 301,
        segments_sent: 4,
        segments_received: 4,
        segments_resent: 0,
    };

    #[test]
    fn both_ends_of_a_captured_connection_come_to_what_was_captured() {
        let client = Wire::of(&ANSWERED, Opened::Here, Ip::V4, Life::Ends);
        let accepting = Reading {
            stage: Stage::ClosedHere,
            bytes_sent: 300,
            bytes_received: 100,
            segments_sent: 3,
            segments_received: 4,
            ..ANSWERED
        };
        let target = Wire::of(&accepting, Opened::There, Ip::V4, Life::Ends);
        let [(up, up_segments), (down, down_segments)] = CAPTURED;
        assert_eq!((client.bytes_out(), client.bytes_in()), (up, down));
        assert_eq!((target.bytes_in(), target.bytes_out()), (up, down));
        assert_eq!((client.segments_out, client.segments_in), (up_segments, down_segments));
        assert_eq!((target.segments_in, target.segments_out), (up_segments, down_segments));
        assert_eq!((client.stream_out, client.stream_in), (100, 300));
        assert_eq!((target.stream_in, target.stream_out), (100, 300));
        // SYN, ACK, FIN of the client; SYN-ACK, FIN, ACK of the target.
        assert_eq!((client.connecting_out, client.connecting_in), (60 + 52 + 52, 60 + 52 + 52));
        assert_eq!((target.connecting_in, target.connecting_out), (60 + 52 + 52, 60 + 52 + 52));
    }

    #[test]
    fn without_timestamps_and_with_ipv6_headers_have_other_lengths() {
        let length = |timestamps, ip| {
            let reading = Reading { timestamps, stage: Stage::Open, bytes_sent: 0, ..ANSWERED };
            Wire::of(&reading, Opened::Here, ip, Life::GoesOn).bytes_out()
        };
        assert_eq!(length(true, Ip::V4), 60 + 3 * 52);
        assert_eq!(length(false, Ip::V4), 52 + 3 * 40);
        assert_eq!(length(true, Ip::V6), 80 + 3 * 72);
    }

    #[test]
    fn what_follows_a_close_depends_on_how_far_it_has_come() {
        let table = [
            (Stage::Open, 2, 1),
            (Stage::ClosedHere, 1, 1),
            (Stage::ClosedThere, 1, 1),
            (Stage::ClosedByBoth, 0, 1),
            (Stage::Over, 0, 0),
        ];
        for (stage, out, back) in table {
            let of = |life| Wire::of(&Reading { stage, ..ANSWERED }, Opened::Here, Ip::V4, life);
            let more = of(Life::Ends).since(&of(Life::GoesOn));
            assert_eq!((more.segments_out, more.segments_in), (out, back), "{stage:?}");
            assert_eq!((more.stream_out, more.stream_in), (0, 0), "{stage:?}");
        }
    }

    #[test]
    fn retransmissions_are_bytes_on_the_wire_and_none_of_the_stream() {
        let reading = Reading { bytes_sent: 150, bytes_resent: 50, segments_resent: 1, ..ANSWERED };
        let wire = Wire::of(&reading, Opened::Here, Ip::V4, Life::GoesOn);
        assert_eq!((wire.stream_out, wire.resent_bytes, wire.resent_segments), (100, 50, 1));
        assert_eq!(wire.bytes_out(), 150 + wire.headers_out);
    }

    #[test]
    fn a_sum_less_one_part_is_the_other_part() {
        let one = Wire::of(&ANSWERED, Opened::Here, Ip::V4, Life::Ends);
        let mut sum = one;
        sum.add(&Wire::unread());
        sum.add(&one);
        assert_eq!((sum.sockets, sum.unread), (2, 1));
        assert_eq!(sum.since(&one).since(&one), Wire::unread());
    }
}
