//! A worker process: the load generator at the end of a control connection.

use pushbench_control::{Blame, CarrierError, FromWorker, Receiver, Sender, ToWorker};
use pushbench_load::{LoadError, Worker};
use pushbench_measure::{PhaseEdges, Ticks};
use pushbench_probe::alarm::{Alarm, Sleep};
use pushbench_probe::clock::now_ns;
use std::future;
use std::pin::Pin;
use tokio::task::spawn_local;

use super::{lacking, play};
use crate::exit::{Exit, Failure};

/// Plays a worker until the coordinator says so or is gone.
pub(crate) fn worker() -> Result<Exit, Failure> {
    play(|mut sender, mut receiver| async move {
        let ToWorker::Assign(share) = receiver.receive::<ToWorker>().await? else { return Ok(()) };
        let begun =
            Alarm::new().map_err(LoadError::Timer).and_then(|alarm| Ok((alarm, Worker::new(*share)?)));
        let (alarm, worker) = match begun {
            Ok(begun) => begun,
            Err(error) => return sender.send(&FromWorker::Failed(lacking(&error))).await,
        };
        spawn_local(alarm.run());
        sender.send(&FromWorker::Assigned).await?;
        let all_ready = Box::pin(future::pending());
        let session = Session { worker, alarm, ticks: None, all_ready, edges: None };
        match session.serve(&mut sender, receiver).await {
            Ok(()) => Ok(()),
            Err(Ended::Control(error)) => Err(error),
            // It was there, so the machine had what it needs.
            Err(Ended::Load(error)) => {
                let failure =
                    pushbench_control::Failure { message: error.to_string(), blame: Blame::Program };
                sender.send(&FromWorker::Failed(failure)).await
            }
        }
    })
}

/// What ends a session before its time.
enum Ended {
    Control(CarrierError),
    Load(LoadError),
}

impl From<CarrierError> for Ended {
    fn from(error: CarrierError) -> Self {
        Self::Control(error)
    }
}

impl From<LoadError> for Ended {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

struct Session {
    worker: Worker,
    alarm: Alarm,
    ticks: Option<Ticks>,
    /// Done when the last client has become ready; pending while there is nobody to wait for.
    all_ready: Pin<Box<dyn Future<Output = Result<(), LoadError>>>>,
    edges: Option<PhaseEdges>,
}

impl Session {
    async fn serve(mut self, sender: &mut Sender, mut receiver: Receiver) -> Result<(), Ended> {
        loop {
            let tick = self.next_tick();
            tokio::select! {
                message = receiver.receive() => match message? {
                    ToWorker::Assign(_) => {}
                    ToWorker::Connect { start_ns } => {
                        self.ticks = Some(Ticks::new(start_ns));
                        self.all_ready = Box::pin(self.worker.connect(start_ns));
                    }
                    ToWorker::Begin(edges) => {
                        self.edges = Some(edges);
                        if let Some(ticks) = &mut self.ticks {
                            ticks.begin(edges);
                        }
                        self.worker.begin(edges);
                    }
                    ToWorker::Finish => return self.finish(sender).await,
                },
                () = tick => self.report(sender).await?,
                are_ready = &mut self.all_ready => {
                    self.all_ready = Box::pin(future::pending());
                    are_ready?;
                    sender.send(&FromWorker::AllReady).await?;
                }
            }
        }
    }

    fn next_tick(&self) -> Sleep {
        let next_ns = self.ticks.as_ref().and_then(Ticks::next_ns);
        self.alarm.until(next_ns.unwrap_or(u64::MAX))
    }

    async fn report(&mut self, sender: &mut Sender) -> Result<(), Ended> {
        let Some(ticks) = &mut self.ticks else { return Ok(()) };
        let Some(tick_ns) = ticks.next_ns() else { return Ok(()) };
        ticks.advance();
        let report = self.worker.report(tick_ns).await?;
        Ok(sender.send(&FromWorker::Report(Box::new(report))).await?)
    }

    /// The report since the last tick, and the books.
    async fn finish(&self, sender: &mut Sender) -> Result<(), Ended> {
        let end_ns = self.edges.map_or_else(now_ns, |edges| edges.end_ns);
        let (last, sums) = self.worker.finish(end_ns).await?;
        sender.send(&FromWorker::Report(Box::new(last))).await?;
        Ok(sender.send(&FromWorker::Finished(Box::new(sums))).await?)
    }
}
