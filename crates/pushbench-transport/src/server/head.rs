//! Request heads, parsed by `httparse` where they stand. The body of a request, if it has one, is not read here.

use crate::http::{Fields, MAX_FIELDS};

/// A request head, borrowed from the bytes that hold it.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method, in the case in which it came.
    pub method: &'a str,
    /// The part of the request target before `?`.
    pub path: &'a str,
    /// The part after it.
    pub query: Option<&'a str>,
    /// 0 or 1, of HTTP/1.x.
    pub minor_version: u8,
    fields: Fields<'a>,
}

/// What stands at the front of some bytes.
#[derive(Debug)]
pub enum Parsed<T> {
    /// The beginning of a head.
    Partial,
    /// What was made of a head, and the number of its bytes.
    Complete(T, usize),
    /// Something else, or a head with more fields than are understood here.
    Other,
}

/// Parses the head at the front of `bytes` and lets `read` see it.
pub fn parse<T>(bytes: &[u8], read: impl FnOnce(&RequestHead<'_>) -> T) -> Parsed<T> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Partial) => Parsed::Partial,
        Err(_) => Parsed::Other,
        Ok(httparse::Status::Complete(size)) => {
            let target = request.path.unwrap_or_default();
            let (path, query) = match target.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (target, None),
            };
            let head = RequestHead {
                method: request.method.unwrap_or_default(),
                path,
                query,
                minor_version: request.version.unwrap_or_default(),
                fields: Fields::new(request.headers),
            };
            Parsed::Complete(read(&head), size)
        }
    }
}

impl RequestHead<'_> {
    /// The value of the first field of that name, without the white space around it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.fields.all(name).next()
    }

    /// Whether a body follows (RFC 9112, section 6).
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.header("transfer-encoding").is_some()
            || self.fields.all("content-length").any(|length| length != b"0")
    }

    /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
    #[must_use]
    pub fn keeps_connection(&self) -> bool {
        self.fields.keeps_connection(self.minor_version)
    }

    /// Every header field, name and value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T>(head: &str, read: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        match parse(head.as_bytes(), read) {
            Parsed::Complete(value, size) if size == head.len() => value,
            Parsed::Complete(_, size) => panic!("{size} bytes of {head:?}"),
            Parsed::Partial | Parsed::Other => panic!("{head:?}"),
        }
    }

    #[test]
    fn a_head_is_taken_apart() {
        let head = "GET /poll?after=1?2 HTTP/1.1\r\nHost: a\r\nX:  b \r\nx: c\r\n\r\n";
        read(head, |head| {
            assert_eq!((head.method, head.path, head.query), ("GET", "/poll", Some("after=1?2")));
            assert_eq!((head.minor_version, head.header("X"), head.header("y")), (1, Some(&b"b"[..]), None));
            assert_eq!(head.headers().count(), 3);
        });
        assert_eq!(
            read("GET / HTTP/1.0\r\n\r\n", |head| (head.minor_version, head.query.is_none())),
            (0, true)
        );
    }

    #[test]
    fn bodies_and_the_fate_of_the_connection_are_as_the_rfc_says() {
        let table = [
            ("1.1", "", false, true),
            ("1.0", "", false, false),
            ("1.0", "connection: Keep-Alive\r\n", false, true),
            ("1.0", "connection: close, keep-alive\r\n", false, false),
            ("1.1", "Connection: upgrade\r\nconnection: x , CLOSE\r\n", false, false),
            ("1.1", "connection: closed\r\n", false, true),
            ("1.1", "content-length: 0\r\n", false, true),
            ("1.1", "Content-Length: 1\r\n", true, true),
            ("1.1", "content-length: 0\r\ncontent-length: 7\r\n", true, true),
            ("1.1", "Transfer-Encoding: chunked\r\n", true, true),
        ];
        for (version, headers, has_body, keeps_connection) in table {
            let head = format!("GET / HTTP/{version}\r\n{headers}\r\n");
            let found = read(&head, |head| (head.has_body(), head.keeps_connection()));
            assert_eq!(found, (has_body, keeps_connection), "{version} {headers}");
        }
    }

    #[test]
    fn what_is_no_head_is_told_from_the_beginning_of_one() {
        let head = "GET /sse HTTP/1.1\r\nhost: a\r\n\r\n";
        for end in 0..head.len() {
            assert!(matches!(parse(&head.as_bytes()[..end], |_| ()), Parsed::Partial), "{end}");
        }
        let crowded = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
        for other in ["hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", crowded.as_str()] {
            assert!(matches!(parse(other.as_bytes(), |_| ()), Parsed::Other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            let _ = parse(&bytes, |head| (head.has_body(), head.keeps_connection(), head.path.len()));
        }
    }
}
