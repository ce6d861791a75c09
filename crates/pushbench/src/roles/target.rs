//! A target process: the target server at the end of a control connection.

use pushbench_control::{CarrierError, FromTarget, Receiver, Sender, ToTarget};
use pushbench_measure::{PhaseEdges, Ticks};
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{SlowPolicy, Source, TargetShare};
use pushbench_target::{Answering, Config, Handle, Limits, Publishing, Target};
use pushbench_transport::Settings;
use pushbench_transport::settings::TransportSettings as _;
use std::pin::pin;
use std::time::Duration;
use tokio::task::spawn_local;

use super::{lacking, play};
use crate::exit::{Exit, Failure};

/// Plays a target until the coordinator says so or is gone.
pub(crate) fn target() -> Result<Exit, Failure> {
    play(|mut sender, mut receiver| async move {
        let ToTarget::Assign(share) = receiver.receive::<ToTarget>().await? else { return Ok(()) };
        let target = match Target::bind(&config_for(&share)) {
            Ok(target) => target,
            Err(error) => return sender.send(&FromTarget::Failed(lacking(&error))).await,
        };
        sender.send(&FromTarget::Listening { address: target.local_addr() }).await?;
        let handle = target.handle();
        let served = spawn_local(target.run());
        let attending = handle.alarm().attend();
        let session = Session { share: *share, handle, ticks: None, edges: None };
        tokio::select! {
            biased;
            never = attending => match never {},
            ended = session.serve(sender, receiver, served) => ended,
        }
    })
}

fn config_for(share: &TargetShare) -> Config {
    let settings = &share.transport().settings;
    let defaults = Limits::default();
    let limits = Limits {
        topics: defaults.topics.max(share.plan.topics(share.clients) as usize),
        queue_bytes: share.plan.backlog_bytes,
        head_timeout: head_timeout(share),
        idle_timeout: idle_timeout(share, settings),
        connections: share.connections,
        ..defaults
    };
    Config {
        listen: share.listen,
        limits,
        settings: vec![settings.clone()],
        ring_events: share.plan.ring_events,
        coalesce: share.plan.coalesce,
        slow: share.plan.slow_policy,
        send_buffer: share.plan.send_buffer_bytes,
        inject: share.plan.inject,
        restarts: share.plan.life.restart.is_some(),
        answers: share.plan.events.answers().map(|answers| Answering {
            answers: answers.clone(),
            size: share.plan.events.size,
            seed: share.plan.seed,
        }),
    }
}

/// How long the head of a request may take, on a connection that a client has from its arrival on.
fn head_timeout(share: &TargetShare) -> Duration {
    Limits::default().head_timeout.max(longest_silence(share))
}

/// How long a connection may wait for its next request, and a client read nothing.
fn idle_timeout(share: &TargetShare, settings: &Settings) -> Duration {
    let default = Limits::default().idle_timeout.max(longest_silence(share));
    match share.plan.slow_policy {
        // Whoever may skip is never cut off for not reading.
        SlowPolicy::Skip => default.max(share.plan.whole_step(share.clients)),
        // A client that polls more rarely than idle connections are closed would never find its socket kept.
        SlowPolicy::Disconnect => default.max(settings.poll_interval().unwrap_or_default() * 2),
    }
}

/// How long a client may have nothing to say that asks or publishes now and then.
fn longest_silence(share: &TargetShare) -> Duration {
    match share.plan.events.source {
        Source::Answers(_) | Source::Members => share.plan.whole_step(share.clients),
        Source::Publisher => Duration::ZERO,
    }
}

struct Session {
    share: TargetShare,
    handle: Handle,
    ticks: Option<Ticks>,
    edges: Option<PhaseEdges>,
}

impl Session {
    async fn serve(
        mut self,
        mut sender: Sender,
        mut receiver: Receiver,
        served: tokio::task::JoinHandle<()>,
    ) -> Result<(), CarrierError> {
        let mut failure = pin!(self.handle.until_failure());
        loop {
            let next_ns = self.ticks.as_ref().and_then(Ticks::next_ns);
            tokio::select! {
                message = receiver.receive() => match message? {
                    ToTarget::Assign(_) => {}
                    ToTarget::Report { from_ns } => self.ticks = Some(Ticks::new(from_ns)),
                    ToTarget::Begin(edges) => self.begin(edges),
                    ToTarget::Stop => break,
                },
                error = &mut failure => return sender.send(&FromTarget::Failed(lacking(&error))).await,
                () = self.handle.alarm().until(next_ns.unwrap_or(u64::MAX)) => self.report(&mut sender).await?,
            }
        }
        let mut last = self.handle.snapshot();
        last.tick_ns = self.edges.map_or_else(now_ns, |edges| edges.end_ns);
        self.handle.shutdown();
        // A task that was cancelled or that panicked has nothing more to say.
        let _ = served.await;
        last.wire = Some(Box::new(self.handle.wire()));
        sender.send(&FromTarget::Stopped(Box::new(last))).await
    }

    fn begin(&mut self, edges: PhaseEdges) {
        self.edges = Some(edges);
        if let Some(ticks) = &mut self.ticks {
            ticks.begin(edges);
        }
        self.handle.follow(edges);
        let plan = &self.share.plan;
        self.handle.upset(&plan.life, plan.seed, edges);
        self.handle.begin(Publishing {
            events: plan.events_of(self.share.clients),
            topics: plan.topics(self.share.clients),
            seed: plan.seed,
            edges,
        });
    }

    async fn report(&mut self, sender: &mut Sender) -> Result<(), CarrierError> {
        let Some(ticks) = &mut self.ticks else { return Ok(()) };
        let Some(tick_ns) = ticks.next_ns() else { return Ok(()) };
        ticks.advance();
        let mut snapshot = self.handle.snapshot();
        snapshot.tick_ns = tick_ns;
        sender.send(&FromTarget::Report(Box::new(snapshot))).await
    }
}
