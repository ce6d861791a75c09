//! The client half of a transport, seen by whoever drives it.
//!
//! A [`Subscriber`] is a state machine: bytes and instants go in, bytes to write and a [`Step`] come out. It opens no
//! socket and reads no clock. One driver serves every transport: it connects when told, stamps each read before it
//! hands the bytes over, writes what was put into [`Io::out`], and calls [`Subscriber::woken`] at the instant asked.

use std::rc::Rc;

/// What a subscriber is told about itself. The texts are those of many clients, and kept once for all of a thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// `Host` header: address and port of the target.
    pub host: Rc<str>,
    /// The topic to subscribe to.
    pub topic: Rc<str>,
    /// Seed of this client's random choices (masks, jitter).
    pub seed: u64,
    /// Where in its interval this client's poll clock begins, as a share in 0..1.
    pub phase: f64,
    /// Whether it asks for what it missed when it comes back.
    pub resume: bool,
}

/// Which way bytes travelled, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the target.
    Down,
    /// To the target.
    Up,
}

/// What bytes of the stream were for, other than framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A request answered with "nothing yet", or that answer.
    EmptyPoll,
    /// A request that opens a subscription, or its response head.
    Connecting,
    /// The payload of a message that the client sends.
    Message,
}

/// Things that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A request was put into [`Io::out`].
    Request,
    /// An answer said "nothing yet".
    EmptyReply,
    /// A gap marker was read.
    Gap,
    /// A poll is sent after its due time because the reply before it was slow, or the server's close after that reply.
    PollLate,
    /// A poll was never sent because what came before it took longer than the interval.
    PollSkipped,
    /// A reply with an error status.
    ErrorReply,
    /// A reply that the protocol does not allow, or one cut short.
    ProtocolError,
    /// No reply in time.
    Timeout,
    /// An answer that was asked for is over without its end: refused, or cut off from what was to come. Of each ask there
    /// comes either its end or this, unless the client leaves before.
    CutShort,
}

/// Receives what a subscriber finds in the bytes. The reception time is known to the implementor, not passed.
pub trait Observer {
    /// A complete event. The driver has already counted its bytes as framing; the observer moves them to payload.
    fn event(&mut self, payload: &[u8]);
    /// The transport is ready: 101, the SSE head, the first poll answered. Also after a reconnect.
    fn ready(&mut self);
    /// Something to be counted.
    fn note(&mut self, note: Note);
    /// Of the stream bytes already counted as framing, `bytes` were for `part`.
    fn reclassify(&mut self, direction: Direction, part: Part, bytes: u64);
}

/// What a subscriber is given with every input.
pub struct Io<'a> {
    /// The instant of this input: the return of the read, the wake-up, the end of the connect.
    pub now_ns: u64,
    /// Bytes to be written to the socket.
    pub out: &'a mut Vec<u8>,
    /// Where findings go.
    pub observer: &'a mut dyn Observer,
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The connect was refused, unreachable or timed out.
    ConnectFailed,
    /// The peer closed in order.
    Eof,
    /// Reset, or another error of the socket.
    Broken,
}

/// What a subscriber wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Keep the connection; call [`Subscriber::woken`] at this instant, if any.
    Hold {
        /// Instant of the wake-up.
        wake_ns: Option<u64>,
    },
    /// Close the connection, if any, and open a new one at this instant.
    Open {
        /// When.
        at_ns: u64,
        /// Whether this is how the transport works or a repair.
        why: Reopen,
    },
    /// Close the connection and never open another.
    End,
}

/// Why a connection is opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reopen {
    /// A new socket per request was asked for.
    Planned,
    /// The connection was lost or gave a wrong answer, or an error status and then its end.
    Lost,
}

/// The client half of a transport.
pub trait Subscriber {
    /// The socket is connected.
    fn connected(&mut self, io: &mut Io<'_>) -> Step;
    /// Bytes were read. Cut anywhere: one call may hold half an event or many.
    fn received(&mut self, bytes: &[u8], io: &mut Io<'_>) -> Step;
    /// There is no connection any more, or it could not be made.
    fn closed(&mut self, why: Closed, io: &mut Io<'_>) -> Step;
    /// The instant that was asked for has come.
    fn woken(&mut self, io: &mut Io<'_>) -> Step;
    /// The run is over, or the client leaves for a while: put a polite end into [`Io::out`], if the transport has one.
    fn farewell(&mut self, io: &mut Io<'_>);
    /// Asks for answer `ask` of the run, on the connection there is (pattern `stream`). Only of halves that ask, see
    /// `Settings::asker`; only on a connection, once it was said to be ready, and only while no answer is under way: that
    /// is, after the last ask's end event or [`Note::CutShort`].
    fn ask(&mut self, ask: u64, io: &mut Io<'_>) -> Step {
        let _ = (ask, io);
        debug_assert!(false, "this half asks for nothing");
        Step::Hold { wake_ns: None }
    }
    /// Whether [`Subscriber::send`] may be called now. What is to be sent waits until then.
    fn can_send(&self) -> bool {
        false
    }
    /// Sends a message to the topic on the connection there is (pattern `chat`). Only of transports whose connection
    /// carries messages, see `Settings::carries_messages`, and of uplinks; only while [`Subscriber::can_send`] says so. What
    /// becomes of it when the connection ends is not known: no message is sent twice.
    fn send(&mut self, message: &[u8], io: &mut Io<'_>) -> Step {
        let _ = (message, io);
        debug_assert!(false, "this half sends nothing");
        Step::Hold { wake_ns: None }
    }
}
