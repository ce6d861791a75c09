//! Server-Sent Events: one response that never ends (WHATWG HTML, section 9.2).

pub mod serve;
mod settings;
pub mod wire;

pub use settings::Settings;
