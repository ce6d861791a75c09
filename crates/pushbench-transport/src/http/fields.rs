//! The header fields of a message, whichever side sent it (RFC 9110, section 5).

/// Most header fields accepted.
pub(crate) const MAX_FIELDS: usize = 64;

/// Header fields, borrowed from the bytes that hold them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(&'a [httparse::Header<'a>]);

impl<'a> Fields<'a> {
    pub(crate) fn new(parsed: &'a [httparse::Header<'a>]) -> Self {
        Self(parsed)
    }

    /// Every field, name and value.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.0.iter().map(|field| (field.name, field.value))
    }

    /// The values of the fields of that name, without the white space around them.
    pub(crate) fn all(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let of_that_name = move |(found, _): &(&str, _)| found.eq_ignore_ascii_case(name);
        self.iter().filter(of_that_name).map(|(_, value)| value.trim_ascii())
    }

    /// The parts of the comma-separated fields of that name.
    pub(crate) fn tokens(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii)
    }

    /// Whether the comma-separated fields of that name hold the token, in any case.
    pub(crate) fn has_token(self, name: &str, token: &str) -> bool {
        self.tokens(name).any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Whether the connection may be used again after a message of HTTP/1.`minor_version` with these fields (RFC 9112,
    /// section 9.3): `close` counts more than `keep-alive`.
    pub(crate) fn keeps_connection(self, minor_version: u8) -> bool {
        !self.has_token("connection", "close")
            && (minor_version > 0 || self.has_token("connection", "keep-alive"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_connection_is_kept_is_as_the_rfc_says() {
        let table: [(&[&str], bool, bool); 7] = [
            (&[], false, true),
            (&["close"], false, false),
            (&["Keep-Alive"], true, true),
            (&["close, keep-alive"], false, false),
            (&["keep-alive", "x ,CLOSE"], false, false),
            (&["closed", "upgrade"], false, true),
            (&["x, keep-alive"], true, true),
        ];
        for (values, old, new) in table {
            let headers: Vec<_> = values
                .iter()
                .map(|value| httparse::Header { name: "Connection", value: value.as_bytes() })
                .collect();
            let fields = Fields::new(&headers);
            assert_eq!((fields.keeps_connection(0), fields.keeps_connection(1)), (old, new), "{values:?}");
        }
    }
}
