//! How connections end: by their own, by the clock, by the client, or all at once.

use pushbench_probe::socket::end_of_writing;
use pushbench_transport::server::Go;

use super::Driver;
use super::connection::{Client, Ends, Farewell, Held, Mode, Streaming, Waits};
use crate::key::Key;
use crate::patience::Overdue;

/// How long a client may take to read the last that it is sent.
pub(crate) const LINGER_NS: u64 = 2_000_000_000;

impl Driver {
    /// Does as a stream wishes.
    pub(super) fn go(&mut self, key: Key, go: Go, now_ns: u64) {
        match go {
            Go::On => {}
            Go::WakeAt(at_ns) => self.set_timer(key, at_ns),
            Go::Closing { until_ns } => {
                self.leave_topic(key);
                self.set_timer(key, until_ns);
            }
            Go::End => {
                self.leave_topic(key);
                if let Some(connection) = self.get(key) {
                    connection.mode = Mode::Ending(Farewell::Linger);
                    self.limit_farewell(key, now_ns);
                    self.advance(key, now_ns);
                }
            }
        }
    }

    /// Takes no more events.
    pub(super) fn leave_topic(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let place = match &mut connection.mode {
            Mode::Streaming(Streaming { place, ends, .. }) => {
                if let (Some(place), Ends::WithItsAnswer(ask)) = (*place, *ends) {
                    self.answers.give_up(self.hub.name(place), ask);
                }
                place.take()
            }
            Mode::Held(Held { waits: Waits::At(place), .. }) => Some(*place),
            _ => None,
        };
        if let Some(place) = place {
            self.hub.unsubscribe(place);
        }
    }

    /// The last byte is with the kernel.
    pub(super) fn say_farewell(&mut self, key: Key, now_ns: u64) {
        let Some(connection) = self.get(key) else { return };
        match connection.mode {
            Mode::Ending(Farewell::Linger) if connection.client != Client::Ended => {
                let _ = end_of_writing(&connection.pipe.socket);
                connection.mode = Mode::Lingering;
                connection.unread = true;
                if connection.timer.is_none() {
                    self.limit_farewell(key, now_ns);
                }
            }
            _ => self.close(key),
        }
    }

    /// Closes a connection whose client has left what would go on.
    pub(super) fn leave_with_client(&mut self, key: Key) {
        if self.get(key).is_some_and(|connection| connection.goes_on_for_nobody()) {
            self.close(key);
        }
    }

    /// Closes a connection over whatever is left.
    pub(super) fn close(&mut self, key: Key) {
        if self.get(key).is_none() {
            return;
        }
        self.leave_topic(key);
        self.stop_timer(key);
        let connection = self.connections.remove(key.place());
        if matches!(connection.mode, Mode::Refused) {
            self.refusals -= 1;
        }
    }

    /// Closes those of some places whose client takes too long; the place to go on at, unless that was all.
    pub(crate) fn expire(&mut self, from: usize, count: usize, now_ns: u64) -> Option<usize> {
        let until = from + count;
        for place in from..until.min(self.connections.capacity()) {
            let Some(connection) = self.connections.get(place) else { continue };
            let Some(overdue) = connection.pipe.patience.overdue(now_ns, &self.limits) else { continue };
            self.hub.slow += u64::from(overdue == Overdue::Reading);
            self.close(Key::of(place, connection.generation));
        }
        (until < self.connections.capacity()).then_some(until)
    }

    /// The same for those that the HTTP library has.
    pub(crate) fn expire_lent(&mut self, now_ns: u64) {
        for (_, connection) in &self.lent {
            let Some(overdue) = connection.overdue(now_ns, &self.limits) else { continue };
            if connection.cut() && overdue == Overdue::Reading {
                self.hub.slow += 1;
            }
        }
    }

    /// Accepts no more, ends streams, answers held requests and closes idle connections, as their turn comes.
    pub(crate) fn drain(&mut self) {
        self.closing = true;
        self.stop_listening();
        for key in self.keys() {
            self.resume_later(key);
        }
        for (_, connection) in &self.lent {
            connection.drain();
        }
    }

    /// Closes every connection that is left, at once.
    pub(crate) fn cut_all(&mut self) {
        for key in self.keys() {
            self.close(key);
        }
        self.to_lend.clear();
        self.cut_lent();
    }

    /// The keys of all connections that are here.
    fn keys(&self) -> Vec<Key> {
        self.connections.iter().map(|(place, connection)| Key::of(place, connection.generation)).collect()
    }
}
