//! A request for events, and what a transport makes of it: the one form in which all of them are served.

use hyper::Request;
use std::pin::Pin;

use super::{Bounds, Query, Reply};

/// A request to a transport's path, with what it takes to serve it.
pub struct Ask<'a, H, B> {
    /// The hub as the asking connection sees it.
    pub hub: H,
    /// What the request asks for.
    pub query: Query,
    /// The request itself; its body has not been read.
    pub request: &'a Request<B>,
    /// How much a reply may hold.
    pub bounds: Bounds,
    /// Where in the range of a jitter this request falls, from -1 to 1: evenly spread over the requests.
    pub jitter: f64,
}

/// What a request is answered with. `S` is the socket under the connection.
pub enum Work<S> {
    /// The response is there.
    Done(Reply),
    /// The response has to be waited for; dropping the future gives up what the request holds.
    Waiting(Pin<Box<dyn Future<Output = Reply>>>),
    /// The response is a `101`; once it is sent, the session has the socket.
    Upgrade(Reply, Session<S>),
}

/// What a connection is after an upgrade: given the socket and the bytes read behind the request, it ends both.
pub type Session<S> = Box<dyn FnOnce(S, Vec<u8>) -> Pin<Box<dyn Future<Output = ()>>>>;
