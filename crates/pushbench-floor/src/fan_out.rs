//! Messages from one thread to many connections, read by another thread: paced, and flat out.
//!
//! Invariants of both loops: one `send` a message and one `recv` a readable socket; no allocation, no lock, no log.

use pushbench_probe::{clock, process};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::thread::{ClockId, clock_nanosleep_absolute};
use rustix::time::Timespec;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::connections::Watched;
use crate::readiness::Ready;
use crate::sides::{Halt, Patience, run_both};
use crate::{FloorError, MESSAGE_BYTES, Sides};

/// From the start of the threads to the first message: both are waiting by then.
const LEAD_NS: u64 = 20_000_000;
/// Not known yet how many there will be.
const UNKNOWN: u64 = u64::MAX;
const READ_BUFFER: usize = 16 * 1024;

/// What a fan-out showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanOut {
    /// Messages sent, each with a `send` of its own.
    pub sent: u64,
    /// Messages received whole.
    pub received: u64,
    /// Calls of `recv` that brought bytes.
    pub reads: u64,
    /// From the first message due to the last one received, in nanoseconds.
    pub elapsed_ns: u64,
    /// CPU time of the sending thread; loopback charges it with part of the receiver's work in the kernel.
    pub sending_cpu_ns: u64,
    /// CPU time of the receiving thread.
    pub receiving_cpu_ns: u64,
}

/// A message to every connection, `rounds` times, `interval` apart.
pub(crate) fn paced(
    over: &Watched,
    rounds: u32,
    interval: Duration,
    sides: &Sides,
    stop: &AtomicBool,
) -> Result<FanOut, FloorError> {
    let first_ns = clock::now_ns() + LEAD_NS;
    let tally = Tally::new(u64::from(rounds) * over.sending().len() as u64);
    fan_out(over, &tally, first_ns, sides, stop, |halt| {
        for round in 0..u64::from(rounds) {
            sleep_until(first_ns + round * interval.as_nanos() as u64);
            halt.check()?;
            for socket in over.sending() {
                send_message(socket)?;
            }
        }
        Ok(tally.expected.load(Ordering::Relaxed))
    })
}

/// Messages to all connections in turn for some time, never more under way than there are connections.
pub(crate) fn flat_out(
    over: &Watched,
    lasting: Duration,
    sides: &Sides,
    stop: &AtomicBool,
) -> Result<FanOut, FloorError> {
    let first_ns = clock::now_ns() + LEAD_NS;
    let end_ns = first_ns + lasting.as_nanos() as u64;
    let tally = Tally::new(UNKNOWN);
    let under_way = over.sending().len() as u64;
    fan_out(over, &tally, first_ns, sides, stop, |halt| {
        let mut sent = 0;
        sleep_until(first_ns);
        // At least once, so that there is a figure also where a thread was held up.
        loop {
            for socket in over.sending() {
                tally.wait_for_room(sent, under_way, halt)?;
                send_message(socket)?;
                sent += 1;
            }
            if clock::now_ns() >= end_ns {
                break;
            }
        }
        tally.expected.store(sent, Ordering::Release);
        Ok(sent)
    })
}

/// What both threads count together.
struct Tally {
    expected: AtomicU64,
    received: AtomicU64,
}

impl Tally {
    fn new(expected: u64) -> Self {
        Self { expected: AtomicU64::new(expected), received: AtomicU64::new(0) }
    }

    /// Waits until fewer than `most` messages are under way.
    fn wait_for_room(&self, sent: u64, most: u64, halt: &Halt<'_>) -> Result<(), FloorError> {
        if sent - self.received.load(Ordering::Acquire) < most {
            return Ok(());
        }
        let patience = Patience::new("receiving");
        loop {
            let received = self.received.load(Ordering::Acquire);
            if sent - received < most {
                return Ok(());
            }
            halt.check()?;
            patience.check(received)?;
            // Where both sides share a CPU the receiver needs it now.
            thread::yield_now();
        }
    }
}

fn fan_out(
    over: &Watched,
    tally: &Tally,
    first_ns: u64,
    sides: &Sides,
    stop: &AtomicBool,
    sending: impl FnOnce(&Halt<'_>) -> Result<u64, FloorError> + Send,
) -> Result<FanOut, FloorError> {
    let sender = |halt: &Halt<'_>| {
        let before_ns = process::thread_cpu_ns();
        let sent = sending(halt)?;
        Ok((sent, process::thread_cpu_ns() - before_ns))
    };
    let ((sent, sending_cpu_ns), received) =
        run_both(sides, stop, sender, |halt| receive(over, tally, halt))?;
    Ok(FanOut {
        sent,
        received: received.messages,
        reads: received.reads,
        elapsed_ns: received.last_ns.saturating_sub(first_ns),
        sending_cpu_ns,
        receiving_cpu_ns: received.cpu_ns,
    })
}

struct Received {
    messages: u64,
    reads: u64,
    last_ns: u64,
    cpu_ns: u64,
}

/// Reads until all that is expected has come.
fn receive(over: &Watched, tally: &Tally, halt: &Halt<'_>) -> Result<Received, FloorError> {
    let before_ns = process::thread_cpu_ns();
    let (mut buffer, mut ready) = (vec![0; READ_BUFFER], Ready::new());
    let (mut bytes, mut reads) = (0_u64, 0);
    let mut patience = Patience::new("receiving");
    while bytes / MESSAGE_BYTES as u64 != tally.expected.load(Ordering::Acquire) {
        over.at_receiver.wait(&mut ready)?;
        if ready.is_empty() {
            halt.check()?;
            patience.check(bytes / MESSAGE_BYTES as u64)?;
            continue;
        }
        for position in ready.positions() {
            let read = read_some(&over.receiving()[position], &mut buffer)?;
            reads += u64::from(read > 0);
            bytes += read as u64;
        }
        tally.received.store(bytes / MESSAGE_BYTES as u64, Ordering::Release);
        patience.renew();
    }
    Ok(Received {
        messages: bytes / MESSAGE_BYTES as u64,
        reads,
        last_ns: clock::now_ns(),
        cpu_ns: process::thread_cpu_ns() - before_ns,
    })
}

/// Sends one message whole.
pub(crate) fn send_message(socket: &OwnedFd) -> Result<(), FloorError> {
    const MESSAGE: [u8; MESSAGE_BYTES] = [b'm'; MESSAGE_BYTES];
    let sent = match send(socket, &MESSAGE, SendFlags::NOSIGNAL) {
        Ok(sent) => sent,
        Err(Errno::WOULDBLOCK) => 0,
        Err(error) => return Err(FloorError::refused("send")(error)),
    };
    if sent == MESSAGE_BYTES { Ok(()) } else { Err(FloorError::Blocked { sent, message: MESSAGE_BYTES }) }
}

/// One read; nothing where the socket has nothing after all.
pub(crate) fn read_some(socket: &OwnedFd, buffer: &mut [u8]) -> Result<usize, FloorError> {
    match recv(socket, buffer, RecvFlags::empty()) {
        Ok((0, _)) => Err(FloorError::Closed),
        Ok((read, _)) => Ok(read),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(0),
        Err(error) => Err(FloorError::refused("receive")(error)),
    }
}

/// Sleeps until an instant of the clock; a signal ends it early, which costs a job a little of its pace.
pub(crate) fn sleep_until(due_ns: u64) {
    const NS_PER_S: u64 = 1_000_000_000;
    let due =
        Timespec { tv_sec: (due_ns / NS_PER_S) as i64, tv_nsec: (due_ns % NS_PER_S).cast_signed() as _ };
    let _ = clock_nanosleep_absolute(ClockId::Monotonic, &due);
}
