//! Response bodies and refusals.

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, UPGRADE};
use hyper::{Response, StatusCode};
use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::ReplyForm;
use crate::http::Framing;

/// The media type of a refusal.
const TEXT: &str = "text/plain; charset=utf-8";

/// A response of the target.
pub type Reply = Response<Body>;

/// The body of a response.
#[derive(Default)]
pub enum Body {
    /// No bytes.
    #[default]
    Empty,
    /// All bytes at once, with a `Content-Length`.
    Whole(Bytes),
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let frame = Frame::data(std::mem::take(bytes));
                *self = Self::Empty;
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}

/// Why a request is not served: an error status and one line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status, 4xx or 5xx.
    pub status: StatusCode,
    /// Why, without a line end.
    pub why: Cow<'static, str>,
    /// What would be served instead.
    pub instead: Option<Instead>,
}

/// What would be served at the path of a refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// These methods, as `Allow` has them (with `405`; RFC 9110, section 15.5.6).
    Methods(&'static str),
    /// Another protocol (with `426`; RFC 9110, section 15.5.22).
    Protocol {
        /// Its name, as `Upgrade` has it.
        name: &'static str,
        /// The header field that names its version, and the version.
        version: (&'static str, &'static str),
    },
}

impl Refusal {
    /// A refusal with that status.
    pub fn new(status: StatusCode, why: impl Into<Cow<'static, str>>) -> Self {
        Self { status, why: why.into(), instead: None }
    }

    /// `400`.
    pub fn bad_request(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    /// `405`, with the methods that are allowed.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let why = format!("this path allows {allow}");
        Self { instead: Some(Instead::Methods(allow)), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, why) }
    }

    /// `426`, with the protocol to upgrade to and its version.
    #[must_use]
    pub fn upgrade_required(
        name: &'static str,
        version: (&'static str, &'static str),
        why: &'static str,
    ) -> Self {
        let instead = Some(Instead::Protocol { name, version });
        Self { instead, ..Self::new(StatusCode::UPGRADE_REQUIRED, why) }
    }

    /// Appends the whole response to `out`.
    pub fn write(&self, form: ReplyForm, date: &str, out: &mut Vec<u8>) {
        let framing = Framing::Length(self.why.len() as u64 + 1);
        let response = form.begin(self.status, out).header("content-type", TEXT);
        match self.instead {
            None => form.end(response, framing, date),
            Some(Instead::Methods(allow)) => form.end(response.header("allow", allow), framing, date),
            Some(Instead::Protocol { name, version: (field, version) }) => {
                let connection = if form.keeps_connection { "Upgrade" } else { "Upgrade, close" };
                let response =
                    response.header("connection", connection).header("upgrade", name).header(field, version);
                form.with_origin(response).end(framing, date);
            }
        }
        if !form.head_only {
            out.extend_from_slice(self.why.as_bytes());
            out.push(b'\n');
        }
    }

    /// The response.
    #[must_use]
    pub fn into_reply(self) -> Reply {
        let text = format!("{}\n", self.why);
        let mut reply = page(self.status, TEXT, text);
        let headers = reply.headers_mut();
        match self.instead {
            None => {}
            Some(Instead::Methods(allow)) => {
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            Some(Instead::Protocol { name, version: (field, version) }) => {
                headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(UPGRADE, HeaderValue::from_static(name));
                headers.insert(HeaderName::from_static(field), HeaderValue::from_static(version));
            }
        }
        reply
    }
}

/// A response that is all there.
pub fn page(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Body::Whole(text.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}
