//! The answer to a request for an upgrade (RFC 6455, section 4.2). What a proper request is, the library knows.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request, Version};
use tungstenite::error::ProtocolError;
use tungstenite::handshake::server::create_response;

use super::METHODS;
use crate::server::{Refusal, RequestHead};

/// The length of a SHA-1 in base64.
const ACCEPT_BYTES: usize = 28;

/// The value of `Sec-WebSocket-Accept`.
pub(super) type Accept = [u8; ACCEPT_BYTES];

/// The header fields that the library looks at.
const FIELDS: [&str; 4] = ["connection", "upgrade", "sec-websocket-version", "sec-websocket-key"];

/// Accepts a request for an upgrade.
///
/// # Errors
/// [`Refusal`] with what is missing.
pub(super) fn accept(head: &RequestHead<'_>) -> Result<Accept, Refusal> {
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(head.method.as_bytes()).unwrap_or_default();
    *request.version_mut() = if head.minor_version == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    for (name, value) in head.headers() {
        let Some(known) = FIELDS.into_iter().find(|known| known.eq_ignore_ascii_case(name)) else { continue };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request.headers_mut().append(HeaderName::from_static(known), value);
        }
    }
    let response = create_response(&request).map_err(|error| refusal(&error))?;
    let accept = response.headers().get("sec-websocket-accept").map(HeaderValue::as_bytes);
    // The library always gives one.
    Ok(accept.and_then(|accept| accept.try_into().ok()).unwrap_or([b'='; ACCEPT_BYTES]))
}

/// What the library's reason to refuse an upgrade means for the client.
pub(super) fn refusal(error: &tungstenite::Error) -> Refusal {
    use ProtocolError as P;
    let upgrade_required = |why| Refusal::upgrade_required("websocket", ("sec-websocket-version", "13"), why);
    match error {
        tungstenite::Error::Protocol(P::WrongHttpMethod) => Refusal::method_not_allowed(METHODS),
        tungstenite::Error::Protocol(P::WrongHttpVersion) => {
            Refusal::bad_request("an upgrade needs HTTP/1.1")
        }
        tungstenite::Error::Protocol(
            P::MissingConnectionUpgradeHeader | P::MissingUpgradeWebSocketHeader,
        ) => upgrade_required(
            "this path speaks WebSocket: ask for `Connection: Upgrade` and `Upgrade: websocket`",
        ),
        tungstenite::Error::Protocol(P::MissingSecWebSocketVersionHeader) => {
            upgrade_required("Sec-WebSocket-Version must be 13")
        }
        _ => Refusal::bad_request("Sec-WebSocket-Key must be 16 bytes in base64"),
    }
}
