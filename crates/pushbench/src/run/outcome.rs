//! From what a step left behind to its result: figures, findings, thresholds.

use pushbench_measure::results::{StepResult, Summary, ThresholdResult};
use pushbench_measure::rollup::{Cost, SocketPeaks, StepFacts, WorkerSums, summarize};
use pushbench_measure::verdict::{Level, Observed, judge};
use pushbench_measure::{Figure, Phase, PhaseEdges};
use pushbench_probe::process::Usage;
use pushbench_probe::sockets::SocketDiag;

use super::gather::{Gather, growth};
use super::job::Job;
use super::sampler::Usages;

/// Everything that is known when the processes have ended.
pub(crate) struct Evidence {
    pub(crate) edges: Option<PhaseEdges>,
    /// Whether the step was measured to its end.
    pub(crate) complete: bool,
    pub(crate) sums: WorkerSums,
    pub(crate) gather: Gather,
    /// Usage before the first client.
    pub(crate) before: Usages,
    /// Usage at the begin and the end of the measure phase.
    pub(crate) edge_usages: [Option<Usages>; 2],
    pub(crate) kernel_bytes: Option<u64>,
    pub(crate) listen_overflows: Option<u64>,
    pub(crate) sockets_left: Option<u64>,
}

/// The result of a step; `None` when it ended before its phases were known.
pub(crate) fn result_of(job: &Job<'_>, evidence: &Evidence) -> Option<StepResult> {
    let edges = evidence.edges?;
    let transport = job.transport();
    let gather = &evidence.gather;
    let slow_disconnects = gather.targets().iter().map(|target| target.slow_disconnects).sum();
    let mut summary = summarize(&StepFacts {
        label: &transport.label,
        kind: transport.settings.kind().name(),
        clients: job.clients,
        stepped: job.plan.steps.len() > 1,
        edges,
        targets: job.targets,
        sums: &evidence.sums,
        histograms: &gather.histograms,
        cost: cost(evidence),
        sockets: SocketPeaks {
            established: gather.peaks.established,
            time_wait: gather.peaks.time_wait,
            left: evidence.sockets_left,
        },
        slow_disconnects,
    });
    if !evidence.complete {
        forget_unclosed(&mut summary, gather.ever_connected());
    }
    let findings = if evidence.complete { judge(&observed(job, evidence, edges)) } else { Vec::new() };
    let thresholds = if evidence.complete { thresholds(job, &summary) } else { Vec::new() };
    let mut result = StepResult {
        complete: evidence.complete,
        summary,
        processes: (job.targets, job.workers),
        findings,
        thresholds,
    };
    let verdict = match (result.complete, result.level()) {
        (false, _) => "partial",
        (true, Level::Ok) => "valid",
        (true, Level::Warning) => "warning",
        (true, Level::Breach) => "invalid",
    };
    verdict.clone_into(&mut result.summary.verdict);
    Some(result)
}

/// A step that was cut short has no closed ledgers: what they would say is unknown, not zero.
fn forget_unclosed(summary: &mut Summary, ever_connected: u32) {
    let measured_so_far = Summary {
        label: std::mem::take(&mut summary.label),
        kind: std::mem::take(&mut summary.kind),
        step: summary.step,
        clients: summary.clients,
        connected: Some(ever_connected),
        latency_p50_us: summary.latency_p50_us,
        latency_p90_us: summary.latency_p90_us,
        latency_p99_us: summary.latency_p99_us,
        latency_p999_us: summary.latency_p999_us,
        latency_max_us: summary.latency_max_us,
        latency_mean_us: summary.latency_mean_us,
        uncorrected_p50_us: summary.uncorrected_p50_us,
        uncorrected_p99_us: summary.uncorrected_p99_us,
        slip_p50_us: summary.slip_p50_us,
        slip_p99_us: summary.slip_p99_us,
        connect_p50_us: summary.connect_p50_us,
        connect_p99_us: summary.connect_p99_us,
        sockets_established_peak: summary.sockets_established_peak,
        sockets_time_wait_peak: summary.sockets_time_wait_peak,
        ..Summary::default()
    };
    *summary = measured_so_far;
}

fn cost(evidence: &Evidence) -> Cost {
    let [Some(begin), Some(end)] = &evidence.edge_usages else {
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
    let quantile = |figure| gather.histograms.get(figure, Phase::Measure).and_then(|h| h.quantile(0.99));
    let [begin, end] = &evidence.edge_usages;
    let busy = |of: fn(&Usages) -> &[Option<Usage>]| {
        busiest(of(begin.as_ref()?), of(end.as_ref()?), edges.measure_seconds())
    };
    let tally = &evidence.sums.tally;
    let targets = gather.targets();
    let refused: u64 = targets.iter().map(|target| target.refused).sum();
    let rate = job.plan.events.rate;
    Observed {
        slip_p99_us: quantile(Figure::Slip).map(|us| us as f64),
        event_interval_us: (rate > 0.0).then(|| 1e6 / rate),
        worker_busy: busy(|usages| &usages.workers),
        target_busy: busy(|usages| &usages.targets),
        worker_timer_p99_us: quantile(Figure::TimerLate).map(|us| us as f64),
        worker_run_queue_us: gather.run_queue_peak_us.map(|us| us as f64),
        never_connected: tally.intended - tally.connected,
        may_fail: (job.plan.may_fail * f64::from(job.clients)) as u64,
        publishes_skipped: targets.iter().map(|target| target.publishes_skipped).sum(),
        listen_overflows: evidence.listen_overflows,
        lost: tally.lost,
        limits_hit: evidence.sums.edges[2].limits_hit + refused,
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

fn thresholds(job: &Job<'_>, summary: &Summary) -> Vec<ThresholdResult> {
    let of_this_label = job.plan.thresholds.iter().filter(|threshold| threshold.label == summary.label);
    of_this_label
        .map(|threshold| {
            let measured = summary.figure(&threshold.column);
            ThresholdResult {
                figure: threshold.figure.clone(),
                condition: threshold.condition.clone(),
                measured,
                met: measured.is_some_and(|value| threshold.comparison.holds(value, threshold.bound)),
            }
        })
        .collect()
}

/// Sockets of the run's ports in any state; `None` when the kernel does not tell.
pub(crate) fn sockets_left(ports: &[u16]) -> Option<u64> {
    let census = SocketDiag::open().ok()?.census(ports).ok()?;
    Some(u64::from(census.client.total()) + u64::from(census.target.total()))
}
