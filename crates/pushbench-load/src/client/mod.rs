//! The life of one client, for every transport: what happens to its connection, and what its client half makes of that.
//!
//! It connects when the transport's client half says so, stamps every read at its return and before any parsing, hands
//! the bytes over, and writes what the half wants written. It waits for nothing: whoever drives it says when its socket is
//! ready, when its instant has come and when the step is over. It decides nothing about protocol, reconnecting or pacing.
//!
//! How bytes are read and written is in [`transfer`], what waits to be sent in [`outbox`]. The second connection of a client
//! that publishes on one is a client by itself, with the same place and without an account.

mod leaving;
mod outbox;
mod slowly;
mod transfer;

use pushbench_probe::clock::now_ns;
use pushbench_probe::limits::is_exhaustion;
use pushbench_probe::readiness::Readiness;
use pushbench_probe::socket::end_of_writing;
use pushbench_transport::client::{Closed, Io, Reopen, Step, Subscriber};
use pushbench_transport::meter::Metered;
use rustix::net::sockopt;
use std::io;
use std::os::fd::OwnedFd;

use self::outbox::Outbox;
use self::transfer::{Read, pending};
use crate::connect::{connect, is_limit};
use crate::recorder::ClientObserver;
use crate::thread::Turn;
use crate::wakeup::Wakeup;

/// How long a connect may take, the kernel's own retries included.
const CONNECT_TIMEOUT_NS: u64 = 10_000_000_000;

/// Set in the index of a second connection; no worker has so many clients.
pub(crate) const UPLINK: u32 = 1 << 31;

/// One client of a worker.
pub(crate) struct Client {
    half: Box<dyn Subscriber>,
    wakeup: Wakeup,
    /// What the socket did not take yet: next to never anything.
    unsent: Vec<u8>,
    /// Before the socket: when dropped it takes the last reading.
    metered: Option<Metered>,
    socket: Option<OwnedFd>,
    /// What it has to send, where clients send anything.
    outbox: Option<Box<Outbox>>,
    /// Its place among the worker's clients, and that of its account; with [`UPLINK`] set it is that client's second
    /// connection.
    index: u32,
    /// Counts its sockets, so that what is reported of one that is closed is not taken for news of the next.
    generation: u32,
    stage: Stage,
    /// Whether it leaves by plan, or has left.
    is_leaving: bool,
    /// Whether it is in the queue of those to be read again.
    is_read_again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No connection; one is opened when its wake-up comes.
    Away(Reopen),
    /// On the way.
    Connecting(Reopen),
    /// Connected: the half says what happens.
    Holding,
    /// The step is over; what was begun to be written is written to its end, then the own direction ends.
    Finishing,
    /// The own direction has ended; the other is read to its end.
    SeenOff,
    /// It has left by plan, and comes back when it is told to, if ever.
    Left,
    /// Over for good.
    Over,
}

/// What ends the life of a connection.
#[derive(Debug, Clone, Copy)]
enum Next {
    Open { at_ns: u64, why: Reopen },
    End,
}

impl Client {
    /// A client that has just arrived: it opens its first connection with the next wake-up.
    pub(crate) fn new(index: u32, half: Box<dyn Subscriber>) -> Self {
        Self {
            half,
            wakeup: Wakeup::default(),
            unsent: Vec::new(),
            metered: None,
            socket: None,
            outbox: None,
            index,
            generation: 0,
            stage: Stage::Away(Reopen::Planned),
            is_leaving: false,
            is_read_again: false,
        }
    }

    /// What its present socket is known by; the one before was known by another key.
    fn key(&self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The index of the client that a socket's key belongs to.
    pub(crate) fn index_of(key: u64) -> u32 {
        key as u32
    }

    /// Whether it is a second connection.
    fn is_uplink(&self) -> bool {
        self.index & UPLINK != 0
    }

    /// Its place among the worker's clients, or that of the client whose second connection it is.
    fn place(&self) -> u32 {
        self.index & !UPLINK
    }

    /// An entry of the wheel has come up for it.
    pub(crate) fn wake(&mut self, at_ns: u64, now_ns: u64, turn: &mut Turn<'_>) {
        if self.wakeup.came(at_ns, now_ns, self.index, &mut turn.thread.wheel) {
            self.on_time(turn);
        }
    }

    /// The instant has come that it waited for.
    pub(crate) fn on_time(&mut self, turn: &mut Turn<'_>) {
        match self.stage {
            Stage::Away(why) => self.open(why, turn),
            Stage::Connecting(_) => self.connect_failed(&io::ErrorKind::TimedOut.into(), turn),
            // The other side has not answered its goodbye.
            Stage::Holding | Stage::Finishing | Stage::SeenOff if self.is_leaving => {
                self.leave(Next::End, turn);
            }
            Stage::Holding => {
                let step = self.input(now_ns(), turn, |half, io| half.woken(io));
                self.settle(step, turn);
            }
            Stage::Finishing | Stage::SeenOff | Stage::Left | Stage::Over => {}
        }
    }

    /// Whether it could ask now: it has a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.stage == Stage::Holding
    }

    /// It is to ask for answer `k`, for which it has a connection.
    pub(crate) fn ask(&mut self, k: u64, turn: &mut Turn<'_>) {
        let step = self.input(now_ns(), turn, |half, io| half.ask(k, io));
        self.settle(step, turn);
    }

    /// A socket of its is ready, the present one or one that it has closed meanwhile.
    pub(crate) fn on_ready(&mut self, ready: Readiness, turn: &mut Turn<'_>) {
        if ready.writable && ready.key == self.key() {
            self.on_writable(turn);
        }
        // Looked at anew: the first half of the report may have been the socket's end.
        if ready.readable && ready.key == self.key() {
            self.on_readable(ready.ended, turn);
        }
    }

    /// Its socket was not read to the end when it was read last.
    pub(crate) fn on_turn_again(&mut self, turn: &mut Turn<'_>) {
        self.is_read_again = false;
        // Whether the peer has ended is not known any more.
        self.on_readable(true, turn);
    }

    /// The socket can be written; a connect may be over.
    fn on_writable(&mut self, turn: &mut Turn<'_>) {
        match self.stage {
            Stage::Connecting(why) => match self.connect_outcome() {
                Ok(()) => self.connected(why, turn),
                Err(error) => self.connect_failed(&error, turn),
            },
            Stage::Holding | Stage::Finishing if !self.unsent.is_empty() => match self.write_out(turn) {
                Err(error) => self.broken(&error, turn),
                Ok(()) if self.stage == Stage::Finishing && self.unsent.is_empty() => self.see_off(turn),
                Ok(()) => {}
            },
            _ => {}
        }
    }

    /// The socket can be read. Where the peer has `ended`, nothing will be said of its end any more.
    fn on_readable(&mut self, ended: bool, turn: &mut Turn<'_>) {
        // Taken out for as long as both are borrowed.
        let mut buffer = std::mem::take(&mut turn.thread.read_buffer);
        let read = match self.stage {
            Stage::Holding if turn.thread.is_slow(self.index) => self.read_slowly(&mut buffer, turn),
            Stage::Holding => self.read(&mut buffer, ended, turn),
            Stage::Finishing | Stage::SeenOff => self.read_to_end(&mut buffer, turn),
            Stage::Away(_) | Stage::Connecting(_) | Stage::Left | Stage::Over => Read::Drained,
        };
        turn.thread.read_buffer = buffer;
        if read == Read::Interrupted && !std::mem::replace(&mut self.is_read_again, true) {
            turn.thread.again.push_back(self.index);
        }
    }

    /// The step is over. A transport that has a goodbye gets to hear the answer (RFC 6455, section 7.1.1: the server closes
    /// first), any other connection ends its own direction and waits for the end of the other.
    pub(crate) fn on_end(&mut self, turn: &mut Turn<'_>) {
        match self.stage {
            Stage::Away(_) | Stage::Left => self.stage = Stage::Over,
            // It has said goodbye already.
            Stage::Holding if self.is_leaving => {}
            Stage::Holding => self.say_goodbye(turn),
            // One on its way is seen off as soon as it is there.
            Stage::Connecting(_) | Stage::Finishing | Stage::SeenOff | Stage::Over => {}
        }
        // Of what a slow one left unread nothing more is reported.
        if turn.thread.is_slow(self.index) && !std::mem::replace(&mut self.is_read_again, true) {
            turn.thread.again.push_back(self.index);
        }
    }

    /// Ends a connection of its own accord.
    fn say_goodbye(&mut self, turn: &mut Turn<'_>) {
        let mut says_goodbye = false;
        self.input(now_ns(), turn, |half, io| {
            let before = io.out.len();
            half.farewell(io);
            says_goodbye = io.out.len() > before;
            Step::End
        });
        if says_goodbye {
            if let Err(error) = self.write_out(turn) {
                self.broken(&error, turn);
            }
        } else if self.unsent.is_empty() {
            self.see_off(turn);
        } else {
            self.stage = Stage::Finishing;
        }
    }

    fn open(&mut self, why: Reopen, turn: &mut Turn<'_>) {
        if turn.thread.is_over {
            self.stage = Stage::Over;
            return;
        }
        turn.thread.held += 1;
        self.generation = self.generation.wrapping_add(1);
        self.stage = Stage::Connecting(why);
        match connect(self.place(), self.key(), turn.thread) {
            Ok(socket) => {
                self.socket = Some(socket);
                let give_up_ns = now_ns() + CONNECT_TIMEOUT_NS;
                self.wakeup.ask(Some(give_up_ns), self.index, &mut turn.thread.wheel);
            }
            Err(error) => self.connect_failed(&error, turn),
        }
    }

    fn connect_outcome(&self) -> io::Result<()> {
        let Some(socket) = &self.socket else { return Ok(()) };
        Ok(sockopt::socket_error(socket)??)
    }

    fn connected(&mut self, why: Reopen, turn: &mut Turn<'_>) {
        turn.recorder.connected(why);
        self.metered = self.socket.as_ref().map(|socket| turn.thread.meter.watch(socket));
        if let Some(slow) = &mut turn.thread.slow {
            slow.connected(self.index, now_ns());
        }
        self.stage = Stage::Holding;
        if turn.thread.is_over {
            self.see_off(turn);
        } else {
            let step = self.input(now_ns(), turn, |half, io| half.connected(io));
            self.settle(step, turn);
        }
    }

    fn connect_failed(&mut self, error: &io::Error, turn: &mut Turn<'_>) {
        let counters = &mut turn.recorder.counters;
        let counter = if is_limit(error) { &mut counters.limits_hit } else { &mut counters.connect_errors };
        *counter += 1;
        self.close(Closed::ConnectFailed, turn);
    }

    fn broken(&mut self, error: &io::Error, turn: &mut Turn<'_>) {
        // A machine without memory for a socket's buffers says nothing about the other side.
        if is_exhaustion(error) {
            turn.recorder.counters.limits_hit += 1;
        } else {
            turn.recorder.broken(self.index);
        }
        self.close(Closed::Broken, turn);
    }

    /// Tells the half that there is no connection; whatever it answers, this one is over.
    fn close(&mut self, why: Closed, turn: &mut Turn<'_>) {
        let now_ns = now_ns();
        let next = match self.input(now_ns, turn, |half, io| half.closed(why, io)) {
            Step::Open { at_ns, why } => Next::Open { at_ns, why },
            // Holding a connection that is gone makes no sense; a half that asks for it would hang.
            Step::Hold { .. } | Step::End => Next::End,
        };
        self.leave(next, turn);
        if self.stage == Stage::Away(Reopen::Planned) && !self.is_uplink() {
            turn.recorder.idle_connection_ended(self.index, now_ns);
        }
    }

    /// Lets go of the connection, if there is one.
    fn leave(&mut self, next: Next, turn: &mut Turn<'_>) {
        self.metered = None;
        self.socket = None;
        self.unsent = Vec::new();
        turn.thread.out.clear();
        turn.thread.held -= 1;
        turn.recorder.counters.closed +=
            u64::from(matches!(self.stage, Stage::Holding | Stage::Finishing | Stage::SeenOff));
        let (stage, wake_ns) = match next {
            _ if self.is_leaving && !turn.thread.is_over => (Stage::Left, None),
            // A second connection that was not needed any more is needed again.
            Next::Open { why: Reopen::Planned, .. }
                if !turn.thread.is_over && self.is_uplink() && self.waiting_messages().len() > 0 =>
            {
                (Stage::Away(Reopen::Planned), Some(0))
            }
            Next::Open { at_ns, why } if !turn.thread.is_over => (Stage::Away(why), Some(at_ns)),
            Next::Open { .. } | Next::End => (Stage::Over, None),
        };
        self.stage = stage;
        self.wakeup.ask(wake_ns, self.index, &mut turn.thread.wheel);
        if let Some(slow) = turn.thread.slow.as_mut().filter(|_| !self.is_uplink()) {
            slow.lost_connection(self.index);
        }
        if stage != Stage::Away(Reopen::Planned) && !self.is_uplink() {
            turn.recorder.lost_connection(self.index, now_ns);
        }
    }

    /// Ends this direction; the other is read to its end. The bytes are counted, what they mean is of no interest any more.
    /// A socket closed at once would miss what is under way to it and answer it with a reset, and neither side's account of
    /// the wire could be closed.
    fn see_off(&mut self, turn: &mut Turn<'_>) {
        self.stage = Stage::SeenOff;
        let ended = self.socket.as_ref().is_some_and(|socket| end_of_writing(socket).is_ok());
        if !ended {
            self.leave(Next::End, turn);
        }
    }

    /// Carries out what the half asked for, and writes what it wants written. Before leaving too: a half that gives a
    /// connection up may have said why (a close frame).
    fn settle(&mut self, step: Step, turn: &mut Turn<'_>) {
        let step = self.send_waiting(step, turn);
        let written = self.write_out(turn);
        match step {
            Step::Hold { wake_ns } => {
                // Whatever the half of one that leaves waits for, it waits no longer than that.
                if !self.is_leaving {
                    self.wakeup.ask(wake_ns, self.index, &mut turn.thread.wheel);
                }
                if let Err(error) = written {
                    self.broken(&error, turn);
                }
            }
            Step::Open { at_ns, why } => self.leave(Next::Open { at_ns, why }, turn),
            Step::End => self.leave(Next::End, turn),
        }
    }

    fn input(
        &mut self,
        now_ns: u64,
        turn: &mut Turn<'_>,
        feed: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step,
    ) -> Step {
        let mut observer = ClientObserver { recorder: turn.recorder, client: self.index, now_ns };
        let out = pending(&mut self.unsent, &mut turn.thread.out);
        feed(self.half.as_mut(), &mut Io { now_ns, out, observer: &mut observer })
    }
}

#[cfg(test)]
mod tests;
