//! Reading of a client that is slow by plan: no more at once than it is allowed, and nothing at all where it has stopped, until
//! the step is over.
//!
//! Invariants as of [`super::transfer`], but that a read which is not all it was allowed is followed by another, which finds
//! the socket empty or not: only then is it known that the allowance is to pile up no longer.

use pushbench_probe::clock::now_ns;
use pushbench_transport::client::{Closed, Step};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::Client;
use super::transfer::{READS_IN_A_ROW, Read};
use crate::slow::Allowed;
use crate::thread::Turn;

impl Client {
    /// Reads what it may, and lets the half have it.
    pub(super) fn read_slowly(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) -> Read {
        for _ in 0..READS_IN_A_ROW {
            // Once the step is over everybody hurries: what is left is in nobody's way to a goodbye.
            let most = match turn.thread.slow.as_mut().filter(|_| !turn.thread.is_over) {
                None => usize::MAX,
                Some(slow) => match slow.allowed(self.index, now_ns()) {
                    Allowed::Bytes(most) => most,
                    Allowed::Nothing => return Read::Drained,
                },
            };
            let room = most.min(buffer.len());
            let Some(socket) = &self.socket else { return Read::Drained };
            match recv(socket, &mut buffer[..room], RecvFlags::empty()) {
                Ok((0, _)) => {
                    self.close(Closed::Eof, turn);
                    return Read::Drained;
                }
                Ok((bytes, _)) => {
                    let step = self.take_slowly(&buffer[..bytes], turn);
                    self.settle(step, turn);
                    if !matches!(step, Step::Hold { .. }) {
                        return Read::Drained;
                    }
                    if bytes == most {
                        if let Some(slow) = &mut turn.thread.slow {
                            slow.wait(self.index, now_ns());
                        }
                        return Read::Drained;
                    }
                }
                Err(Errno::WOULDBLOCK) => {
                    if let Some(slow) = &mut turn.thread.slow {
                        slow.drained(self.index, now_ns());
                    }
                    return Read::Drained;
                }
                Err(Errno::INTR) => {}
                Err(error) => {
                    self.broken(&error.into(), turn);
                    return Read::Drained;
                }
            }
        }
        Read::Interrupted
    }

    fn take_slowly(&mut self, bytes: &[u8], turn: &mut Turn<'_>) -> Step {
        let received_ns = now_ns();
        if let Some(slow) = &mut turn.thread.slow {
            slow.has_read(self.index, bytes.len(), received_ns);
        }
        let events_before = turn.recorder.begin_read(bytes.len());
        let step = self.input(received_ns, turn, |half, io| half.received(bytes, io));
        turn.recorder.end_slow_read(events_before);
        step
    }
}
