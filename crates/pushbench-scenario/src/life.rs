//! `[life]`: what happens to connections in the course of a step.

use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::time::Duration;

use crate::law::Law;

/// How long after a storm, or after the begin of a restart, a connection that is lost counts as lost to it: the target drops
/// its connections some at a time, and a client learns of it when its socket has its turn.
pub const DROP_WINDOW: Duration = Duration::from_secs(5);

/// The life of the clients' connections. By default they stay from their arrival to the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Life {
    /// How long a client stays before it leaves; `None`: to the end.
    pub lifetime: Option<Law>,
    /// How long it stays away then.
    pub pause: Law,
    /// Whether a client that comes back asks for what it missed.
    pub resume: bool,
    /// The target drops a share of its connections.
    pub storm: Option<Storm>,
    /// The target is away for a while.
    pub restart: Option<Restart>,
}

impl Default for Life {
    fn default() -> Self {
        Self { lifetime: None, pause: Law::Constant(0), resume: true, storm: None, restart: None }
    }
}

impl Life {
    /// Whether clients come back in the course of a step.
    #[must_use]
    pub fn brings_back(&self) -> bool {
        self.lifetime.is_some() || self.drops()
    }

    /// Whether the target drops connections.
    #[must_use]
    pub fn drops(&self) -> bool {
        self.storm.is_some() || self.restart.is_some()
    }

    /// When connections are dropped, and until when one that is lost counts as dropped; since the measure phase began.
    pub fn drop_windows(&self) -> impl Iterator<Item = Range<Duration>> {
        let storm = self.storm.map(|storm| storm.at..storm.at + DROP_WINDOW);
        let restart = self.restart.map(|restart| restart.at..restart.at + restart.down.max(DROP_WINDOW));
        storm.into_iter().chain(restart)
    }
}

/// The target drops connections, all at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Storm {
    /// When, since the measure phase began.
    pub at: Duration,
    /// Which part of its connections, 0 to 1.
    pub share: f64,
}

/// The target ends all connections and accepts none for a while. Events stay due meanwhile, and what was published is kept,
/// as where a broker behind the server keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// When, since the measure phase began.
    pub at: Duration,
    /// How long it is away.
    pub down: Duration,
}
