//! Response heads, parsed by `httparse` from bytes cut anywhere.

use std::mem::MaybeUninit;

use crate::error::WireError;
use crate::http::{Fields, Framing, MAX_FIELDS};

/// Longest response head accepted, in bytes.
pub const MAX_HEAD_BYTES: usize = 8 * 1024;

/// A parsed response head, borrowed from the bytes that hold it.
#[derive(Debug)]
pub struct ResponseHead<'a> {
    /// Status code.
    pub status: u16,
    /// 0 or 1, of HTTP/1.x.
    minor_version: u8,
    fields: Fields<'a>,
}

impl ResponseHead<'_> {
    /// The value of the first field of that name, without the white space around it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.fields.all(name).next()
    }

    /// The value of the first field of that name as a number: digits only.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        digits(self.header(name)?)
    }

    /// Whether the comma-separated fields of that name hold the token, in any case.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.fields.has_token(name, token)
    }

    /// Whether the media type is that one, whatever its parameters.
    #[must_use]
    pub fn is_of_type(&self, media_type: &str) -> bool {
        self.header("content-type").is_some_and(|value| {
            let essence = value.split(|&byte| byte == b';').next().unwrap_or_default();
            essence.trim_ascii().eq_ignore_ascii_case(media_type.as_bytes())
        })
    }

    /// Whether the connection may be used again after this response (RFC 9112, section 9.3).
    #[must_use]
    pub fn keeps_connection(&self) -> bool {
        self.fields.keeps_connection(self.minor_version)
    }

    /// How the body's end is found (RFC 9112, section 6.3).
    ///
    /// # Errors
    /// [`WireError::BadLength`] for lengths that are malformed, differ, or stand beside a transfer coding, which
    /// "ought to be handled as an error".
    pub fn framing(&self) -> Result<Framing, WireError> {
        if matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Framing::None);
        }
        let mut lengths = self.fields.tokens("content-length").map(digits);
        let length = lengths.next();
        if let Some(coding) = self.fields.tokens("transfer-encoding").last() {
            return match length {
                Some(_) => Err(WireError::BadLength),
                None if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
                None => Ok(Framing::UntilEof),
            };
        }
        match length {
            None => Ok(Framing::UntilEof),
            Some(Some(length)) if lengths.all(|other| other == Some(length)) => Ok(Framing::Length(length)),
            Some(_) => Err(WireError::BadLength),
        }
    }
}

fn digits(value: &[u8]) -> Option<u64> {
    // `u64::from_str` would take a plus sign.
    let all_digits = value.iter().all(u8::is_ascii_digit);
    if all_digits { std::str::from_utf8(value).ok()?.parse().ok() } else { None }
}

/// Collects a response head. Holds no memory while heads arrive in one piece.
#[derive(Debug, Default)]
pub struct HeadReader {
    begun: Option<Box<Begun>>,
}

/// What has been read of a head that is not complete.
#[derive(Debug, Default)]
struct Begun {
    partial: Vec<u8>,
    /// Bytes of the interim responses before this head.
    interim_bytes: u64,
}

/// A head that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<T> {
    /// What was read in it.
    pub value: T,
    /// Bytes of the head and of the interim responses before it.
    pub stream_bytes: u64,
    /// How many bytes of the last piece were still of the head.
    pub used: usize,
}

enum Parsed<T> {
    Partial,
    /// A response that announces the final one (RFC 9110, section 15.2).
    Interim(usize),
    Final(T, usize),
}

impl HeadReader {
    /// Whether part of a head has been read.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Reads on. When the head is complete, `read` sees it. Interim responses are passed over.
    ///
    /// # Errors
    /// [`WireError::BadHead`] and [`WireError::HeadTooLong`]; what `read` returns.
    pub fn feed<T>(
        &mut self,
        bytes: &[u8],
        mut read: impl FnMut(&ResponseHead<'_>) -> Result<T, WireError>,
    ) -> Result<Option<Found<T>>, WireError> {
        let Begun { mut partial, mut interim_bytes } =
            self.begun.take().map(|begun| *begun).unwrap_or_default();
        let mut used = 0;
        // Each interim response takes bytes, so the loop ends.
        loop {
            let before = partial.len();
            let (parsed, size) = match parse_on(&mut partial, &bytes[used..], &mut read)? {
                Parsed::Partial if partial.len() > MAX_HEAD_BYTES => return Err(WireError::HeadTooLong),
                Parsed::Partial => {
                    if !partial.is_empty() || interim_bytes > 0 {
                        self.begun = Some(Box::new(Begun { partial, interim_bytes }));
                    }
                    return Ok(None);
                }
                Parsed::Interim(size) => (None, size),
                Parsed::Final(value, size) => (Some(value), size),
            };
            partial.clear();
            used += size - before;
            let stream_bytes = interim_bytes + size as u64;
            match parsed {
                Some(value) => return Ok(Some(Found { value, stream_bytes, used })),
                None => interim_bytes = stream_bytes,
            }
        }
    }
}

/// Parses what there is; keeps `bytes` in `partial` when that is not a whole head.
fn parse_on<T>(
    partial: &mut Vec<u8>,
    bytes: &[u8],
    read: &mut impl FnMut(&ResponseHead<'_>) -> Result<T, WireError>,
) -> Result<Parsed<T>, WireError> {
    let room = (MAX_HEAD_BYTES + 1).saturating_sub(partial.len());
    let bytes = &bytes[..bytes.len().min(room)];
    if partial.is_empty() {
        let parsed = parse(bytes, read)?;
        if matches!(parsed, Parsed::Partial) {
            partial.extend_from_slice(bytes);
        }
        return Ok(parsed);
    }
    partial.extend_from_slice(bytes);
    // A head ends with LF: without a new one there is no need to look again.
    if bytes.contains(&b'\n') { parse(partial, read) } else { Ok(Parsed::Partial) }
}

fn parse<T>(
    bytes: &[u8],
    read: &mut impl FnMut(&ResponseHead<'_>) -> Result<T, WireError>,
) -> Result<Parsed<T>, WireError> {
    // Room for the fields is 2 KiB, which need not be written before the few that there are.
    let mut headers = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let size = match parser.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(httparse::Status::Partial) => return Ok(Parsed::Partial),
        Ok(httparse::Status::Complete(size)) if size <= MAX_HEAD_BYTES => size,
        Ok(httparse::Status::Complete(_)) => return Err(WireError::HeadTooLong),
        Err(_) => return Err(WireError::BadHead),
    };
    let head = ResponseHead {
        status: response.code.unwrap_or_default(),
        minor_version: response.version.unwrap_or_default(),
        fields: Fields::new(response.headers),
    };
    match head.status {
        100 | 102..=199 => Ok(Parsed::Interim(size)),
        _ => read(&head).map(|value| Parsed::Final(value, size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framing(head: &str) -> Result<Framing, WireError> {
        let bytes = format!("{head}\r\n\r\n");
        let found =
            HeadReader::default().feed(bytes.as_bytes(), |head| Ok((head.status, head.framing()?)))?;
        found.map(|found| found.value.1).ok_or(WireError::CutShort)
    }

    #[test]
    fn the_end_of_a_body_is_found_as_the_rfc_says() {
        let table = [
            ("HTTP/1.1 204 No Content\r\nContent-Length: 5", Ok(Framing::None)),
            ("HTTP/1.1 304 Not Modified", Ok(Framing::None)),
            ("HTTP/1.1 101 Switching Protocols", Ok(Framing::None)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5", Ok(Framing::Length(5))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5", Ok(Framing::Length(5))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5", Ok(Framing::Length(5))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6", Err(WireError::BadLength)),
            ("HTTP/1.1 200 OK\r\nContent-Length: +5", Err(WireError::BadLength)),
            ("HTTP/1.1 200 OK\r\nContent-Length:", Err(WireError::BadLength)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999", Err(WireError::BadLength)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked", Ok(Framing::Chunked)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", Ok(Framing::Chunked)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip", Ok(Framing::UntilEof)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", Err(WireError::BadLength)),
            ("HTTP/1.0 200 OK", Ok(Framing::UntilEof)),
            ("HTTP/2 200 OK", Err(WireError::BadHead)),
            ("SSH-2.0-x", Err(WireError::BadHead)),
        ];
        for (head, expected) in table {
            assert_eq!(framing(head), expected, "{head}");
        }
    }

    #[test]
    fn fields_are_read_in_any_case() {
        let bytes = b"HTTP/1.1 200 OK\r\nCONNECTION: Keep-Alive , CLOSE\r\n\
            content-type: text/event-stream ; charset=utf-8\r\nx: 12\r\ny: +1\r\n\r\n";
        let seen = HeadReader::default().feed(bytes, |head| {
            assert!(head.has_token("connection", "close") && head.has_token("Connection", "keep-alive"));
            assert!(!head.has_token("connection", "clos"));
            assert!(head.is_of_type("text/event-stream") && !head.is_of_type("text/event"));
            assert_eq!((head.number("X"), head.number("y"), head.number("z")), (Some(12), None, None));
            assert!(!head.keeps_connection());
            Ok(head.status)
        });
        assert_eq!(seen, Ok(Some(Found { value: 200, stream_bytes: bytes.len() as u64, used: bytes.len() })));
    }

    #[test]
    fn a_head_without_end_is_given_up() {
        let mut reader = HeadReader::default();
        assert_eq!(reader.feed(b"HTTP/1.1 200 OK\r\n", |_| Ok(())), Ok(None));
        let line = [b"x: ".as_slice(), &[b'y'; 1000], b"\r\n"].concat();
        let ended = (0..9).find_map(|_| reader.feed(&line, |_| Ok(())).err());
        assert_eq!(ended, Some(WireError::HeadTooLong));
        let one_piece = [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &[b'y'; 9000], b"\r\n\r\n"].concat();
        assert_eq!(HeadReader::default().feed(&one_piece, |_| Ok(())), Err(WireError::HeadTooLong));
    }

    proptest! {
        #[test]
        fn a_head_cut_anywhere_is_the_same_head(cut in 1usize..78, again in 0usize..78) {
            let bytes = b"HTTP/1.1 103 x\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\na: b\r\n\r\nbody..";
            let head_size = bytes.len() - 6;
            let mut ends = [cut.min(bytes.len()), (cut + again).min(bytes.len()), bytes.len()];
            ends.sort_unstable();
            let mut reader = HeadReader::default();
            let mut at = 0;
            for end in ends {
                if let Some(found) =
                    reader.feed(&bytes[at..end], |head| Ok(head.number("content-length"))).unwrap()
                {
                    let Found { value, stream_bytes, used } = found;
                    prop_assert_eq!((value, stream_bytes as usize, at + used), (Some(3), head_size, head_size));
                    prop_assert!(!reader.has_begun());
                    return Ok(());
                }
                at = end;
            }
            prop_assert!(false, "no head found");
        }

        #[test]
        fn any_bytes_are_safe(pieces: Vec<Vec<u8>>) {
            let mut reader = HeadReader::default();
            for piece in pieces {
                if reader.feed(&piece, |head| Ok((head.status, head.framing()?))).is_err() {
                    break;
                }
            }
        }
    }
}
