//! A worker process: the load generator at the end of a control connection.

use pushbench_control::{CarrierError, FromWorker, Receiver, Sender, ToWorker};
use pushbench_load::Worker;
use pushbench_measure::{PhaseEdges, Ticks};
use pushbench_probe::alarm::Sleep;
use pushbench_probe::clock::now_ns;

use super::{lacking, play};
use crate::exit::{Exit, Failure};

/// How often a worker looks whether its last client has become ready.
const READY_CHECK_NS: u64 = 10_000_000;

/// Plays a worker until the coordinator says so or is gone.
pub(crate) fn worker() -> Result<Exit, Failure> {
    play(|mut sender, mut receiver| async move {
        let ToWorker::Assign(share) = receiver.receive::<ToWorker>().await? else { return Ok(()) };
        match Worker::new(*share) {
            Ok(worker) => {
                sender.send(&FromWorker::Assigned).await?;
                let attending = worker.alarm().attend();
                let session = Session { worker, ticks: None, ready_told: true, edges: None };
                tokio::select! {
                    biased;
                    never = attending => match never {},
                    served = session.serve(sender, receiver) => served,
                }
            }
            Err(error) => sender.send(&FromWorker::Failed(lacking(&error))).await,
        }
    })
}

struct Session {
    worker: Worker,
    ticks: Option<Ticks>,
    /// True while there is nobody to wait for.
    ready_told: bool,
    edges: Option<PhaseEdges>,
}

impl Session {
    async fn serve(mut self, mut sender: Sender, mut receiver: Receiver) -> Result<(), CarrierError> {
        loop {
            tokio::select! {
                message = receiver.receive() => match message? {
                    ToWorker::Assign(_) => {}
                    ToWorker::Connect { start_ns } => {
                        self.ready_told = false;
                        self.ticks = Some(Ticks::new(start_ns));
                        self.worker.connect(start_ns);
                    }
                    ToWorker::Begin(edges) => {
                        self.edges = Some(edges);
                        if let Some(ticks) = &mut self.ticks {
                            ticks.begin(edges);
                        }
                        self.worker.begin(edges);
                    }
                    ToWorker::Finish => return self.finish(&mut sender).await,
                },
                () = self.next_tick() => self.report(&mut sender).await?,
                () = self.ready_check() => {
                    if self.worker.all_ready() {
                        self.ready_told = true;
                        sender.send(&FromWorker::AllReady).await?;
                    }
                }
            }
        }
    }

    fn next_tick(&self) -> Sleep {
        let next_ns = self.ticks.as_ref().and_then(Ticks::next_ns);
        self.worker.alarm().until(next_ns.unwrap_or(u64::MAX))
    }

    fn ready_check(&self) -> Sleep {
        let next_ns = if self.ready_told { u64::MAX } else { now_ns() + READY_CHECK_NS };
        self.worker.alarm().until(next_ns)
    }

    async fn report(&mut self, sender: &mut Sender) -> Result<(), CarrierError> {
        let Some(ticks) = &mut self.ticks else { return Ok(()) };
        let Some(tick_ns) = ticks.next_ns() else { return Ok(()) };
        ticks.advance();
        sender.send(&FromWorker::Report(Box::new(self.worker.report(tick_ns)))).await
    }

    /// The report since the last tick, and the books.
    async fn finish(&self, sender: &mut Sender) -> Result<(), CarrierError> {
        let end_ns = self.edges.map_or_else(now_ns, |edges| edges.end_ns);
        let (last, sums) = self.worker.finish(end_ns).await;
        sender.send(&FromWorker::Report(Box::new(last))).await?;
        sender.send(&FromWorker::Finished(Box::new(sums))).await
    }
}
