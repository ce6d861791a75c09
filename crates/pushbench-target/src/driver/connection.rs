//! One connection that asks for events, as an entry among thousands: what it is doing, and bytes into its socket.
//!
//! PERF: one that has an idle event stream takes 570 bytes of the process in all (10 KiB less than a task and the HTTP
//! library's buffers took), measured with 5,000 of them.
//!
//! An idle one owns no buffer. What its socket does not take at once waits in `unsent`, and nothing else is put there
//! out of turn; events beyond the one that was cut stay in the ring.

use pushbench_probe::timers;
use pushbench_transport::meter::Metered;
use pushbench_transport::server::{Go, ReplyForm, Stream, TopicName};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};
use std::io::IoSlice;
use std::os::fd::OwnedFd;

use super::MeteredSocket;
use crate::hub::Place;
use crate::patience::Patience;

/// Bytes that may wait for a client before nothing more is read of it.
const UNSENT_BYTES_MAX: usize = 64 << 10;

pub(super) struct Connection {
    // Before the socket, because fields are dropped in this order.
    pub(super) metered: Metered,
    pub(super) pipe: Pipe,
    pub(super) generation: u32,
    /// Whether it stands in the queue of those that go on without a report of the poller.
    pub(super) queued: bool,
    /// Whether it stands in the list of those whose socket took nothing.
    pub(super) listed: bool,
    /// Whether there may be bytes in the socket of which the poller will say nothing more.
    pub(super) unread: bool,
    pub(super) client: Client,
    /// Where the next head was read first.
    pub(super) head_from: HeadFrom,
    pub(super) mode: Mode,
    /// What was read and is not understood yet: the beginning of a head, or requests whose turn has not come.
    pub(super) input: Vec<u8>,
    pub(super) timer: Option<timers::Key>,
}

/// A socket, and what it has not taken yet.
pub(super) struct Pipe {
    pub(super) socket: OwnedFd,
    pub(super) patience: Patience,
    unsent: Vec<u8>,
    /// How much of `unsent` is sent.
    sent: usize,
}

/// Whether more is to come from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Speaks,
    /// It has ended its direction, and not all that it sent before is read.
    Leaves,
    /// All is read.
    Ended,
}

/// Who read the head of a request first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadFrom {
    Here,
    /// The HTTP library, to which it must not go again.
    Library,
}

/// What a connection is doing.
pub(super) enum Mode {
    /// It waits for the head of a request.
    Asking,
    /// A poll is held.
    Held(Held),
    /// A stream goes on.
    Streaming(Streaming),
    /// What is unsent is the last.
    Ending(Farewell),
    /// The last was sent; what still comes is thrown away.
    Lingering,
    /// The same, and it never was one of the target's connections.
    Refused,
}

/// What follows the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The end.
    Close,
    /// Time for the client to read it: a socket closed over unread bytes is reset, and the reset may take the last reply
    /// away from the client.
    Linger,
}

/// A poll that waits for something to tell.
pub(super) struct Held {
    /// It has everything up to this id.
    pub(super) after: u64,
    pub(super) until_ns: u64,
    pub(super) waits: Waits,
    pub(super) form: ReplyForm,
}

/// How a held poll learns of an event.
pub(super) enum Waits {
    /// It is visited.
    At(Place),
    /// It looks each time so much has passed.
    Looking { topic: TopicName, every_ns: u64 },
}

/// A stream of events.
pub(super) struct Streaming {
    pub(super) stream: Box<dyn Stream>,
    /// `None` once it takes no more events.
    pub(super) place: Option<Place>,
    /// When something was written last.
    pub(super) sent_ns: u64,
    /// Whether it was told that the target shuts down.
    pub(super) was_shut_down: bool,
    pub(super) ends: Ends,
}

/// When a stream ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Never,
    /// With the end of the answer to this ask, which can be had otherwise too.
    WithAnAnswer(u64),
    /// With the end of the answer to this ask, which nobody can have when the stream is gone.
    WithItsAnswer(u64),
}

/// The client is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

impl Connection {
    pub(super) fn new(socket: MeteredSocket, generation: u32, now_ns: u64) -> Self {
        let MeteredSocket { metered, socket } = socket;
        Self {
            metered,
            pipe: Pipe::new(socket, now_ns),
            generation,
            queued: false,
            listed: false,
            unread: false,
            client: Client::Speaks,
            head_from: HeadFrom::Here,
            mode: Mode::Asking,
            input: Vec::new(),
            timer: None,
        }
    }

    /// Whether what it does would go on for a client that has left.
    pub(super) fn goes_on_for_nobody(&self) -> bool {
        match self.mode {
            Mode::Held(_) => self.client != Client::Speaks,
            // What is not read yet may be its side of a closing handshake.
            Mode::Streaming(_) => self.client == Client::Ended,
            Mode::Asking | Mode::Ending(_) | Mode::Lingering | Mode::Refused => false,
        }
    }

    /// Whether what the client sends is read now: a client that asks and asks and reads no answer must wait.
    pub(super) fn wants_bytes(&self, input_bytes_max: usize) -> bool {
        self.input.len() <= input_bytes_max
            && self.pipe.unsent.len() <= UNSENT_BYTES_MAX
            && self.client != Client::Ended
    }
}

impl Pipe {
    pub(super) fn new(socket: OwnedFd, now_ns: u64) -> Self {
        Self { socket, patience: Patience::new(now_ns), unsent: Vec::new(), sent: 0 }
    }

    /// Whether bytes wait for the socket.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Bytes that wait for the socket.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.unsent.len() - self.sent
    }

    /// Whether the socket took nothing, or not all, the last time.
    pub(super) fn is_blocked(&self) -> bool {
        self.patience.is_blocked()
    }

    /// Sends bytes; what the socket does not take waits.
    pub(super) fn write(&mut self, bytes: &[u8], now_ns: u64) -> Result<(), Gone> {
        if self.is_blocked() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        if !bytes.is_empty() {
            let sent = try_send(&self.socket, bytes)?;
            self.keep(&bytes[sent..], now_ns);
        }
        Ok(())
    }

    /// Sends one event and returns 1; or 0 if the socket takes nothing at all: then the ring keeps it.
    pub(super) fn write_event(&mut self, bytes: &[u8], now_ns: u64) -> Result<u64, Gone> {
        let sent = try_send(&self.socket, bytes)?;
        if sent == 0 {
            // Every event has some bytes around it.
            self.patience.blocked(|| now_ns);
            return Ok(0);
        }
        self.keep(&bytes[sent..], now_ns);
        Ok(1)
    }

    /// Sends several events in one go, and returns how many the socket took; of the last one a rest may wait.
    pub(super) fn write_events(&mut self, events: &[IoSlice<'_>], now_ns: u64) -> Result<u64, Gone> {
        let mut nothing_else = SendAncillaryBuffer::default();
        let sent =
            taken(retry_on_intr(|| sendmsg(&self.socket, events, &mut nothing_else, SendFlags::NOSIGNAL)))?;
        let mut left = sent;
        let mut whole = 0;
        for event in events {
            if left < event.len() {
                if left > 0 {
                    self.keep(&event[left..], now_ns);
                    whole += 1;
                }
                self.patience.blocked(|| now_ns);
                break;
            }
            left -= event.len();
            whole += 1;
        }
        Ok(whole)
    }

    fn keep(&mut self, rest: &[u8], now_ns: u64) {
        if !rest.is_empty() {
            self.unsent.extend_from_slice(rest);
            self.patience.blocked(|| now_ns);
        }
    }

    /// The socket takes bytes again: sends what waits.
    pub(super) fn flush(&mut self, now_ns: u64) -> Result<(), Gone> {
        self.patience.wrote(|| now_ns);
        if self.unsent.is_empty() {
            return Ok(());
        }
        let waiting = &self.unsent[self.sent..];
        let sent = try_send(&self.socket, waiting)?;
        if sent < waiting.len() {
            self.sent += sent;
            self.patience.blocked(|| now_ns);
        } else {
            // With its room: nobody who keeps up owns any.
            self.unsent = Vec::new();
            self.sent = 0;
        }
        Ok(())
    }
}

impl Streaming {
    pub(super) fn new(stream: Box<dyn Stream>, place: Place, ends: Ends, now_ns: u64) -> Self {
        Self { stream, place: Some(place), sent_ns: now_ns, was_shut_down: false, ends }
    }

    /// Its instant has come: what it has to say, and what it wants next.
    pub(super) fn woken(&mut self, now_ns: u64, out: &mut Vec<u8>) -> Go {
        match self.place {
            Some(_) => self.stream.woken(now_ns, self.sent_ns, out),
            // Nobody waits longer for the other side of a closing handshake.
            None => Go::End,
        }
    }
}

/// How many bytes the socket takes now.
fn try_send(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Gone> {
    taken(retry_on_intr(|| send(socket, bytes, SendFlags::NOSIGNAL)))
}

fn taken(outcome: Result<usize, Errno>) -> Result<usize, Gone> {
    match outcome {
        Ok(sent) => Ok(sent),
        Err(Errno::AGAIN) => Ok(0),
        Err(_) => Err(Gone),
    }
}
