//! What the target holds for those who do not keep up, and what they missed: counted, never limited here.
//!
//! A connection enters a list when its socket takes nothing, and is looked at when somebody asks how much waits: nobody
//! else costs anything.

use pushbench_transport::server::Start;

use super::Driver;
use super::connection::{Mode, Streaming};
use crate::key::Key;

/// Those who left are struck off when there are this many more in the list than connections.
const LEFT_OVER: usize = 64;

impl Driver {
    /// Remembers a connection whose socket takes nothing now.
    pub(super) fn note_blocked(&mut self, key: Key) {
        let Some(connection) = self.get(key) else { return };
        if connection.listed || !connection.pipe.is_blocked() {
            return;
        }
        connection.listed = true;
        self.blocked.push(key);
        if self.blocked.len() > self.connections.len() + LEFT_OVER {
            self.strike_off();
        }
    }

    /// Counts the events that the reply in the batch leaves out, because the ring no longer has them.
    pub(super) fn note_skipped(&mut self, start: Start) {
        let Start::After(after) = start else { return };
        if self.batch.gap {
            let first = self.batch.cursor - self.batch.events.len() as u64 + 1;
            // An id beyond the newest is from another life of this target.
            self.hub.skipped += first.saturating_sub(after + 1);
        }
    }

    /// Bytes that wait now for sockets that take nothing: what was cut, and payload of rings that is not yet written.
    pub(crate) fn queued_bytes(&mut self) -> u64 {
        self.strike_off();
        let Self { blocked, connections, hub, .. } = self;
        let waiting = blocked.iter().filter_map(|key| connections.get(key.place())).map(|connection| {
            let in_ring = match &connection.mode {
                Mode::Streaming(Streaming { place: Some(place), .. }) => {
                    let (slot, ring) = hub.at(*place);
                    ring.waiting_bytes(slot.next)
                }
                _ => 0,
            };
            connection.pipe.unsent_bytes() as u64 + in_ring
        });
        waiting.sum()
    }

    /// Leaves in the list whose socket still takes nothing.
    fn strike_off(&mut self) {
        let Self { blocked, connections, .. } = self;
        blocked.retain(|key| {
            let connection = connections.get_mut(key.place());
            let Some(connection) = connection.filter(|it| it.generation == key.generation()) else {
                return false;
            };
            connection.listed = connection.pipe.is_blocked();
            connection.listed
        });
    }
}
