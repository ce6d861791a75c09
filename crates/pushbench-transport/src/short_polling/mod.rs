//! Short polling: the client asks on a clock of its own, the server answers at once.

pub mod serve;
mod settings;
mod subscribe;

pub use settings::Settings;
pub use subscribe::Subscriber;
