//! The opening handshake, client's side (RFC 6455, section 4.1).

use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use crate::http::{Request, ResponseHead};
use crate::websocket::wire::CURSOR_HEADER;

/// An upgrade that was asked for.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: Box<str>,
    pub(super) request_bytes: u64,
}

/// What the response head means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// `101`, all of it as it must be.
    Upgraded { cursor: Option<u64> },
    /// Another status.
    Refused,
    /// `101`, but not the one that was asked for: the client must fail the connection.
    Wrong,
}

impl Handshake {
    /// Writes the request.
    pub(super) fn ask(path: &str, host: &str, topic: &str, after: Option<u64>, out: &mut Vec<u8>) -> Self {
        let key = generate_key();
        let request_bytes = Request::get(path, out)
            .query("topic", topic)
            .query_id("after", after)
            .headers(host, "Upgrade", "*/*")
            .header("Upgrade", b"websocket")
            .header("Sec-WebSocket-Version", b"13")
            .header("Sec-WebSocket-Key", key.as_bytes())
            .end();
        Self { accept: derive_accept_key(key.as_bytes()).into_boxed_str(), request_bytes }
    }

    pub(super) fn answer(&self, head: &ResponseHead<'_>) -> Answer {
        match head.status {
            101 if self.accepts(head) => Answer::Upgraded { cursor: head.number(CURSOR_HEADER) },
            101 => Answer::Wrong,
            _ => Answer::Refused,
        }
    }

    /// Items 2 to 6 of what a client checks. It offered no extension and no subprotocol, so none may be chosen.
    fn accepts(&self, head: &ResponseHead<'_>) -> bool {
        head.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
            && head.has_token("connection", "upgrade")
            && head.header("sec-websocket-accept") == Some(self.accept.as_bytes())
            && head.header("sec-websocket-extensions").is_none_or(<[u8]>::is_empty)
            && head.header("sec-websocket-protocol").is_none_or(<[u8]>::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeadReader;

    #[test]
    fn only_the_answer_to_the_question_is_accepted() {
        // The key and its answer are those of section 1.3.
        let accept = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==").into_boxed_str();
        let handshake = Handshake { accept, request_bytes: 0 };
        let good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nPushbench-Cursor: 5\r\n\r\n";
        let upgraded = Answer::Upgraded { cursor: Some(5) };
        let table = [
            (good.to_owned(), upgraded),
            (good.replace("Upgrade: WebSocket\r\n", ""), Answer::Wrong),
            (good.replace("WebSocket\r", "h2c\r"), Answer::Wrong),
            (good.replace(", Upgrade", ""), Answer::Wrong),
            (good.replace("s3pP", "S3pP"), Answer::Wrong),
            (good.replace("Sec-WebSocket-Accept", "Accept"), Answer::Wrong),
            (good.replace("Pushbench-Cursor: 5", "Sec-WebSocket-Extensions: x"), Answer::Wrong),
            (good.replace("Pushbench-Cursor: 5", "Sec-WebSocket-Protocol: x"), Answer::Wrong),
            (good.replace("Pushbench-Cursor: 5\r\n", ""), Answer::Upgraded { cursor: None }),
            (good.replace("101 Switching Protocols", "200 OK"), Answer::Refused),
            (good.replace("101 Switching Protocols", "426 Upgrade Required"), Answer::Refused),
        ];
        for (response, expected) in table {
            let found = HeadReader::default().feed(response.as_bytes(), |head| Ok(handshake.answer(head)));
            assert_eq!(found.map(|found| found.map(|found| found.value)), Ok(Some(expected)), "{response}");
        }
    }
}
