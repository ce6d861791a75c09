//! Names of topics: checked once, then borrowed from the request, or kept by whoever keeps the topic.

use std::borrow::Borrow;

use super::Refusal;

/// Longest topic name, in bytes.
pub const TOPIC_BYTES_MAX: usize = 128;

/// The name of a topic: 1 to 128 characters that need no escaping in a URL or in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicName(Box<str>);

/// The same, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicRef<'a>(&'a str);

impl TopicName {
    /// A valid name.
    ///
    /// # Errors
    /// A `400` that says what is allowed.
    pub fn new(name: &str) -> Result<Self, Refusal> {
        check(name)?;
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name, borrowed.
    #[must_use]
    pub fn as_topic_ref(&self) -> TopicRef<'_> {
        TopicRef(&self.0)
    }
}

/// So that names can be looked up without being made.
impl Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'a> TopicRef<'a> {
    /// A name that was checked.
    pub(super) fn checked(name: &'a str) -> Self {
        debug_assert!(check(name).is_ok());
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The same name, to be kept.
    #[must_use]
    pub fn to_name(self) -> TopicName {
        TopicName(self.0.into())
    }
}

/// Whether that is a valid name.
///
/// # Errors
/// A `400` that says what is allowed.
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if name.is_empty() || name.len() > TOPIC_BYTES_MAX || !name.bytes().all(allowed) {
        return Err(Refusal::bad_request("topic must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ -"));
    }
    Ok(())
}
