//! The bare jobs, repeated.

use pushbench_floor::{FloorError, Repetition, Sides, repetition, round_trips};
use pushbench_measure::Histogram;
use pushbench_measure::results::Spread;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::size::{FEW, FEW_LASTING, FEW_PER_SECOND, REPETITIONS, Sizes};
use super::steps::Steps;
use crate::interrupt::Interrupt;
use crate::run::Placement;

/// What bare sockets showed.
#[derive(Debug)]
pub(super) struct Bare {
    pub(super) repetitions: Vec<Repetition>,
    /// Of one message there and back, nanoseconds.
    pub(super) round_trips: Histogram,
}

impl Bare {
    /// Messages per second flat out.
    pub(super) fn deliveries_per_second(&self) -> Option<Spread> {
        let per_second = |of: &Repetition| of.flat_out.received as f64 * 1e9 / of.flat_out.elapsed_ns as f64;
        Spread::of(&self.repetitions.iter().map(per_second).collect::<Vec<_>>())
    }
}

/// Does every bare job, on the CPUs that a run would use.
pub(super) async fn measure(
    sizes: &Sizes,
    steps: &mut Steps,
    interrupt: &mut Interrupt,
) -> Result<Bare, FloorError> {
    let placement = Placement::here();
    let sides = Sides { sender: placement.targets, receiver: placement.workers };
    let mut repetitions = Vec::new();
    for number in 1..=REPETITIONS {
        steps.begin("bare sockets: connect, fan out, flat out");
        let (size, sides) = (sizes.of_a_repetition(), sides.clone());
        let job = move |stop: &AtomicBool| repetition(&size, number, &sides, stop);
        repetitions.push(aside(job, interrupt).await?);
    }
    steps.begin("bare sockets: there and back");
    let count = (FEW_LASTING * FEW_PER_SECOND).as_secs() as u32;
    let interval = FEW_LASTING / count;
    let job = move |stop: &AtomicBool| round_trips(FEW, count, interval, &sides, stop);
    Ok(Bare { repetitions, round_trips: aside(job, interrupt).await? })
}

/// Runs a job on another thread, which is told to stop when somebody wants the command to end.
async fn aside<T: Send + 'static>(
    job: impl FnOnce(&AtomicBool) -> Result<T, FloorError> + Send + 'static,
    interrupt: &mut Interrupt,
) -> Result<T, FloorError> {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    let mut job = tokio::task::spawn_blocking(move || job(&heard));
    let ended = tokio::select! {
        ended = &mut job => ended,
        () = interrupt.wait() => {
            stop.store(true, Ordering::Relaxed);
            job.await
        }
    };
    // A panic is a fault of this program, and stays one.
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
