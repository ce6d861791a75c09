//! What a transport makes of a request for events, seen by whoever drives the socket.
//!
//! A serving half is a state machine: requests, events, bytes and instants go in, bytes to write and a wish come out. It
//! opens no socket, reads no clock and keeps no event; one driver serves every transport, as one loop drives every client.
//! All bytes for the socket are appended to an `out` that belongs to the driver's thread, except those of a live event:
//! they are made once, kept in the event, and written from there.

use super::{Event, Query, RequestHead, Start};

/// A request to a transport's path, with what it takes to answer it.
#[derive(Debug)]
pub struct Question<'a> {
    /// The request. A body that an ask had says nothing here, and was read.
    pub head: &'a RequestHead<'a>,
    /// What it asks for.
    pub query: &'a Query<'a>,
    /// In what form the reply is written, be it begun now or later.
    pub form: ReplyForm,
    /// The date for the response, as in a `Date` header (RFC 9110, section 5.6.7).
    pub date: &'a str,
    /// Now.
    pub now_ns: u64,
    /// Where in the range of a jitter this request falls, from -1 to 1: evenly spread over the requests.
    pub jitter: f64,
}

/// What a request is answered with. In all cases the driver writes what is in `out`.
pub enum Answer {
    /// With what is in `out`: that is the whole response.
    Whole,
    /// With the events there are, or will be.
    Poll(PollAnswer),
    /// With a response that goes on until either side ends it.
    Stream(Box<dyn Stream>),
    /// With an answer of several parts, begun now, for which the client polls: the driver lets
    /// [`crate::polling::serve::write_ticket`] write where it is to be found.
    Ticket(ReplyForm),
    /// With an answer of several parts, begun now, whose end is the response's: [`Stream::end`] says how. Nobody can have it
    /// when the connection is gone.
    Asked(Box<dyn Stream>),
    /// The same for one that can be resumed: begun now, or, where the stream does not start from now on, before.
    AskedAgain(Box<dyn Stream>),
}

/// A poll: the driver reads the events after `start`, waits for the first one if it has to, and lets
/// [`crate::polling::serve`] write the reply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PollAnswer {
    /// From where on.
    pub start: Start,
    /// How it waits while there is nothing; `None`: not at all.
    pub hold: Option<Hold>,
    /// In what form the reply is written.
    pub form: ReplyForm,
}

/// How a poll is held until there is something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// When it is answered with what there is, be it nothing.
    pub until_ns: u64,
    /// `None`: the first event ends it. Otherwise the driver looks only each time so much has passed.
    pub look_every_ns: Option<u64>,
}

/// In what form a reply is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyForm {
    /// Whether the body is left out (`HEAD`).
    pub head_only: bool,
    /// Whether the page that asks comes from elsewhere, so that a browser wants to be told that it may read the reply.
    pub other_origin: bool,
    /// 0 or 1, of HTTP/1.x.
    pub minor_version: u8,
    /// Whether the connection stays open after the reply: both sides have to want it (RFC 9112, section 9.3).
    pub keeps_connection: bool,
}

/// The serving half of one stream.
///
/// The driver calls [`Stream::open`] once, writes events as they come, and calls [`Stream::woken`] at the instant that
/// was asked for last. It keeps to the order: nothing of a later event before the rest of an earlier one, and what is put
/// into `out` only between two events.
pub trait Stream {
    /// From where on it takes events.
    fn start(&self) -> Start;

    /// Puts the response head into `out`, and what comes before the first event, which is the one after `cursor`.
    fn open(&mut self, cursor: u64, date: &str, now_ns: u64, out: &mut Vec<u8>) -> Go;

    /// An event as it is written to the socket. It is made once for all subscribers and kept in the event.
    fn event<'e>(&self, event: &'e Event) -> &'e [u8];

    /// Says that the events before `oldest` are gone.
    fn gap(&mut self, oldest: u64, out: &mut Vec<u8>);

    /// The instant has come that was asked for. `sent_ns` is when something was written last.
    fn woken(&mut self, now_ns: u64, sent_ns: u64, out: &mut Vec<u8>) -> Go;

    /// The client sent bytes; cut anywhere. Whole messages of it, where the transport has such, are appended to `said`.
    fn received(&mut self, bytes: &[u8], now_ns: u64, said: &mut Vec<String>, out: &mut Vec<u8>) -> Go;

    /// The end of an answer was put into `out` (pattern `stream`). Where the response ends with it, its own end goes to `out`;
    /// the form says what becomes of the connection.
    fn end(&mut self, out: &mut Vec<u8>) -> Option<ReplyForm> {
        let _ = out;
        None
    }

    /// The client has asked for this answer on the connection, and does not get it.
    fn refuse(&mut self, ask: u64, out: &mut Vec<u8>) {
        let _ = (ask, out);
    }

    /// The target shuts down: what has to be said before the end goes to `out`. Not called twice.
    fn shut_down(&mut self, now_ns: u64, out: &mut Vec<u8>) -> Go;
}

/// What a stream wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// As before, with the wake-up that was asked for before.
    On,
    /// To be woken at this instant, and no more at another one.
    WakeAt(u64),
    /// No more events; what the client still sends is wanted until `until_ns`, then the end. A closing handshake.
    Closing {
        /// When patience ends.
        until_ns: u64,
    },
    /// The end: what is in `out` is written, the client is given a moment to read it, then the socket is closed.
    End,
}
