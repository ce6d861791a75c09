//! Reading and writing of one client's socket.
//!
//! Invariants: no allocation, no lock, no log, no formatting; one system call for a read that fits into the buffer, and one
//! for a write that the socket takes; the read buffer is the thread's, and an idle client owns none.

use pushbench_probe::clock::now_ns;
use pushbench_transport::client::{Closed, Step};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io;

use super::{Client, Next};
use crate::thread::Turn;

/// Reads in a row from one socket before other clients get their turn.
pub(super) const READS_IN_A_ROW: usize = 16;

/// Whether a socket was read to the end of what it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Drained,
    Interrupted,
}

/// Where to put what is to be written: behind what is left from before, if anything is.
pub(super) fn pending<'a>(unsent: &'a mut Vec<u8>, out: &'a mut Vec<u8>) -> &'a mut Vec<u8> {
    if unsent.is_empty() { out } else { unsent }
}

impl Client {
    /// Reads what there is, up to a bound, and lets the half have it.
    pub(super) fn read(&mut self, buffer: &mut [u8], ended: bool, turn: &mut Turn<'_>) -> Read {
        let mut read = Read::Interrupted;
        let mut step = None;
        for _ in 0..READS_IN_A_ROW {
            let Some(socket) = &self.socket else { return Read::Drained };
            let bytes = match recv(socket, &mut *buffer, RecvFlags::empty()) {
                Ok((0, _)) => {
                    self.close(Closed::Eof, turn);
                    return Read::Drained;
                }
                Ok((bytes, _)) => bytes,
                Err(Errno::WOULDBLOCK) => {
                    read = Read::Drained;
                    break;
                }
                Err(Errno::INTR) => continue,
                Err(error) => {
                    self.broken(&error.into(), turn);
                    return Read::Drained;
                }
            };
            // The instant of reception: after the read, before any parsing.
            let received_ns = now_ns();
            let events_before = turn.recorder.begin_read(bytes);
            let asked = self.input(received_ns, turn, |half, io| half.received(&buffer[..bytes], io));
            turn.recorder.end_read(received_ns, events_before);
            step = Some(asked);
            // PERF: a read that leaves room in the buffer was the last (epoll(7)); asking once more for the answer that
            // there is nothing takes 0.4 µs.
            let was_last = bytes < buffer.len() && !ended;
            if was_last || !matches!(asked, Step::Hold { .. }) {
                read = Read::Drained;
                break;
            }
        }
        match step {
            Some(step) => self.settle(step, turn),
            None => {
                if let Err(error) = self.write_out(turn) {
                    self.broken(&error, turn);
                }
            }
        }
        read
    }

    pub(super) fn read_to_end(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) -> Read {
        for _ in 0..READS_IN_A_ROW {
            let Some(socket) = &self.socket else { return Read::Drained };
            match recv(socket, &mut *buffer, RecvFlags::empty()) {
                Ok((bytes @ 1.., _)) => turn.recorder.counters.down.framing += bytes as i64,
                Err(Errno::WOULDBLOCK) => return Read::Drained,
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => {
                    self.leave(Next::End, turn);
                    return Read::Drained;
                }
            }
        }
        Read::Interrupted
    }

    /// Writes what the half left in its buffer, as far as the socket takes it.
    pub(super) fn write_out(&mut self, turn: &mut Turn<'_>) -> io::Result<()> {
        let out = pending(&mut self.unsent, &mut turn.thread.out);
        let Some(socket) = self.socket.as_ref().filter(|_| !out.is_empty()) else { return Ok(()) };
        let mut written = 0;
        let outcome = loop {
            if written == out.len() {
                break Ok(());
            }
            match send(socket, &out[written..], SendFlags::NOSIGNAL) {
                Ok(bytes) => written += bytes,
                Err(Errno::WOULDBLOCK) => break Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => break Err(error.into()),
            }
        };
        turn.recorder.counters.up.framing += written as i64;
        out.drain(..written);
        if !turn.thread.out.is_empty() {
            self.unsent = std::mem::take(&mut turn.thread.out);
        } else if self.unsent.is_empty() {
            // An idle client keeps no buffer.
            self.unsent = Vec::new();
        }
        outcome
    }
}
