//! From a request that the HTTP library has read to whoever serves it.
//!
//! Requests for events are not served here: their connection goes back to where they are, with the request. The body of an
//! ask, as clients of language models send one, is read before, and says nothing here.

mod body;
mod publish;

use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HOST, HeaderValue, ORIGIN};
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode, Version};
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pushbench_probe::clock::now_ns;
use pushbench_transport::Kind;
use pushbench_transport::polling::wire::CURSOR_HEADER;
use pushbench_transport::server::{Body, Query, Refusal, Reply, page};
use pushbench_transport::websocket::serve::{Echo, answer_echo};

use crate::config::{allows, kind_at};
use crate::http::{Connection, Stream, head_of};
use crate::metrics;
use crate::server::Server;

const PAGE: &str = include_str!("../page.html");

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Transport(Kind),
    Echo,
    Publish,
    Page,
    Health,
    Metrics,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        kind_at(path).map(Self::Transport).or(match path {
            "/echo" => Some(Self::Echo),
            "/publish" => Some(Self::Publish),
            "/" => Some(Self::Page),
            "/healthz" => Some(Self::Health),
            "/metrics" => Some(Self::Metrics),
            _ => None,
        })
    }

    /// The methods, as `Allow` has them.
    fn methods(self) -> &'static str {
        match self {
            Self::Publish => "POST",
            Self::Transport(kind) => kind.methods(),
            // A head alone would promise an upgrade.
            Self::Echo => "GET",
            Self::Page | Self::Health | Self::Metrics => "GET, HEAD",
        }
    }

    fn check(self, method: &Method) -> Result<(), Refusal> {
        if allows(self.methods(), method.as_str()) {
            Ok(())
        } else {
            Err(Refusal::method_not_allowed(self.methods()))
        }
    }
}

/// What a request is answered with.
enum Work {
    /// The response is there.
    Done(Reply),
    /// The response has to be waited for; dropping the future gives up what the request holds.
    Waiting(Pin<Box<dyn Future<Output = Reply>>>),
    /// The request is for somebody else, once its body was read; or that is refused.
    Discarding(Pin<Box<dyn Future<Output = Result<Vec<u8>, Refusal>>>>),
    /// The response is a `101`; once it is sent, the echo has the socket.
    Upgrade(Reply, Echo<Stream>),
}

/// The service of one connection.
pub(crate) struct Router {
    server: Rc<Server>,
    connection: Rc<Connection>,
}

impl Router {
    pub(crate) fn new(server: Rc<Server>, connection: Rc<Connection>) -> Self {
        Self { server, connection }
    }

    /// What the request is answered with; `None` when it is for somebody else.
    fn work(&self, request: Request<Incoming>) -> Result<Option<Work>, Refusal> {
        // RFC 9112, section 3.2.
        match request.headers().get_all(HOST).iter().count() {
            0 if request.version() == Version::HTTP_11 => {
                return Err(Refusal::bad_request("a request of HTTP/1.1 needs a Host header"));
            }
            0 | 1 => {}
            _ => return Err(Refusal::bad_request("a request has one Host header")),
        }
        let route = Route::of(request.uri().path())
            .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this path"))?;
        route.check(request.method())?;
        let done = |content_type, text: String| Work::Done(page(StatusCode::OK, content_type, text));
        let work = match route {
            Route::Transport(_) => return self.give_back(request),
            Route::Echo => {
                let (reply, echo) = answer_echo(&request, self.server.until_shutdown())?;
                Work::Upgrade(reply, echo)
            }
            Route::Publish => {
                let query = Query::parse(request.uri().query())?;
                if query.ask.is_some() {
                    return Err(Refusal::bad_request("an answer is asked for at the path of a transport"));
                }
                let topic = query.topic().to_name();
                let publish = publish::reply(Rc::clone(&self.server), topic, request.into_body());
                Work::Waiting(Box::pin(publish))
            }
            Route::Page => Work::Done(page(StatusCode::OK, "text/html; charset=utf-8", PAGE)),
            Route::Health => done("text/plain; charset=utf-8", "ok\n".to_owned()),
            Route::Metrics => {
                let text = metrics::encode(
                    &self.server.totals(now_ns()),
                    self.server.topics(),
                    &self.server.answers,
                );
                done(metrics::CONTENT_TYPE, text)
            }
        };
        Ok(Some(work))
    }

    /// Sends the connection back to where requests for events are served.
    fn give_back(&self, request: Request<Incoming>) -> Result<Option<Work>, Refusal> {
        let head = head_of(&request);
        if request.body().is_end_stream() {
            self.connection.go_back_with(head);
            return Ok(None);
        }
        if request.method() != Method::POST {
            return Err(Refusal::bad_request("only a POST has a body here"));
        }
        let limits = self.server.limits;
        let discarding = async move {
            body::discard(request.into_body(), "an ask", &limits).await?;
            Ok(head)
        };
        Ok(Some(Work::Discarding(Box::pin(discarding))))
    }
}

impl Service<Request<Incoming>> for Router {
    type Response = Response<Tracked>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        self.connection.called();
        let other_origin = request.method() != Method::POST && request.headers().contains_key(ORIGIN);
        self.server.counters.requests.count();
        let work = self.work(request).unwrap_or_else(|refusal| Some(Work::Done(refusal.into_reply())));
        let finish =
            Finish { server: Rc::clone(&self.server), connection: Rc::clone(&self.connection), other_origin };
        Answer { work, finish }
    }
}

/// The reply of one request, when it is there; never, when the connection goes back.
pub(crate) struct Answer {
    work: Option<Work>,
    finish: Finish,
}

impl Future for Answer {
    type Output = Result<Response<Tracked>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let reply = match self.work.take() {
            Some(Work::Done(reply)) => reply,
            Some(Work::Upgrade(reply, echo)) => {
                self.finish.connection.upgrade_to(echo);
                reply
            }
            Some(Work::Waiting(mut waiting)) => match waiting.as_mut().poll(context) {
                Poll::Ready(reply) => reply,
                Poll::Pending => {
                    self.work = Some(Work::Waiting(waiting));
                    return Poll::Pending;
                }
            },
            Some(Work::Discarding(mut discarding)) => match discarding.as_mut().poll(context) {
                Poll::Ready(Err(refusal)) => refusal.into_reply(),
                Poll::Ready(Ok(head)) => {
                    self.finish.connection.go_back_with(head);
                    return Poll::Pending;
                }
                Poll::Pending => {
                    self.work = Some(Work::Discarding(discarding));
                    return Poll::Pending;
                }
            },
            None => return Poll::Pending,
        };
        Poll::Ready(Ok(self.finish.apply(reply)))
    }
}

/// What is done with every reply.
struct Finish {
    server: Rc<Server>,
    connection: Rc<Connection>,
    other_origin: bool,
}

impl Finish {
    fn apply(&self, mut reply: Reply) -> Response<Tracked> {
        if reply.status().is_client_error() || reply.status().is_server_error() {
            self.server.counters.error_replies.count();
            self.connection.refused();
        }
        // Only a browser that asks from another page needs these; nobody else pays for their bytes.
        if self.other_origin {
            let headers = reply.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(CURSOR_HEADER));
        }
        let connection = Rc::clone(&self.connection);
        reply.map(|body| Tracked { body, connection })
    }
}

/// A body that tells its connection when it was handed over in full.
pub(crate) struct Tracked {
    body: Body,
    connection: Rc<Connection>,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.connection.answered(now_ns());
    }
}

impl hyper::body::Body for Tracked {
    type Data = bytes::Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transport_has_its_path_and_unknown_paths_have_none() {
        for kind in Kind::ALL {
            assert_eq!(Route::of(kind.path()), Some(Route::Transport(*kind)));
        }
        for path in ["", "*", "/poll/", "//", "/index.html"] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }
}
