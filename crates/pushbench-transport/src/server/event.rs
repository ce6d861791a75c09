//! One published event, with its wire forms made at most once.

use bytes::Bytes;
use std::cell::OnceCell;

use crate::polling;
use crate::sse;

/// A published event. Cloning is not needed: the event loop shares it by `Rc`.
#[derive(Debug)]
pub struct Event {
    id: u64,
    payload: Bytes,
    polling: OnceCell<Bytes>,
    sse: OnceCell<Bytes>,
}

impl Event {
    /// An event with its id within the topic, from 1. The payload is UTF-8.
    #[must_use]
    pub fn new(id: u64, payload: String) -> Self {
        Self { id, payload: Bytes::from(payload), polling: OnceCell::new(), sse: OnceCell::new() }
    }

    /// Its id within the topic.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The payload: also the data of a WebSocket message.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// As an element of a polling reply.
    #[must_use]
    pub fn polling(&self) -> Bytes {
        self.polling.get_or_init(|| polling::wire::element(&self.payload)).clone()
    }

    /// As a block of an event stream.
    #[must_use]
    pub fn sse(&self) -> Bytes {
        let encode = || {
            // It was made from a `String`, so nothing is ever replaced here.
            sse::wire::encode_event(self.id, &String::from_utf8_lossy(&self.payload))
        };
        self.sse.get_or_init(encode).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_form_is_made_once_and_shared() {
        let event = Event::new(7, "{}".to_owned());
        assert_eq!(event.polling().as_ptr(), event.polling().as_ptr());
        assert_eq!(event.sse().as_ptr(), event.sse().as_ptr());
        assert_eq!(event.sse(), sse::wire::encode_event(7, "{}"));
    }
}
