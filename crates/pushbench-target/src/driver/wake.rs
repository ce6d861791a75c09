//! Instants at which connections are woken: heartbeats, held polls, the ends of patience.

use super::connection::Mode;
use super::{Driver, LINGER_NS};
use crate::key::Key;

impl Driver {
    /// Wakes a connection at this instant, and no more at another one.
    pub(super) fn set_timer(&mut self, key: Key, at_ns: u64) {
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let timers = &mut self.timers;
        let moved = connection.timer.and_then(|timer| timers.reschedule(timer, at_ns));
        connection.timer = Some(moved.unwrap_or_else(|| timers.insert(at_ns, key)));
    }

    pub(super) fn stop_timer(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        if let Some(timer) = connection.timer.take() {
            self.timers.remove(timer);
        }
    }

    /// Wakes those whose instant has come.
    pub(super) fn wake_due(&mut self, now_ns: u64) {
        let mut due = std::mem::take(&mut self.due);
        self.timers.take_due(now_ns, &mut due);
        for key in due.drain(..) {
            self.wake(key, now_ns);
        }
        self.due = due;
    }

    fn wake(&mut self, key: Key, now_ns: u64) {
        let Some(connection) = self.get(key) else { return };
        connection.timer = None;
        match connection.mode {
            Mode::Held(_) => self.look(key, now_ns),
            Mode::Streaming(_) => self.wake_stream(key, now_ns),
            Mode::Ending(_) | Mode::Lingering | Mode::Refused => self.close(key),
            Mode::Asking => {}
        }
    }

    fn wake_stream(&mut self, key: Key, now_ns: u64) {
        let out = &mut self.out;
        out.clear();
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let Mode::Streaming(streaming) = &mut connection.mode else { return };
        let go = streaming.woken(now_ns, out);
        if !out.is_empty() {
            streaming.sent_ns = now_ns;
        }
        if connection.pipe.write(out, now_ns).is_err() {
            return self.close(key);
        }
        self.go(key, go, now_ns);
    }

    /// Gives a client that much time to read the last of what it is sent.
    pub(super) fn limit_farewell(&mut self, key: Key, now_ns: u64) {
        self.set_timer(key, now_ns.saturating_add(LINGER_NS));
    }
}
