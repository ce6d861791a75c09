//! Request heads, parsed by `httparse` where they stand. Requests with a body are not for the transports.

/// Most header fields that are understood here.
const MAX_HEADERS: usize = 64;

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
    headers: &'a [httparse::Header<'a>],
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
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
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
                headers: request.headers,
            };
            Parsed::Complete(read(&head), size)
        }
    }
}

impl RequestHead<'_> {
    /// The value of the first field of that name, without the white space around it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// Whether the comma-separated fields of that name hold the token, in any case.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .any(|found| found.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Whether a body follows (RFC 9112, section 6).
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.header("transfer-encoding").is_some() || self.all("content-length").any(|length| length != b"0")
    }

    /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
    #[must_use]
    pub fn keeps_connection(&self) -> bool {
        match self.minor_version {
            0 => self.has_token("connection", "keep-alive"),
            _ => !self.has_token("connection", "close"),
        }
    }

    /// Every header field, name and value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|header| (header.name, header.value))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.trim_ascii())
    }
}
