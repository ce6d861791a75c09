//! Instants at which connections are woken: heartbeats, held polls, the ends of patience.

use super::connection::Mode;
use super::{Driver, LINGER_NS};
use crate::key::Key;

/// Connections woken in one turn.
const WAKE_UPS: usize = 64;

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

    /// Wakes some of those whose instant has come.
    pub(super) fn wake_due(&mut self, now_ns: u64) {
        if self.due.is_empty() {
            self.timers.take_due(now_ns, &mut self.due);
            self.due.reverse();
        }
        for _ in 0..WAKE_UPS {
            let Some(key) = self.due.pop() else { return };
            if self.is_due(key) {
                self.wake(key, now_ns);
            }
        }
    }

    /// Whether the instant of a connection that was due is still that: it may have been moved since, or given up.
    fn is_due(&mut self, key: Key) -> bool {
        let Some(connection) = self.get(key) else { return false };
        let Some(timer) = connection.timer else { return false };
        self.timers.sleeper(timer).is_none()
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
