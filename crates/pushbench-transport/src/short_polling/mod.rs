//! Short polling: the client asks on a clock of its own, the server answers at once.

pub mod serve;
mod settings;

pub use settings::Settings;
