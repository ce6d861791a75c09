//! What both polling transports share: the reply's form and the cycle of request and reply.
//!
//! Not a transport of its own: when to ask is decided in `short_polling` and `long_polling`.

mod ask;
mod decode;
mod hold;
mod reply;
pub mod serve;
mod subscribe;
pub mod wire;

pub use hold::Hold;
pub use reply::{MAX_REPLY_BYTES, Reply, ReplyReader};
pub use subscribe::{Pace, Poller, Rules};
