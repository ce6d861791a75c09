//! Response bodies and refusals.

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

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
    /// Bytes as they come, chunked, until the stream ends.
    Stream(Pin<Box<dyn hyper::body::Body<Data = Bytes, Error = Infallible>>>),
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let frame = Frame::data(std::mem::take(bytes));
                *self = Self::Empty;
                Poll::Ready(Some(Ok(frame)))
            }
            Self::Stream(stream) => stream.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(_) => SizeHint::default(),
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
    /// With `405`: the methods that are allowed.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal with that status.
    pub fn new(status: StatusCode, why: impl Into<Cow<'static, str>>) -> Self {
        Self { status, why: why.into(), allow: None }
    }

    /// `400`.
    pub fn bad_request(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }

    /// `405`, with the methods that are allowed.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let why = format!("this path allows {allow}");
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, why) }
    }

    /// Appends the whole response to `out`.
    pub fn write(&self, form: super::ReplyForm, date: &str, out: &mut Vec<u8>) {
        let _ = (form, date, out);
    }

    /// The response.
    #[must_use]
    pub fn into_reply(self) -> Reply {
        let text = format!("{}\n", self.why);
        let mut reply = page(self.status, "text/plain; charset=utf-8", text);
        if let Some(allow) = self.allow {
            reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
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

/// A response without a body.
#[must_use]
pub fn head_only(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::Empty);
    *reply.status_mut() = status;
    reply
}
