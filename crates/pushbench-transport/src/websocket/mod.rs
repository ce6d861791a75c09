//! WebSocket: messages both ways on one connection (RFC 6455).

mod ask;
mod connection;
mod handshake;
mod library;
mod memory;
pub mod serve;
mod settings;
mod subscribe;
pub mod wire;

pub use ask::{Asker, asker};
pub use settings::Settings;
pub use subscribe::Subscriber;
