//! The date that responses carry.

use pushbench_probe::clock::http_date;

use super::SECOND_NS;

/// The date of responses, made once a second.
#[derive(Debug, Default)]
pub(super) struct Date {
    text: String,
    until_ns: u64,
}

impl Date {
    /// The date of that instant, as in a `Date` header (RFC 9110, section 5.6.7).
    pub(super) fn at(&mut self, now_ns: u64) -> &str {
        if now_ns >= self.until_ns {
            self.text = http_date();
            self.until_ns = now_ns + SECOND_NS;
        }
        &self.text
    }
}
