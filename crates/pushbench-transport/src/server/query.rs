//! The query of a subscribing, asking or publishing request: `topic`, `after`, `timeout`, `ask`. Unknown keys are ignored.

use std::borrow::Cow;
use std::time::Duration;

use super::{Refusal, TopicRef, topic};
use crate::Period;

/// The topic of requests that name none.
const DEFAULT_TOPIC: &str = "all";

/// Where a subscriber begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the next event to be published.
    Now,
    /// After the event with this id; 0 means with the first one.
    After(u64),
}

/// The query of a request, borrowed from it where it is written without escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// A valid name.
    topic: Cow<'a, str>,
    /// From where on.
    pub start: Start,
    /// How long to wait for the first event, if the request says so.
    pub timeout: Option<Duration>,
    /// Which answer it is about, if any.
    pub ask: Option<u64>,
}

impl<'a> Query<'a> {
    /// Reads the part of the URL after `?`.
    ///
    /// # Errors
    /// A `400` that names the key and what is allowed; also when one of the keys is given twice.
    pub fn parse(query: Option<&'a str>) -> Result<Self, Refusal> {
        let (mut topic, mut after, mut timeout, mut ask) = (None, None, None, None);
        for pair in query.unwrap_or_default().split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match key {
                "topic" => &mut topic,
                "after" => &mut after,
                "timeout" => &mut timeout,
                "ask" => &mut ask,
                _ => continue,
            };
            if place.replace(percent_decoded(value)?).is_some() {
                return Err(Refusal::bad_request(format!("{key} is given twice")));
            }
        }
        let topic = topic.unwrap_or(Cow::Borrowed(DEFAULT_TOPIC));
        topic::check(&topic)?;
        Ok(Self {
            topic,
            start: after.as_deref().map_or(Ok(Start::Now), |after| Start::parse("after", after))?,
            timeout: timeout.as_deref().map(parse_timeout).transpose()?,
            ask: ask.as_deref().map(parse_ask).transpose()?,
        })
    }

    /// Which topic.
    #[must_use]
    pub fn topic(&self) -> TopicRef<'_> {
        TopicRef::checked(&self.topic)
    }
}

impl Start {
    /// After the id written in `text`, which came from the parameter or header `source`.
    ///
    /// # Errors
    /// A `400` when it is not a whole number.
    pub fn parse(source: &str, text: &str) -> Result<Self, Refusal> {
        whole_number(text).map(Self::After).ok_or_else(|| {
            Refusal::bad_request(format!("{source} must be the id of an event: a whole number from 0 on"))
        })
    }
}

fn parse_ask(text: &str) -> Result<u64, Refusal> {
    whole_number(text)
        .ok_or_else(|| Refusal::bad_request("ask must be the number of an answer: a whole number from 0 on"))
}

fn whole_number(text: &str) -> Option<u64> {
    // `u64::from_str` would also take a sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn parse_timeout(text: &str) -> Result<Duration, Refusal> {
    let period: Option<Period> = text.parse().ok();
    period
        .map(Period::duration)
        .ok_or_else(|| Refusal::bad_request("timeout must be a duration such as 30s or 500ms, at most 1h"))
}

/// Undoes percent-encoding (RFC 3986, section 2.1).
fn percent_decoded(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let Some(first) = text.find('%') else { return Ok(Cow::Borrowed(text)) };
    let refusal = || Refusal::bad_request("the query holds a broken percent-encoding");
    let mut bytes = text.as_bytes()[..first].to_vec();
    let mut rest = &text.as_bytes()[first..];
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return Err(refusal()) };
        let (high, low) = (hex(*high).ok_or_else(refusal)?, hex(*low).ok_or_else(refusal)?);
        bytes.push(high << 4 | low);
        rest = tail;
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| refusal())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn queries_that_are_understood() {
        let table = [
            (None, "all", Start::Now, None),
            (Some(""), "all", Start::Now, None),
            (Some("topic=t7&after=0"), "t7", Start::After(0), None),
            (Some("after=18446744073709551615"), "all", Start::After(u64::MAX), None),
            (Some("x=1&topic=a%2Db%7e&timeout=500ms&y"), "a-b~", Start::Now, Some(500)),
            (Some("timeout=1%20s"), "all", Start::Now, Some(1000)),
        ];
        for (query, topic, start, timeout_ms) in table {
            let parsed = Query::parse(query).unwrap();
            assert_eq!(parsed.topic().as_str(), topic, "{query:?}");
            assert_eq!(parsed.start, start, "{query:?}");
            assert_eq!(parsed.timeout, timeout_ms.map(Duration::from_millis), "{query:?}");
        }
    }

    #[test]
    fn queries_that_are_refused_say_which_key() {
        let long = format!("topic={}", "t".repeat(129));
        let table = [
            ("after=", "after"),
            ("ask=", "ask"),
            ("ask=-1", "ask"),
            ("ask=1&ask=1", "ask"),
            ("after=-1", "after"),
            ("after=+1", "after"),
            ("after=1.5", "after"),
            ("after=18446744073709551616", "after"),
            ("after=1&after=2", "after is given twice"),
            ("topic=", "topic"),
            ("topic=a%20b", "topic"),
            ("topic=a/b", "topic"),
            (long.as_str(), "topic"),
            ("timeout=30", "timeout"),
            ("timeout=soon", "timeout"),
            ("topic=%", "percent"),
            ("topic=%4", "percent"),
            ("topic=%zz", "percent"),
            ("topic=%ff", "percent"),
        ];
        for (query, word) in table {
            let refusal = Query::parse(Some(query)).unwrap_err();
            assert_eq!(refusal.status, 400, "{query}");
            assert!(refusal.why.contains(word), "{query}: {}", refusal.why);
        }
    }

    proptest! {
        #[test]
        fn any_query_is_safe(query in ".*") {
            let _ = Query::parse(Some(&query));
        }
    }
}
