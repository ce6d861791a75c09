//! Long polling: the client asks, the server answers when there is something or when time is up.

pub mod serve;
mod settings;

pub use settings::Settings;
