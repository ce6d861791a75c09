//! From what one round of a step left behind to its result: facts, figures, findings.

use pushbench_measure::PhaseEdges;
use pushbench_measure::results::RoundResult;
use pushbench_measure::rollup::{Cost, RoundCost, SocketPeaks, StepFacts, WorkerSums, summarize};
use pushbench_measure::statistics::Round;
use pushbench_measure::verdict::{Level, Observed, judge};
use pushbench_probe::process::Usage;
use pushbench_probe::sockets::SocketDiag;

use super::gather::{Gather, growth};
use super::job::Job;
use super::sampler::{AtEdge, Usages};

/// Everything that is known when the processes of a round have ended.
pub(crate) struct Evidence {
    pub(crate) edges: Option<PhaseEdges>,
    /// Whether the step was measured to its end.
    pub(crate) complete: bool,
    pub(crate) sums: WorkerSums,
    pub(crate) gather: Gather,
    /// Usage before the first client.
    pub(crate) before: Usages,
    /// Usage at the begin and the end of the measure phase.
    pub(crate) at_edges: [Option<AtEdge>; 2],
    pub(crate) kernel_bytes: Option<u64>,
    pub(crate) listen_overflows: Option<u64>,
    pub(crate) sockets_left: Option<u64>,
    /// Ports that the targets listened on.
    pub(crate) ports: Vec<u16>,
}

/// What a round came to.
#[derive(Debug)]
pub(crate) struct Measured<'a> {
    pub(crate) result: RoundResult,
    /// What adds up with other rounds.
    pub(crate) facts: StepFacts<'a>,
    /// Its delivery latencies second by second.
    pub(crate) blocks: Round,
}

/// The result of a round; `None` when it ended before its phases were known.
pub(crate) fn measured<'a>(job: &Job<'a>, mut evidence: Evidence) -> Option<Measured<'a>> {
    let edges = evidence.edges?;
    let findings = if evidence.complete { judge(&observed(job, &evidence, edges)) } else { Vec::new() };
    let blocks = Round(evidence.gather.take_blocks());
    let ever_connected = evidence.gather.ever_connected();
    let complete = evidence.complete;
    let ports = std::mem::take(&mut evidence.ports);
    let facts = facts(job, evidence, edges);
    let mut summary = summarize(&facts);
    if !complete {
        summary = summary.of_unclosed_ledgers(ever_connected);
    }
    let level = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    word(complete, level).clone_into(&mut summary.verdict);
    let result = RoundResult { round: job.round, complete, summary, findings, ports };
    Some(Measured { result, facts, blocks })
}

/// The verdict in a word.
pub(crate) fn word(complete: bool, level: Level) -> &'static str {
    match (complete, level) {
        (false, _) => "partial",
        (true, Level::Ok) => "valid",
        (true, Level::Warning) => "warning",
        (true, Level::Breach) => "invalid",
    }
}

fn facts<'a>(job: &Job<'a>, evidence: Evidence, edges: PhaseEdges) -> StepFacts<'a> {
    let plan = job.plan;
    let transport = &plan.transports[job.transport];
    let cost = cost(&evidence);
    let Evidence { sums, gather, sockets_left, .. } = evidence;
    StepFacts {
        label: &transport.label,
        kind: transport.settings.kind().name(),
        clients: job.clients,
        stepped: plan.steps.len() > 1,
        measure_s: edges.measure_seconds(),
        targets: job.targets,
        connected: sums.tally.connected,
        costs: vec![RoundCost {
            cost,
            events: sums.measured().events,
            connected: sums.tally.connected,
            measure_s: edges.measure_seconds(),
        }],
        sockets: SocketPeaks {
            established: gather.peaks.established,
            time_wait: gather.peaks.time_wait,
            left: sockets_left,
        },
        slow_disconnects: gather.targets().iter().map(|target| target.slow_disconnects).sum(),
        sums,
        histograms: gather.histograms,
    }
}

fn cost(evidence: &Evidence) -> Cost {
    let [Some(AtEdge { usages: begin, .. }), Some(AtEdge { usages: end, .. })] = &evidence.at_edges else {
        return Cost { kernel_bytes: evidence.kernel_bytes.map(|bytes| bytes as f64), ..Cost::default() };
    };
    let before = &evidence.before;
    let cpu_us = |usage: &Usage| usage.cpu_ns / 1_000;
    let rss = |usage: &Usage| usage.rss_bytes;
    Cost {
        target_cpu_us: growth(&end.targets, &begin.targets, cpu_us).map(|us| us as f64),
        worker_cpu_us: growth(&end.workers, &begin.workers, cpu_us).map(|us| us as f64),
        target_bytes: growth(&end.targets, &before.targets, rss).map(|bytes| bytes as f64),
        worker_bytes: growth(&end.workers, &before.workers, rss).map(|bytes| bytes as f64),
        kernel_bytes: evidence.kernel_bytes.map(|bytes| bytes as f64),
    }
}

fn observed(job: &Job<'_>, evidence: &Evidence, edges: PhaseEdges) -> Observed {
    let gather = &evidence.gather;
    let [begin, end] = &evidence.at_edges;
    let busy = |of: fn(&Usages) -> &[Option<Usage>]| {
        busiest(of(&begin.as_ref()?.usages), of(&end.as_ref()?.usages), edges.measure_seconds())
    };
    let host = |edge: &Option<AtEdge>| edge.as_ref().and_then(|edge| edge.host);
    let steal = host(end).zip(host(begin)).and_then(|(end, begin)| end.steal_share_since(&begin));
    let tally = &evidence.sums.tally;
    let targets = gather.targets();
    let refused: u64 = targets.iter().map(|target| target.refused).sum();
    let rate = job.plan.events.rate;
    Observed {
        slip_p99_us: gather.watch.slip_p99_us().map(|us| us as f64),
        event_interval_us: (rate > 0.0).then(|| 1e6 / rate),
        worker_busy: busy(|usages| &usages.workers),
        target_busy: busy(|usages| &usages.targets),
        worker_timer_p99_us: gather.watch.timer_late_p99_us().map(|us| us as f64),
        worker_run_queue_us: gather.watch.run_queue_peak_us.map(|us| us as f64),
        host_steal: steal,
        never_connected: tally.intended - tally.connected,
        may_fail: job.plan.may_fail_clients(job.clients),
        publishes_skipped: targets.iter().map(|target| target.publishes_skipped).sum(),
        listen_overflows: evidence.listen_overflows,
        lost: tally.lost,
        limits_hit: evidence.sums.edges[2].limits_hit + refused,
        steadiness: gather.watch.steadiness(),
    }
}

/// Busy share of the busiest of the processes, each one thread; `None` when any was not read.
fn busiest(begin: &[Option<Usage>], end: &[Option<Usage>], seconds: f64) -> Option<f64> {
    let shares = begin.iter().zip(end).map(|(begin, end)| {
        let busy_ns = end.as_ref()?.cpu_ns.saturating_sub(begin.as_ref()?.cpu_ns);
        Some(busy_ns as f64 / 1e9 / seconds)
    });
    shares.collect::<Option<Vec<f64>>>()?.into_iter().reduce(f64::max)
}

/// Sockets of the run's ports in any state; `None` when the kernel does not tell.
pub(crate) fn sockets_left(ports: &[u16]) -> Option<u64> {
    let census = SocketDiag::open().ok()?.census(ports).ok()?;
    Some(u64::from(census.client.total()) + u64::from(census.target.total()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_process_counts_and_one_that_is_gone_makes_it_unknown() {
        let used = |cpu_ns| Some(Usage { cpu_ns, rss_bytes: 0, run_queue_wait_ns: 0, turns: 0 });
        let begin = [used(100), used(500_000_000)];
        assert_eq!(busiest(&begin, &[used(100), used(1_500_000_000)], 2.0), Some(0.5));
        assert_eq!(busiest(&begin, &[used(200), None], 2.0), None);
    }
}
