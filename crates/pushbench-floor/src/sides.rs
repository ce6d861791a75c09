//! Two threads, one a side, that end together.

use pushbench_probe::{affinity, clock};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::FloorError;

/// How long nothing may arrive before a job is given up, in nanoseconds.
const PATIENCE_NS: u64 = 5_000_000_000;

/// The CPUs of both sides; none named means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sides {
    /// Of the thread that accepts and sends, as a target does.
    pub sender: Vec<usize>,
    /// Of the thread that connects and receives, as a worker does.
    pub receiver: Vec<usize>,
}

/// Whether a job must end before its time.
pub(crate) struct Halt<'a> {
    wanted: &'a AtomicBool,
    /// One of the two threads has failed.
    failed: AtomicBool,
}

impl Halt<'_> {
    pub(crate) fn check(&self) -> Result<(), FloorError> {
        let halted = self.wanted.load(Ordering::Relaxed) || self.failed.load(Ordering::Relaxed);
        if halted { Err(FloorError::Stopped) } else { Ok(()) }
    }
}

/// Says when nothing has happened for too long.
pub(crate) struct Patience {
    what: &'static str,
    until_ns: u64,
}

impl Patience {
    /// `what` is what is waited for.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, until_ns: clock::now_ns() + PATIENCE_NS }
    }

    /// Something has happened.
    pub(crate) fn renew(&mut self) {
        self.until_ns = clock::now_ns() + PATIENCE_NS;
    }

    /// Nothing has happened; `done` is what there had been before.
    pub(crate) fn check(&self, done: u64) -> Result<(), FloorError> {
        if clock::now_ns() < self.until_ns {
            return Ok(());
        }
        Err(FloorError::Stalled { what: self.what, done })
    }
}

/// Runs both halves of a job, each on its side's CPUs, and returns what they return. When one fails the other is told
/// to end, and the error is that of the first.
pub(crate) fn run_both<A: Send, B: Send>(
    sides: &Sides,
    stop: &AtomicBool,
    sender: impl FnOnce(&Halt<'_>) -> Result<A, FloorError> + Send,
    receiver: impl FnOnce(&Halt<'_>) -> Result<B, FloorError> + Send,
) -> Result<(A, B), FloorError> {
    let halt = Halt { wanted: stop, failed: AtomicBool::new(false) };
    halt.check()?;
    let (sent, received) = thread::scope(|scope| {
        let sender = scope.spawn(|| on(&sides.sender, &halt, sender));
        let receiver = scope.spawn(|| on(&sides.receiver, &halt, receiver));
        (sender.join(), receiver.join())
    });
    // A panic is a fault of this program, and stays one.
    let sent = sent.unwrap_or_else(|panic| resume_unwind(panic));
    let received = received.unwrap_or_else(|panic| resume_unwind(panic));
    match (sent, received) {
        // One that was told to end because the other failed has no reason of its own.
        (Err(FloorError::Stopped), Err(reason)) => Err(reason),
        (sent, received) => Ok((sent?, received?)),
    }
}

fn on<T>(
    cpus: &[usize],
    halt: &Halt<'_>,
    half: impl FnOnce(&Halt<'_>) -> Result<T, FloorError>,
) -> Result<T, FloorError> {
    let mut guard = FailsUnlessDone { halt, done: false };
    if !cpus.is_empty() {
        // As in a run: a thread that runs elsewhere measures a little worse.
        let _ = affinity::confine_thread(cpus);
    }
    let ended = half(halt);
    guard.done = ended.is_ok();
    ended
}

/// Tells the other thread to end when this one does so before its time, by an error or a panic.
struct FailsUnlessDone<'a, 'b> {
    halt: &'a Halt<'b>,
    done: bool,
}

impl Drop for FailsUnlessDone<'_, '_> {
    fn drop(&mut self) {
        if !self.done {
            self.halt.failed.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forever(halt: &Halt<'_>) -> Result<(), FloorError> {
        loop {
            halt.check()?;
            thread::yield_now();
        }
    }

    #[test]
    fn the_error_of_one_side_ends_the_other_and_is_what_is_said() {
        let stop = AtomicBool::new(false);
        let fails = |_: &Halt<'_>| Err::<(), _>(FloorError::Closed);
        let ends = [
            run_both(&Sides::default(), &stop, fails, forever),
            run_both(&Sides::default(), &stop, forever, fails),
        ];
        for end in ends {
            assert!(matches!(end, Err(FloorError::Closed)), "{end:?}");
        }
    }

    #[test]
    fn who_wants_it_to_end_is_heard() {
        let stop = AtomicBool::new(false);
        let asks = |halt: &Halt<'_>| {
            stop.store(true, Ordering::Relaxed);
            forever(halt)
        };
        let end = run_both(&Sides::default(), &stop, asks, forever);
        assert!(matches!(end, Err(FloorError::Stopped)), "{end:?}");
        let begins = |_: &Halt<'_>| -> Result<(), FloorError> { panic!("it must not begin") };
        let end = run_both(&Sides::default(), &stop, begins, forever);
        assert!(matches!(end, Err(FloorError::Stopped)), "{end:?}");
    }

    #[test]
    fn each_side_runs_on_its_cpus() {
        let cpus = affinity::allowed().unwrap();
        let sides = Sides { sender: vec![cpus[0]], receiver: vec![cpus[cpus.len() - 1]] };
        let here = |_: &Halt<'_>| Ok(affinity::allowed().unwrap());
        let both = run_both(&sides, &AtomicBool::new(false), here, here).unwrap();
        assert_eq!(both, (sides.sender, sides.receiver));
    }
}
