//! What becomes of answers, of messages, of connections that go and come back, and of slow readers: sums beside the ledgers.

mod answers;
mod life;
mod messages;
mod slow;

pub use answers::AnswerTally;
pub use life::LifeTally;
pub use messages::MessageTally;
pub use slow::SlowTally;

use serde::{Deserialize, Serialize};

/// All of them. What a scenario does not have is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fates {
    /// Answers to asks that were due in the measure phase.
    pub answers: AnswerTally,
    /// Messages that clients were to send.
    pub messages: MessageTally,
    /// Connections that went and came back.
    pub life: LifeTally,
    /// Clients that read slowly.
    pub slow: SlowTally,
}

impl Fates {
    /// Adds the sum of another worker, which is over other clients.
    pub fn add(&mut self, other: &Self) {
        self.answers.add(&other.answers);
        self.messages.add(&other.messages);
        self.life.add(&other.life);
        self.slow.add(&other.slow);
    }

    /// Adds the sum of another round, which is over the same clients again: what happened adds up, numbers of clients and
    /// peaks do not.
    pub fn pool(&mut self, other: &Self) {
        self.answers.pool(&other.answers);
        // Both hold nothing but what happened.
        self.messages.add(&other.messages);
        self.life.add(&other.life);
        self.slow.pool(&other.slow);
    }
}
