//! WebSocket: messages both ways on one connection (RFC 6455).

mod settings;
pub mod wire;

pub use settings::Settings;
