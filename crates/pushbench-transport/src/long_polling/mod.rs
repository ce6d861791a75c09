//! Long polling: the client asks, the server answers when there is something or when time is up.

mod ask;
pub mod serve;
mod settings;
mod subscribe;

pub use ask::asker;
pub use settings::Settings;
pub use subscribe::Subscriber;
