//! Response heads, in the form in which the HTTP library of the other requests writes them: names in lower case, the
//! date last.

use hyper::StatusCode;
use std::io::Write as _;

use super::Framing;

/// Writes the head of a response, part by part: the header fields, then [`Response::end`].
#[derive(Debug)]
pub struct Response<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Response<'a> {
    /// Begins a response of HTTP/1.`minor_version`, which is 0 or 1.
    pub fn new(minor_version: u8, status: StatusCode, out: &'a mut Vec<u8>) -> Self {
        out.extend_from_slice(b"HTTP/1.");
        out.extend_from_slice(&[b'0' + minor_version.min(1), b' ']);
        out.extend_from_slice(status.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
        out.extend_from_slice(b"\r\n");
        Self { out }
    }

    /// Adds a header; neither part may hold CR or LF.
    #[must_use]
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), b": ", value.as_ref(), b"\r\n"] {
            self.out.extend_from_slice(part);
        }
        self
    }

    /// Adds a header whose value is a number.
    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        // Writing to a Vec cannot fail, and a number needs no memory to be written.
        let _ = write!(self.out, "{name}: {value}\r\n");
        self
    }

    /// Ends the head: says how the end of the body is found, and the date.
    pub fn end(self, framing: Framing, date: &str) {
        let framed = match framing {
            Framing::Length(length) => self.number("content-length", length),
            Framing::Chunked => self.header("transfer-encoding", "chunked"),
            Framing::None | Framing::UntilEof => self,
        };
        framed.header("date", date).out.extend_from_slice(b"\r\n");
    }
}

/// Appends one chunk of a chunked body (RFC 9112, section 7.1); without data it is the last one.
pub fn chunk(data: &[u8], out: &mut Vec<u8>) {
    let _ = write!(out, "{:X}\r\n", data.len());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeadReader;

    #[test]
    fn a_head_is_what_a_client_parses() {
        let table = [
            (1, Framing::Length(5), "content-length: 5\r\n"),
            (1, Framing::Chunked, "transfer-encoding: chunked\r\n"),
            (1, Framing::None, ""),
            (0, Framing::UntilEof, ""),
        ];
        for (minor_version, framing, line) in table {
            let mut out = b"before".to_vec();
            Response::new(minor_version, StatusCode::OK, &mut out)
                .header("a", "b")
                .number("n", u64::MAX)
                .end(framing, "Sun, 06 Nov 1994 08:49:37 GMT");
            let head = format!(
                "HTTP/1.{minor_version} 200 OK\r\na: b\r\nn: 18446744073709551615\r\n{line}\
                 date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
            );
            assert_eq!(out[6..], *head.as_bytes());
            let found = HeadReader::default()
                .feed(&out[6..], |head| Ok((head.status, head.framing()?, head.number("n"))))
                .unwrap()
                .unwrap();
            let expected = if framing == Framing::None { Framing::UntilEof } else { framing };
            assert_eq!(found.value, (200, expected, Some(u64::MAX)));
        }
    }

    #[test]
    fn a_chunk_has_its_length_in_hexadecimal_and_the_last_one_is_empty() {
        let mut out = Vec::new();
        chunk(&[b'x'; 26], &mut out);
        chunk(b"", &mut out);
        assert_eq!(out, b"1A\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
    }
}
