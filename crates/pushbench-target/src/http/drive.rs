//! The task of one lent connection: HTTP first, then perhaps what it was upgraded to or the way back, then a proper end.

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::socket::Socket;
use super::{Connection, End, Pause, Stream};
use crate::driver::{Adopted, LINGER_NS};
use crate::route::Router;
use crate::server::Server;

/// The smallest buffer that the HTTP library takes.
const HTTP_BUFFER_BYTES_MIN: usize = 8192;

/// Serves a connection until either side ends it, or until it has to go back: then it is returned.
pub(crate) async fn drive(stream: Stream, server: Rc<Server>, connection: Rc<Connection>) -> Option<Adopted> {
    tokio::select! {
        biased;
        () = connection.until_cut() => None,
        adopted = speak(stream, &server, &connection) => adopted,
    }
}

async fn speak(stream: Stream, server: &Rc<Server>, connection: &Rc<Connection>) -> Option<Adopted> {
    match speak_http(stream, server, connection).await {
        Spoken::Ended => None,
        Spoken::Back(adopted) => Some(adopted),
        Spoken::Upgraded(stream, already_read) => {
            if let Some(echo) = connection.take_upgrade() {
                echo(stream, already_read).await;
            }
            None
        }
    }
}

/// What comes after HTTP.
enum Spoken {
    Ended,
    /// With the bytes read behind the request.
    Upgraded(Stream, Vec<u8>),
    Back(Adopted),
}

/// Serves requests.
async fn speak_http(mut stream: Stream, server: &Rc<Server>, connection: &Rc<Connection>) -> Spoken {
    // The library gives the last reply up if its first attempt to write it has to wait, as it would on a socket that is new
    // to the runtime.
    stream.until_writable().await;
    let (result, read_ahead) = loop {
        let served = serve(stream, server, connection).await;
        stream = served.stream;
        match served.stop {
            // It is read again, as bytes that came behind the last answer: the time for a head has begun. While the target shuts
            // down that ends the connection: the library closes one that has heard nothing yet, and half a head is nothing.
            // PERF: anew after every answer, which 5,000 publish requests in a row did not show (59 to 67 us each, 68 to 69
            // without it, in turn, not optimized).
            Stop::Paused(Pause::Between) => stream.read_before = served.read_ahead.to_vec(),
            Stop::Paused(Pause::Back(mut bytes)) => {
                bytes.extend_from_slice(&served.read_ahead);
                bytes.append(&mut stream.read_before);
                let Ok(socket) = stream.into_socket() else { return Spoken::Ended };
                return Spoken::Back(Adopted { socket, bytes });
            }
            Stop::Ended(result) => break (result, served.read_ahead),
        }
    };
    if result.is_ok() && connection.is_upgraded() {
        // Copied, because even an empty rest would keep the whole buffer.
        return Spoken::Upgraded(stream, read_ahead.to_vec());
    }
    if result.is_err() || connection.was_refused() {
        linger(stream).await;
    } else {
        let _ = stream.shutdown().await;
    }
    Spoken::Ended
}

/// A connection after the HTTP library has had it.
struct Served {
    stop: Stop,
    stream: Stream,
    /// What the library has read behind the last request.
    read_ahead: Bytes,
}

/// Why the HTTP library has it no longer.
enum Stop {
    /// It was stopped with nothing left to write.
    Paused(Pause),
    /// It has come to the end.
    Ended(hyper::Result<()>),
}

/// Serves requests until there is none under way, or until the connection ends or has to go back.
async fn serve(stream: Stream, server: &Rc<Server>, connection: &Rc<Connection>) -> Served {
    let socket = TokioIo::new(Socket::new(stream, Rc::clone(connection)));
    let router = Router::new(Rc::clone(server), Rc::clone(connection));
    let head_bytes = server.limits.head_bytes;
    let http = http1::Builder::new()
        .max_buf_size(head_bytes.max(HTTP_BUFFER_BYTES_MIN))
        .max_header_size(head_bytes)
        // The sweep closes idle connections: one timer for all, which also tells a slow head from an idle wait.
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(socket, router);
    let mut http = Box::new(http);
    let mut draining = false;
    let stop = poll_fn(|context| {
        if !draining && connection.poll_end(context) == End::Graceful {
            draining = true;
            Pin::new(&mut *http).graceful_shutdown();
        }
        match http.poll_without_shutdown(context) {
            Poll::Ready(result) => Poll::Ready(Stop::Ended(result)),
            // A request for events is never answered by the library, so it would wait for ever.
            Poll::Pending => {
                connection.take_pause().map_or(Poll::Pending, |why| Poll::Ready(Stop::Paused(why)))
            }
        }
    })
    .await;
    let parts = http.into_parts();
    Served { stop, stream: parts.io.into_inner().into_stream(), read_ahead: parts.read_buf }
}

/// Ends the write side and reads what is left, for a while.
///
/// A socket closed over unread bytes is reset, and the reset may take the last reply away from the client.
async fn linger(mut stream: Stream) {
    let _ = timeout(Duration::from_nanos(LINGER_NS), async {
        let _ = stream.shutdown().await;
        let mut discarded = [0; 1024];
        while let Ok(1..) = stream.read(&mut discarded).await {}
    })
    .await;
}
