//! Request heads, with the headers that a browser's `fetch` sends.

use std::io::Write as _;

/// Room that is made at once in the buffer of a request: more than a poll takes, so that an empty buffer grows only once.
const ROOM_BYTES: usize = 256;

/// Writes the head of a request part by part: the query first, then the headers, then [`Request::end`].
#[derive(Debug)]
pub struct Request<'a> {
    out: &'a mut Vec<u8>,
    begin: usize,
    separator: u8,
    /// Length of the body that is to follow; `None` for a method that has none.
    body_bytes: Option<u64>,
}

impl<'a> Request<'a> {
    /// Begins a `GET` of `path`, which must need no escaping.
    pub fn get(path: &str, out: &'a mut Vec<u8>) -> Self {
        Self::begin("GET ", path, None, out)
    }

    /// Begins a `POST` to `path`, which must need no escaping, with a body of so many bytes: it is to follow the head. Its
    /// length is told also where there is none (RFC 9110, section 8.6).
    pub fn post(path: &str, body_bytes: u64, out: &'a mut Vec<u8>) -> Self {
        Self::begin("POST ", path, Some(body_bytes), out)
    }

    fn begin(method: &str, path: &str, body_bytes: Option<u64>, out: &'a mut Vec<u8>) -> Self {
        let begin = out.len();
        out.reserve(ROOM_BYTES);
        out.extend_from_slice(method.as_bytes());
        out.extend_from_slice(path.as_bytes());
        Self { out, begin, separator: b'?', body_bytes }
    }

    /// Adds `name=value` to the query; the value is percent-encoded, the name must need none.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query_name(name);
        for &byte in value.as_bytes() {
            // The unreserved characters of RFC 3986, section 2.3.
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.out.push(byte);
            } else {
                self.write(format_args!("%{byte:02X}"));
            }
        }
        self
    }

    /// Adds `name=id` to the query, if there is an id.
    #[must_use]
    pub fn query_id(mut self, name: &str, id: Option<u64>) -> Self {
        if let Some(id) = id {
            self.query_name(name);
            self.write(format_args!("{id}"));
        }
        self
    }

    fn query_name(&mut self, name: &str) {
        self.out.push(self.separator);
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'=');
        self.separator = b'&';
    }

    /// Ends the request line and writes the headers that every request has.
    #[must_use]
    pub fn headers(mut self, host: &str, connection: &str, accept: &str) -> Self {
        self.write(format_args!(
            " HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n\
             User-Agent: Mozilla/5.0 (compatible; pushbench/{version})\r\n\
             Accept: {accept}\r\nAccept-Encoding: identity\r\n",
            version = env!("CARGO_PKG_VERSION"),
        ));
        if let Some(body_bytes) = self.body_bytes {
            self.write(format_args!("Content-Length: {body_bytes}\r\n"));
        }
        self
    }

    /// Adds a header; neither part may hold CR or LF.
    #[must_use]
    pub fn header(self, name: &str, value: &[u8]) -> Self {
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Ends the head; returns its length in bytes.
    #[must_use]
    pub fn end(self) -> u64 {
        self.out.extend_from_slice(b"\r\n");
        (self.out.len() - self.begin) as u64
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a Vec cannot fail.
        let _ = self.out.write_fmt(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_what_a_server_parses() {
        let mut out = b"before".to_vec();
        let size = Request::get("/poll", &mut out)
            .query("topic", "a b/é&c-1")
            .query_id("after", Some(7))
            .query_id("none", None)
            .headers("127.0.0.1:80", "keep-alive", "*/*")
            .header("Last-Event-ID", b"\xc3\xa9")
            .end();
        assert_eq!(size as usize, out.len() - 6);
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut request = httparse::Request::new(&mut headers);
        assert_eq!(request.parse(&out[6..]), Ok(httparse::Status::Complete(out.len() - 6)));
        assert_eq!(request.path, Some("/poll?topic=a%20b%2F%C3%A9%26c-1&after=7"));
        let names: Vec<_> = request.headers.iter().map(|header| header.name).collect();
        assert_eq!(names, ["Host", "Connection", "User-Agent", "Accept", "Accept-Encoding", "Last-Event-ID"]);
    }
}
