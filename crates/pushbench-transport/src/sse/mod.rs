//! Server-Sent Events: one response that never ends (WHATWG HTML, section 9.2).

mod ask;
mod exchange;
mod last_id;
mod parser;
pub mod serve;
mod settings;
mod subscribe;
pub mod wire;

pub use ask::{Asker, asker};
pub use settings::{AskMethod, Settings};
pub use subscribe::Subscriber;
