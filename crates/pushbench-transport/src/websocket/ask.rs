//! The client half that asks.

/// A client that asks for answers.
pub type Asker = super::Subscriber;
