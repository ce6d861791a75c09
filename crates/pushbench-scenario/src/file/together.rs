//! What does not go together, though each part is well formed by itself.

use crate::life::Life;
use crate::plan::{Events, Source};
use crate::section::{FaultList, Section};
use crate::shape::Shape;
use crate::slow::Slow;

/// The parts that were read.
pub(super) struct Parts<'a> {
    pub(super) events: Option<&'a Events>,
    pub(super) presence: &'a Shape,
    pub(super) life: &'a Life,
    pub(super) slow: Option<&'a Slow>,
}

impl Parts<'_> {
    pub(super) fn check(&self, top: &Section, clients: &Section, faults: &mut FaultList) {
        let (leaves, comes_back) = (!self.presence.is_flat(), self.life.brings_back());
        if let Some(events) = self.events.filter(|events| events.source != Source::Publisher) {
            // Who asks or sends has something to do at instants of its own, which it cannot while it is away.
            let problem = format!("not allowed with pattern = \"{}\": broadcast, topics", events.pattern());
            if leaves {
                clients.fault("shape", faults, &problem);
            }
            if comes_back {
                top.fault("life", faults, &problem);
            }
        }
        if self.slow.is_none() {
            return;
        }
        if self.events.is_some_and(|events| events.answers().is_some()) {
            top.fault("slow", faults, "not allowed with pattern = \"stream\": slow readers ask for nothing");
        }
        // What a slow reader misses while it is away would be neither its slowness nor the connection's fate.
        if leaves || comes_back {
            top.fault("slow", faults, "not allowed beside [life] or clients.shape: slow readers stay");
        }
    }
}
