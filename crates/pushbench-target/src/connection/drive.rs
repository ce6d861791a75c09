//! The task of one connection: HTTP first, then perhaps what it was upgraded to, then a proper end.

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::socket::Socket;
use super::{Connection, End, Stream};
use crate::route::Router;
use crate::server::Server;

/// How long a client may take to read a refusal.
const LINGER: Duration = Duration::from_secs(2);

/// The smallest buffer that the HTTP library takes.
const HTTP_BUFFER_BYTES_MIN: usize = 8192;

/// Serves a connection until either side ends it.
pub(crate) async fn drive(stream: Stream, server: Rc<Server>, connection: Rc<Connection>) {
    tokio::select! {
        biased;
        () = connection.until_cut() => {}
        () = speak(stream, &server, &connection) => {}
    }
    // An upgrade that was not taken holds a subscription, which holds this connection.
    drop(connection.take_upgrade());
}

async fn speak(stream: Stream, server: &Rc<Server>, connection: &Rc<Connection>) {
    let Some((stream, already_read)) = speak_http(stream, server, connection).await else { return };
    if let Some(session) = connection.take_upgrade() {
        session(stream, already_read).await;
    }
}

/// Serves requests. What comes back is an upgraded socket, with the bytes read behind the request.
async fn speak_http(
    stream: Stream,
    server: &Rc<Server>,
    connection: &Rc<Connection>,
) -> Option<(Stream, Vec<u8>)> {
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
    let result = poll_fn(|context| {
        if !draining && connection.poll_end(context) == End::Graceful {
            draining = true;
            Pin::new(&mut *http).graceful_shutdown();
        }
        http.poll_without_shutdown(context)
    })
    .await;
    let parts = http.into_parts();
    let mut stream = parts.io.into_inner().into_stream();
    if result.is_ok() && connection.is_upgraded() {
        // Copied, because even an empty rest would keep the whole buffer.
        return Some((stream, parts.read_buf.to_vec()));
    }
    if result.is_err() || connection.was_refused() {
        linger(stream).await;
    } else {
        let _ = stream.shutdown().await;
    }
    None
}

/// Ends the write side and reads what is left, for a while.
///
/// A socket closed over unread bytes is reset, and the reset may take the last reply away from the client.
pub(crate) async fn linger(mut stream: Stream) {
    let _ = timeout(LINGER, async {
        let _ = stream.shutdown().await;
        let mut discarded = [0; 1024];
        while let Ok(1..) = stream.read(&mut discarded).await {}
    })
    .await;
}
