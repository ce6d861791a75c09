//! What every response has beside its own header fields: the words on other origins and on the connection.

use hyper::StatusCode;

use super::{ReplyForm, RequestHead};
use crate::http::{Framing, Response};
use crate::polling::wire::CURSOR_HEADER;

impl ReplyForm {
    /// The form in which a request wants its reply, for a driver that wants to keep the connection too.
    #[must_use]
    pub fn of(head: &RequestHead<'_>) -> Self {
        Self {
            head_only: head.method == "HEAD",
            other_origin: head.method != "POST" && head.header("origin").is_some(),
            minor_version: head.minor_version,
            keeps_connection: head.keeps_connection(),
        }
    }

    /// True for the form that nearly every client asks for: the one worth keeping ready.
    pub(crate) fn is_plain(self) -> bool {
        self == Self { head_only: false, other_origin: false, minor_version: 1, keeps_connection: true }
    }

    /// Begins a response in this form.
    pub(crate) fn begin(self, status: StatusCode, out: &mut Vec<u8>) -> Response<'_> {
        Response::new(self.minor_version, status, out)
    }

    /// Ends its head.
    pub(crate) fn end(self, response: Response<'_>, framing: Framing, date: &str) {
        let response = self.with_origin(response);
        // Nothing can follow a body that ends with the connection.
        let keeps_connection = self.keeps_connection && framing != Framing::UntilEof;
        let response = match (Self { keeps_connection, ..self }).connection() {
            Some(option) => response.header("connection", option),
            None => response,
        };
        response.end(framing, date);
    }

    /// Only a browser that asks from another page needs these; nobody else pays for their bytes.
    pub(crate) fn with_origin(self, response: Response<'_>) -> Response<'_> {
        if !self.other_origin {
            return response;
        }
        response
            .header("access-control-allow-origin", "*")
            .header("access-control-expose-headers", CURSOR_HEADER)
    }

    /// What is said of the connection, where it is not what the version takes for granted (RFC 9112, section 9.3).
    ///
    /// A client of HTTP/1.0 that did not ask for more is told nothing.
    pub(crate) fn connection(self) -> Option<&'static str> {
        match (self.minor_version, self.keeps_connection) {
            (0, true) => Some("keep-alive"),
            (0, false) | (_, true) => None,
            (_, false) => Some("close"),
        }
    }
}
