//! Short polling: the client asks on a clock of its own, the server answers at once.

mod ask;
pub mod serve;
mod settings;
mod subscribe;

pub use ask::asker;
pub use settings::Settings;
pub use subscribe::Subscriber;
