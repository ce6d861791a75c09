//! Server-Sent Events: one response that never ends (WHATWG HTML, section 9.2).

mod parser;
mod settings;
pub mod wire;

pub use settings::Settings;
