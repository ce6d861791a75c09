//! What both polling transports share: the reply's form and the cycle of request and reply.
//!
//! Not a transport of its own: when to ask is decided in `short_polling` and `long_polling`.

pub mod serve;
pub mod wire;
