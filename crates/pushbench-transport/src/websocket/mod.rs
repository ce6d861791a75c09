//! WebSocket: messages both ways on one connection (RFC 6455).

pub mod serve;
mod settings;
pub mod wire;

pub use settings::Settings;
