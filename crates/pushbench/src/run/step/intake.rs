//! What a step hears from its processes and sees of the kernel, taken in as it comes; and what of it ends the step.

use pushbench_control::{Blame, FromTarget, FromWorker};
use pushbench_measure::verdict::{Scarce, Scarcity};
use pushbench_probe::{clock, limits, memory};

use super::{Ended, Step, growth};
use crate::run::fleet::{Heard, Member};
use crate::run::sampler::Seen;
use crate::run::scarcity;

impl Step<'_, '_> {
    pub(super) async fn hear(&mut self, heard: Heard) -> Result<(), Ended> {
        match heard {
            Heard::Target(at, FromTarget::Report(report)) => {
                self.note_refused(report.refused);
                self.gather.target(at, *report);
            }
            Heard::Target(at, FromTarget::Stopped(report)) => {
                self.gather.target(at, *report);
                self.finished.push(Member::Target(at));
            }
            Heard::Worker(at, FromWorker::Report(report)) => {
                self.note_limits(report.counters.limits_hit);
                self.gather.worker(at, *report);
                let ever_connected = self.gather.ever_connected();
                self.ramp.connected(ever_connected, clock::now_ns());
                self.progress.connected(ever_connected);
            }
            Heard::Worker(_, FromWorker::AllReady) => self.ramp.worker_is_ready(),
            Heard::Worker(at, FromWorker::Finished(sums)) => {
                self.sums.add(&sums);
                self.finished.push(Member::Worker(at));
            }
            Heard::Target(at, FromTarget::Failed(failure)) => {
                return Err(failed(Member::Target(at), &failure));
            }
            Heard::Worker(at, FromWorker::Failed(failure)) => {
                return Err(failed(Member::Worker(at), &failure));
            }
            Heard::Gone(member) if !self.finished.contains(&member) => {
                let how = self.fleet.obituary(member).await;
                if memory::killed_for_memory().ok() > self.before.killed_for_memory {
                    let left = limits::memory_available_bytes().ok();
                    return Err(self.without_memory(left, &format!("the kernel ended {member}")));
                }
                return Err(Ended::Died(format!("{member} ended in the middle of the run{how}")));
            }
            // Greetings were dealt with when the process was started.
            Heard::Gone(_) | Heard::Target(..) | Heard::Worker(..) => {}
        }
        Ok(())
    }

    pub(super) fn see(&mut self, seen: Seen) -> Result<(), Ended> {
        match seen {
            Seen::Tick(sample) => {
                self.peak.see(&sample.usages);
                let available = sample.host_memory_available_bytes;
                self.gather.sample(*sample);
                self.refuse_to_use_the_last_memory(available)?;
            }
            Seen::Edge(which, edge) => {
                self.peak.see(&edge.usages);
                self.at_edges[which] = Some(edge);
            }
            Seen::Look(census) => {
                if let Some(census) = census {
                    self.gather.look(&census);
                }
                self.looked = true;
            }
        }
        Ok(())
    }

    /// By how much the kernel's memory for sockets has grown.
    pub(super) fn see_kernel(&mut self) {
        self.peak.see_kernel(growth(memory::socket_bytes().ok(), self.before.kernel_bytes));
    }

    fn note_limits(&mut self, times: u64) {
        let (watched, before) = (&self.watched, &self.before.usages);
        self.ramp.limits_hit(times, clock::now_ns(), || scarcity::scarce(watched, before));
    }

    /// A target that is given a limit refuses by that, and no reading of the kernel shows it.
    fn note_refused(&mut self, times: u64) {
        let Some(allowed) = self.job.plan.target_connections else { return self.note_limits(times) };
        let limit = Scarcity { what: Scarce::Connections, used: allowed, allowed };
        self.ramp.limits_hit(times, clock::now_ns(), || Some(limit));
    }

    /// Ends the step before the kernel has to end one of its processes, or another's.
    fn refuse_to_use_the_last_memory(&self, available_bytes: Option<u64>) -> Result<(), Ended> {
        match available_bytes.zip(limits::memory_allowed_bytes().ok()) {
            Some((available, total)) if scarcity::is_out_of_memory(available, total) => {
                let left = format!("{} of {} MiB are left", available >> 20, total >> 20);
                Err(self.without_memory(available_bytes, &left))
            }
            _ => Ok(()),
        }
    }

    fn without_memory(&self, available_bytes: Option<u64>, what: &str) -> Ended {
        let (connected, clients) = (self.gather.ever_connected(), self.job.clients);
        let allowed_bytes = limits::memory_allowed_bytes().unwrap_or_default();
        Ended::Exhausted {
            scarcity: scarcity::memory(available_bytes.unwrap_or_default(), allowed_bytes),
            reason: format!(
                "memory ran out: {what}, with {connected} of {clients} clients connected\nhint: fewer clients; \
                 --clients max takes as many as fit"
            ),
        }
    }
}

fn failed(member: Member, failure: &pushbench_control::Failure) -> Ended {
    let text = format!("{member}: {}", failure.message);
    match failure.blame {
        Blame::Environment => Ended::Environment(text),
        Blame::Program => Ended::Died(text),
    }
}
