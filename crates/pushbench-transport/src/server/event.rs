//! One published event, with its wire forms made at most once.

use bytes::Bytes;
use std::borrow::Cow;
use std::cell::OnceCell;

use crate::Kind;

/// A published event. Cloning is not needed: the event loop shares it by `Rc`.
#[derive(Debug)]
pub struct Event {
    id: u64,
    payload: Bytes,
    /// By kind; a form that nobody asked for is not made.
    forms: [OnceCell<Bytes>; Kind::ALL.len()],
}

impl Event {
    /// An event with its id within the topic, from 1. The payload is UTF-8.
    #[must_use]
    pub fn new(id: u64, payload: String) -> Self {
        Self { id, payload: Bytes::from(payload), forms: [const { OnceCell::new() }; Kind::ALL.len()] }
    }

    /// Its id within the topic.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The payload as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        // It was made from a `String`, so nothing is ever replaced here.
        String::from_utf8_lossy(&self.payload)
    }

    /// As a transport sends it, for all of its subscribers alike: `encode` makes it the first time.
    ///
    /// A form that depends on the settings of a transport may be kept here too: they are the same for a target's life.
    #[must_use]
    pub fn encoded(&self, kind: Kind, encode: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.forms[kind.index()].get_or_init(|| encode(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_form_is_made_once_for_each_kind_and_shared() {
        let event = Event::new(7, "{}".to_owned());
        for kind in Kind::ALL {
            let form = event.encoded(*kind, |event| format!("{kind} {} {}", event.id(), event.text()).into());
            assert_eq!(*form, format!("{kind} 7 {{}}"));
            let again = event.encoded(*kind, |_| panic!("it is there"));
            assert_eq!(again.as_ptr(), form.as_ptr());
        }
    }
}
