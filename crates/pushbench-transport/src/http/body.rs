//! Response bodies: how their end is found, and what of the stream is theirs (RFC 9112, sections 6 and 7).

use crate::error::WireError;

/// Most bytes of the extensions of one chunk, and of all trailers of a body; neither is used.
const MAX_UNUSED_BYTES: u16 = 8 * 1024;
/// Hexadecimal digits of the largest chunk size accepted, which is under 2^60 bytes.
const MAX_SIZE_DIGITS: u8 = 15;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// `Content-Length`, in bytes.
    Length(u64),
    /// The chunked transfer coding.
    Chunked,
    /// The connection's end is the body's end.
    UntilEof,
}

/// Finds a body's data in the bytes of the stream, however they are cut.
#[derive(Debug)]
pub struct Body {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Data that ends by count.
    Length(u64),
    UntilEof,
    Done,
    /// Data of a chunk.
    Data(u64),
    /// Anything between the data of two chunks.
    Between(Between),
}

/// Where between the data of two chunks the stream stands: named after what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Size {
        value: u64,
        digits: u8,
    },
    /// White space and extensions, up to CR.
    Extension {
        value: u64,
        seen: u16,
    },
    SizeLf {
        value: u64,
    },
    DataCr,
    DataLf,
    /// A trailer line, or the empty line that ends them all.
    TrailerStart {
        seen: u16,
    },
    Trailer {
        seen: u16,
    },
    TrailerLf {
        seen: u16,
    },
    EndLf,
}

const SIZE: State = State::Between(Between::Size { value: 0, digits: 0 });

impl Body {
    /// A body that has not begun.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => SIZE,
            Framing::UntilEof => State::UntilEof,
        };
        Self { state }
    }

    /// Whether the end has been read. A body that ends with the connection never knows.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::Done
    }

    /// Takes the next piece of data off the front of `input`; `None` when there is no more data in it. What is left in
    /// `input` after `None` is not of this body.
    ///
    /// # Errors
    /// [`WireError::BadChunk`] when the chunked coding is broken; the stream cannot be read on then.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<&'a [u8]>, WireError> {
        while !input.is_empty() {
            match self.state {
                State::Done => break,
                State::UntilEof => return Ok(Some(std::mem::take(input))),
                State::Length(left) => {
                    let (data, left) = take(input, left);
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                    return Ok(Some(data));
                }
                State::Data(left) => {
                    let (data, left) = take(input, left);
                    self.state = if left == 0 { State::Between(Between::DataCr) } else { State::Data(left) };
                    return Ok(Some(data));
                }
                State::Between(mut place) => {
                    self.state = loop {
                        let Some((&byte, rest)) = input.split_first() else { break State::Between(place) };
                        *input = rest;
                        match place.step(byte)? {
                            State::Between(next) => place = next,
                            state => break state,
                        }
                    };
                }
            }
        }
        Ok(None)
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// [`WireError::CutShort`] when the body should have gone on.
    pub fn end(&self) -> Result<(), WireError> {
        match self.state {
            State::Done | State::UntilEof => Ok(()),
            _ => Err(WireError::CutShort),
        }
    }
}

/// Takes up to `left` bytes off the front; returns them and what is left to take.
fn take<'a>(input: &mut &'a [u8], left: u64) -> (&'a [u8], u64) {
    let size = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
    let (data, rest) = input.split_at(size);
    *input = rest;
    (data, left - size as u64)
}

impl Between {
    fn step(self, byte: u8) -> Result<State, WireError> {
        let next = match (self, byte) {
            (Self::Size { value, digits }, byte) if byte.is_ascii_hexdigit() => {
                if digits == MAX_SIZE_DIGITS {
                    return Err(WireError::BadChunk);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                Self::Size { value: value * 16 + u64::from(digit), digits: digits + 1 }
            }
            (Self::Size { value, digits: 1.. } | Self::Extension { value, .. }, b'\r') => {
                Self::SizeLf { value }
            }
            (Self::Size { value, digits: 1.. }, b';' | b' ' | b'\t') => Self::Extension { value, seen: 1 },
            (Self::Extension { value, seen }, byte) if byte != b'\n' => {
                Self::Extension { value, seen: one_more(seen)? }
            }
            (Self::SizeLf { value: 0 }, b'\n') => Self::TrailerStart { seen: 0 },
            (Self::SizeLf { value }, b'\n') => return Ok(State::Data(value)),
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => return Ok(SIZE),
            (Self::TrailerStart { .. }, b'\r') => Self::EndLf,
            (Self::Trailer { seen }, b'\r') => Self::TrailerLf { seen },
            (Self::TrailerStart { seen } | Self::Trailer { seen }, byte) if byte != b'\n' => {
                Self::Trailer { seen: one_more(seen)? }
            }
            (Self::TrailerLf { seen }, b'\n') => Self::TrailerStart { seen },
            (Self::EndLf, b'\n') => return Ok(State::Done),
            _ => return Err(WireError::BadChunk),
        };
        Ok(State::Between(next))
    }
}

fn one_more(seen: u16) -> Result<u16, WireError> {
    if seen < MAX_UNUSED_BYTES { Ok(seen + 1) } else { Err(WireError::BadChunk) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The data found and what was left over, with the stream fed in the given pieces.
    fn read<'a>(
        framing: Framing,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Result<(), WireError>, Vec<u8>, Vec<u8>) {
        let (mut body, mut data, mut rest) = (Body::new(framing), Vec::new(), Vec::new());
        for mut piece in pieces {
            loop {
                match body.next(&mut piece) {
                    Ok(Some(found)) => data.extend_from_slice(found),
                    Ok(None) => break,
                    Err(fault) => return (Err(fault), data, rest),
                }
            }
            rest.extend_from_slice(piece);
        }
        (body.end(), data, rest)
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        let bytes = b"hello, world".as_slice();
        let table = [
            (Framing::None, "", "hello, world", Ok(())),
            (Framing::Length(0), "", "hello, world", Ok(())),
            (Framing::Length(5), "hello", ", world", Ok(())),
            (Framing::Length(13), "hello, world", "", Err(WireError::CutShort)),
            (Framing::UntilEof, "hello, world", "", Ok(())),
        ];
        for (framing, data, rest, end) in table {
            let expected = (end, data.as_bytes().to_vec(), rest.as_bytes().to_vec());
            assert_eq!(read(framing, [bytes]), expected, "{framing:?}");
        }
    }

    #[test]
    fn chunks_may_have_extensions_and_trailers() {
        let table = [
            ("5\r\nhello\r\n0\r\n\r\n", Ok("hello")),
            ("5;a=b;c=\"d\"\r\nhello\r\n1 ; x\r\n!\r\n000\r\nT: v\r\nU: w\r\n\r\n", Ok("hello!")),
            ("A\r\n0123456789\r\n0\r\n\r\n", Ok("0123456789")),
            ("a\r\n0123456789\r\n0\r\n\r\n", Ok("0123456789")),
            ("5\r\nhello\r\n0\r\n", Err(WireError::CutShort)),
            ("5\r\nhello\r\n", Err(WireError::CutShort)),
            ("5\r\nhel", Err(WireError::CutShort)),
            ("", Err(WireError::CutShort)),
            ("\r\n", Err(WireError::BadChunk)),
            (";x\r\n", Err(WireError::BadChunk)),
            ("5\nhello\r\n", Err(WireError::BadChunk)),
            ("5\r\nhello!\r\n", Err(WireError::BadChunk)),
            ("5\r\nhello\n", Err(WireError::BadChunk)),
            ("-5\r\n", Err(WireError::BadChunk)),
            ("1111111111111111\r\n", Err(WireError::BadChunk)),
            ("0\r\n\n", Err(WireError::BadChunk)),
        ];
        for (bytes, expected) in table {
            let (end, data, rest) = read(Framing::Chunked, [bytes.as_bytes()]);
            match expected {
                Ok(text) => assert_eq!((end, data, rest), (Ok(()), text.into(), vec![]), "{bytes:?}"),
                Err(fault) => assert_eq!(end, Err(fault), "{bytes:?}"),
            }
        }
        let endless = [b"1;".as_slice(), &[b'x'; 9000]].concat();
        assert_eq!(read(Framing::Chunked, [endless.as_slice()]).0, Err(WireError::BadChunk));
        let trailers = [b"0\r\n".as_slice(), &b"a: b\r\n".repeat(3000)].concat();
        assert_eq!(read(Framing::Chunked, [trailers.as_slice()]).0, Err(WireError::BadChunk));
    }

    proptest! {
        #[test]
        fn chunks_cut_anywhere_give_the_same_data(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            piece in 1usize..9,
            extra: Vec<u8>,
        ) {
            let mut stream = Vec::new();
            for chunk in &chunks {
                stream.extend_from_slice(format!("{:x};e\r\n", chunk.len()).as_bytes());
                stream.extend_from_slice(chunk);
                stream.extend_from_slice(b"\r\n");
            }
            stream.extend_from_slice(b"0\r\nT: v\r\n\r\n");
            let complete = stream.len();
            stream.extend_from_slice(&extra);
            let expected = (Ok(()), chunks.concat(), extra);
            prop_assert_eq!(read(Framing::Chunked, stream.chunks(piece)), expected);
            let short = read(Framing::Chunked, stream[..complete - 1].chunks(piece));
            prop_assert_eq!(short.0, Err(WireError::CutShort));
        }

        #[test]
        fn any_bytes_are_safe(pieces: Vec<Vec<u8>>) {
            let _ = read(Framing::Chunked, pieces.iter().map(Vec::as_slice));
        }
    }
}
