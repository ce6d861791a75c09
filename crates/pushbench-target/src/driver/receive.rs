//! From a report of the poller to bytes in the hands of whom they are for.

use pushbench_probe::readiness::Readiness;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::Driver;
use super::connection::{Client, Ends, Mode};
use crate::key::Key;

/// Reads of one connection before others get their turn.
const READS: usize = 4;
/// Requests of one connection that are answered before others get their turn; further ones wait in the queue.
const REQUESTS: usize = 32;

impl Driver {
    /// Does what a socket is ready for.
    pub(super) fn ready(&mut self, readiness: Readiness, now_ns: u64) {
        let key = Key::from_u64(readiness.key);
        if key == Key::LISTENER {
            return self.listener_became_ready();
        }
        if readiness.broken {
            // Whatever is left to be read or written, nobody waits for it.
            return self.close(key);
        }
        let Some(connection) = self.get(key) else { return };
        if readiness.ended {
            // A read that comes back short is not the last one then.
            connection.unread = true;
            if connection.client == Client::Speaks {
                connection.client = Client::Leaves;
            }
        }
        if readiness.writable && connection.pipe.is_blocked() {
            if connection.pipe.flush(now_ns).is_err() {
                return self.close(key);
            }
            if !connection.pipe.is_blocked() {
                self.advance(key, now_ns);
            }
        }
        if readiness.readable {
            self.receive(key, now_ns);
        }
        self.leave_with_client(key);
    }

    /// Reads what the socket has, as far as it is wanted now.
    pub(super) fn receive(&mut self, key: Key, now_ns: u64) {
        if self.buffer.is_empty() {
            // What is being read led here, and is still in the buffer.
            return self.resume_later(key);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        self.receive_into(&mut buffer, key, now_ns);
        self.buffer = buffer;
    }

    fn receive_into(&mut self, buffer: &mut [u8], key: Key, now_ns: u64) {
        let input_bytes_max = self.limits.head_bytes;
        for _ in 0..READS {
            self.steps += 1;
            let Some(connection) = self.get(key) else { return };
            if !connection.wants_bytes(input_bytes_max) {
                connection.unread = true;
                return;
            }
            match recv(&connection.pipe.socket, &mut *buffer, RecvFlags::empty()) {
                Ok((0, _)) => {
                    connection.unread = false;
                    return self.client_ended(key, now_ns);
                }
                Ok((count, _)) => {
                    let more = count == buffer.len() || connection.unread;
                    self.take_in(key, &buffer[..count], now_ns);
                    if !more {
                        return;
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    connection.unread = false;
                    return;
                }
                Err(_) => return self.close(key),
            }
        }
        if let Some(connection) = self.get(key) {
            connection.unread = true;
            self.resume_later(key);
        }
    }

    /// Gives bytes of a client to whom they are for.
    pub(super) fn take_in(&mut self, key: Key, mut bytes: &[u8], now_ns: u64) {
        let head_bytes = self.limits.head_bytes;
        let mut requests = 0;
        while !bytes.is_empty() {
            let Some(connection) = self.get(key) else { return };
            match &mut connection.mode {
                Mode::Asking if requests == REQUESTS => {
                    connection.input.extend_from_slice(bytes);
                    return self.resume_later(key);
                }
                Mode::Asking if connection.input.is_empty() && !connection.pipe.is_blocked() => {
                    requests += 1;
                    self.steps += 1;
                    let Some(taken) = self.ask(key, bytes, now_ns) else { return };
                    bytes = &bytes[taken..];
                }
                Mode::Asking if !connection.pipe.is_blocked() => {
                    connection.input.extend_from_slice(bytes);
                    // A head ends with a line; and whoever stands in the queue gets its turn there.
                    let may_be_whole = bytes.contains(&b'\n') || connection.input.len() > head_bytes;
                    if may_be_whole && !connection.queued {
                        self.read_again(key, now_ns);
                    }
                    return;
                }
                Mode::Asking | Mode::Held(_) => {
                    connection.input.extend_from_slice(bytes);
                    return;
                }
                // The next request comes behind a response that has an end.
                Mode::Streaming(streaming) if streaming.ends != Ends::Never => {
                    connection.input.extend_from_slice(bytes);
                    return;
                }
                Mode::Streaming(_) => return self.hear(key, bytes, now_ns),
                Mode::Ending(_) | Mode::Lingering | Mode::Refused => return,
            }
        }
    }

    /// Goes on with what was read before its turn.
    pub(super) fn read_again(&mut self, key: Key, now_ns: u64) {
        let Some(connection) = self.get(key) else { return };
        let input = std::mem::take(&mut connection.input);
        self.take_in(key, &input, now_ns);
    }

    /// Goes on with what was read before its turn, when nothing more will be read: a head that is not whole is the end.
    pub(super) fn read_last(&mut self, key: Key, now_ns: u64) {
        self.read_again(key, now_ns);
        let closing = self.closing;
        let Some(connection) = self.get(key) else { return };
        let waits = connection.pipe.is_blocked() || connection.queued;
        if matches!(connection.mode, Mode::Asking)
            && (connection.client == Client::Ended || closing)
            && !waits
        {
            self.close(key);
        }
    }

    /// A stream's client sent bytes.
    fn hear(&mut self, key: Key, bytes: &[u8], now_ns: u64) {
        let out = &mut self.out;
        out.clear();
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let Mode::Streaming(streaming) = &mut connection.mode else { return };
        let go = streaming.stream.received(bytes, now_ns, &mut self.heard, out);
        if !out.is_empty() {
            streaming.sent_ns = now_ns;
        }
        if connection.pipe.write(out, now_ns).is_err() {
            self.heard.clear();
            return self.close(key);
        }
        // Before anything else: what was said with a goodbye was said. Taken out for as long as both are borrowed.
        let mut heard = std::mem::take(&mut self.heard);
        for message in heard.drain(..) {
            self.said(key, message, now_ns);
        }
        self.heard = heard;
        self.go(key, go, now_ns);
    }

    /// Everything of a client that has ended its direction is read: what it asked for is answered, but nothing goes on.
    fn client_ended(&mut self, key: Key, now_ns: u64) {
        let Some(connection) = self.get(key) else { return };
        connection.client = Client::Ended;
        match connection.mode {
            Mode::Asking if connection.pipe.is_blocked() || connection.queued => {}
            // The beginning of a head has no end any more; whole ones were answered.
            Mode::Asking | Mode::Held(_) | Mode::Streaming(_) | Mode::Lingering | Mode::Refused => {
                self.close(key);
            }
            Mode::Ending(_) => self.advance(key, now_ns),
        }
    }
}
