//! Puts together what all processes report of one second, in order of time.
//!
//! A second is over when every process and the kernel sampler have reported it or a later one; rows come out in order,
//! so one process that is held up delays rows and loses none. A second that some process never reported has no row,
//! because sums over the others would look like sums over all; its histograms are kept.

use pushbench_measure::results::{Interval, SocketStates};
use pushbench_measure::snapshot::{TargetSnapshot, WorkerSnapshot};
use pushbench_measure::statistics::Block;
use pushbench_measure::{Counters, Figure, Histogram, Histograms, Phase, PhaseEdges};
use pushbench_probe::process::Usage;
use pushbench_probe::sockets::{Census, States};
use pushbench_scenario::{Plan, Source};
use std::collections::{BTreeMap, VecDeque};

use super::sampler::{Sample, Usages};
use super::watch::Watch;

/// Reports of one interval. Histograms are added up as they come: those of a hundred processes, each by itself, would take
/// hundreds of megabytes while one process is late.
#[derive(Debug, Default)]
struct Pending {
    histograms: Histograms,
    workers: Vec<(usize, WorkerSnapshot)>,
    targets: Vec<(usize, TargetSnapshot)>,
    sample: Option<Sample>,
}

/// Who has reported how far.
#[derive(Debug)]
struct Newest {
    workers: Vec<u64>,
    targets: Vec<u64>,
    sampler: u64,
}

impl Newest {
    /// Whether nobody will report `tick_ns` any more: reports come in order.
    fn all_past(&self, tick_ns: u64) -> bool {
        let mut all = self.workers.iter().chain(&self.targets).chain(std::iter::once(&self.sampler));
        all.all(|newest_ns| *newest_ns >= tick_ns)
    }
}

/// One interval that is over.
#[derive(Debug)]
pub(crate) struct Row {
    /// Begin of the interval, nanoseconds of the clock.
    pub(crate) begin_ns: u64,
    /// Its end.
    pub(crate) end_ns: u64,
    /// What `intervals.csv` gets; nothing where a process did not report.
    pub(crate) interval: Option<Interval>,
    /// What `latency.hlog` gets.
    pub(crate) histograms: Histograms,
}

/// The most of what rows tell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Peaks {
    /// Sockets in any dump.
    pub(crate) established: Option<u64>,
    /// The same.
    pub(crate) time_wait: Option<u64>,
    /// Connections that the targets accepted in a second.
    pub(crate) accepted: u64,
    /// Bytes that waited in the targets for sockets.
    pub(crate) queued_bytes: u64,
}

/// What becomes of the delivery latencies of a second once its row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seconds {
    /// They are needed beside those of other rounds.
    Kept,
    /// They are in the sum, and nobody asks for them any more.
    Dropped,
}

/// What a target publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publishes {
    /// Every event of the step, to clients of its own.
    All,
    /// What its own clients send or ask for.
    ItsOwn,
}

impl Publishes {
    /// What a target of that plan publishes.
    pub(crate) fn of(plan: &Plan) -> Self {
        match plan.events.source {
            Source::Publisher => Self::All,
            Source::Answers(_) | Source::Members => Self::ItsOwn,
        }
    }
}

/// Collects the reports of a step.
#[derive(Debug)]
pub(crate) struct Gather {
    clients: u32,
    edges: Option<PhaseEdges>,
    pending: BTreeMap<u64, Pending>,
    /// Rows of the ramp that wait for their place in time.
    ramp: VecDeque<Row>,
    from_ns: u64,
    begin_ns: u64,
    /// Clients ready at least once, by the newest report of each worker, in a complete row or not.
    ever_connected: Vec<u32>,
    /// The tick of the newest report of each worker, each target and the sampler.
    newest_ns: Newest,
    /// The last report of each process, for differences; without its histograms.
    workers: Vec<WorkerSnapshot>,
    targets: Vec<TargetSnapshot>,
    usages: Usages,
    /// Sum of all rows.
    pub(crate) histograms: Histograms,
    pub(crate) peaks: Peaks,
    /// What the verdict is made from.
    pub(crate) watch: Watch,
    seconds: Seconds,
    publishes: Publishes,
    /// Delivery latency of what was due in the measure phase, a block for each second it was received in, if kept.
    blocks: Vec<Block>,
}

impl Gather {
    pub(crate) fn new(clients: u32, targets: usize, workers: usize, from_ns: u64, usages: Usages) -> Self {
        Self {
            clients,
            edges: None,
            pending: BTreeMap::new(),
            ramp: VecDeque::new(),
            from_ns,
            begin_ns: from_ns,
            ever_connected: vec![0; workers],
            newest_ns: Newest { workers: vec![0; workers], targets: vec![0; targets], sampler: 0 },
            workers: vec![WorkerSnapshot::default(); workers],
            targets: vec![TargetSnapshot::default(); targets],
            usages,
            histograms: Histograms::new(),
            peaks: Peaks::default(),
            watch: Watch::new(targets, workers),
            seconds: Seconds::Dropped,
            publishes: Publishes::All,
            blocks: Vec::new(),
        }
    }

    /// The same for targets that publish so.
    pub(crate) fn of(self, publishes: Publishes) -> Self {
        Self { publishes, ..self }
    }

    /// The same with or without the latencies of single seconds.
    pub(crate) fn keeping(self, seconds: Seconds) -> Self {
        Self { seconds, ..self }
    }

    pub(crate) fn begin(&mut self, edges: PhaseEdges) {
        self.edges = Some(edges);
    }

    pub(crate) fn worker(&mut self, worker: usize, mut snapshot: WorkerSnapshot) {
        self.ever_connected[worker] = snapshot.ever_connected;
        self.newest_ns.workers[worker] = snapshot.tick_ns;
        let histograms = std::mem::take(&mut snapshot.histograms);
        self.watch.worker(worker, &histograms);
        let pending = self.pending.entry(snapshot.tick_ns).or_default();
        pending.histograms.add(&histograms);
        pending.workers.push((worker, snapshot));
    }

    pub(crate) fn target(&mut self, target: usize, mut snapshot: TargetSnapshot) {
        self.newest_ns.targets[target] = snapshot.tick_ns;
        let histograms = std::mem::take(&mut snapshot.histograms);
        self.watch.target(target, &histograms);
        let pending = self.pending.entry(snapshot.tick_ns).or_default();
        pending.histograms.add(&histograms);
        pending.targets.push((target, snapshot));
    }

    pub(crate) fn sample(&mut self, sample: Sample) {
        let tick_ns = sample.tick_ns;
        self.newest_ns.sampler = tick_ns;
        self.pending.entry(tick_ns).or_default().sample = Some(sample);
    }

    /// Takes in sockets that were counted between two seconds.
    pub(crate) fn look(&mut self, census: &Census) {
        let time_wait = u64::from(census.client.time_wait) + u64::from(census.target.time_wait);
        self.peaks.time_wait = self.peaks.time_wait.max(Some(time_wait));
        self.peaks.established = self.peaks.established.max(Some(u64::from(census.client.established)));
    }

    /// Clients that have been ready at least once, over all workers.
    pub(crate) fn ever_connected(&self) -> u32 {
        self.ever_connected.iter().sum()
    }

    /// Whether the kernel was asked at that tick.
    pub(crate) fn is_sampled(&self, tick_ns: u64) -> bool {
        self.newest_ns.sampler >= tick_ns
    }

    /// The last reports of the targets.
    pub(crate) fn targets(&self) -> &[TargetSnapshot] {
        &self.targets
    }

    /// Delivery latency second by second, for intervals, as far as kept.
    pub(crate) fn take_blocks(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.blocks)
    }

    /// The next row, if its interval is complete. Rows of the ramp wait until it is known when the warm-up begins,
    /// because their place in time is counted from there; they wait as rows, since the reports of a hundred processes over
    /// minutes would take more memory than all else here.
    pub(crate) fn complete_row(&mut self) -> Option<Row> {
        if self.edges.is_none() {
            while let Some(row) = self.put_together_if_complete() {
                self.ramp.push_back(row);
            }
            return None;
        }
        self.next_of_ramp().or_else(|| self.put_together_if_complete())
    }

    /// The next row with what there is of it: for the end of a step, when nobody reports any more.
    pub(crate) fn next_row(&mut self) -> Option<Row> {
        self.next_of_ramp().or_else(|| self.put_together())
    }

    /// The next row that waited, at its place in time.
    fn next_of_ramp(&mut self) -> Option<Row> {
        let mut row = self.ramp.pop_front()?;
        let placed = self.interval(row.end_ns);
        if let Some(interval) = &mut row.interval {
            (interval.t_s, interval.phase) = (placed.t_s, placed.phase);
        }
        Some(row)
    }

    fn put_together_if_complete(&mut self) -> Option<Row> {
        let (tick_ns, _) = self.pending.first_key_value()?;
        if self.newest_ns.all_past(*tick_ns) { self.put_together() } else { None }
    }

    fn put_together(&mut self) -> Option<Row> {
        let (tick_ns, pending) = self.pending.pop_first()?;
        let everyone =
            pending.workers.len() == self.workers.len() && pending.targets.len() == self.targets.len();
        let mut interval = self.interval(tick_ns);
        let histograms = pending.histograms;
        self.add_workers(&mut interval, pending.workers);
        self.add_targets(&mut interval, pending.targets);
        if let Some(sample) = pending.sample {
            self.add_sample(&mut interval, sample);
        }
        fill_percentiles(&mut interval, &histograms);
        self.histograms.add(&histograms);
        if self.seconds == Seconds::Kept {
            self.blocks.extend(histograms.get(Figure::Delivery, Phase::Measure).map(Block::of));
        }
        self.watch.second(self.edges, tick_ns, &interval);
        let begin_ns = std::mem::replace(&mut self.begin_ns, tick_ns);
        Some(Row { begin_ns, end_ns: tick_ns, interval: everyone.then_some(interval), histograms })
    }

    /// A row with its place in time.
    fn interval(&self, tick_ns: u64) -> Interval {
        let (t_s, phase) = match self.edges {
            // The phase an interval lies in is that of the instant just before its end.
            Some(edges) => {
                ((tick_ns as f64 - edges.start_ns as f64) / 1e9, edges.phase_at(tick_ns.saturating_sub(1)))
            }
            // A step that ended in its ramp: counted from where the ramp began.
            None => ((tick_ns as f64 - self.from_ns as f64) / 1e9, Phase::Ramp),
        };
        Interval { step: self.clients, t_s, phase: phase.name().to_owned(), ..Interval::default() }
    }

    fn add_workers(&mut self, interval: &mut Interval, reports: Vec<(usize, WorkerSnapshot)>) {
        let mut before = Counters::default();
        let mut after = Counters::default();
        for (worker, report) in reports {
            before.add(&self.workers[worker].counters);
            after.add(&report.counters);
            interval.connected += u64::from(report.connected);
            self.workers[worker] = report;
        }
        let since = after.since(&before);
        interval.delivered = since.events;
        interval.stream_down_bytes = since.down.total();
        interval.stream_up_bytes = since.up.total();
        interval.requests = since.requests;
        interval.empty_replies = since.empty_replies;
        interval.opened = since.opened;
        interval.closed = since.closed;
        interval.errors = since.errors();
    }

    fn add_targets(&mut self, interval: &mut Interval, reports: Vec<(usize, TargetSnapshot)>) {
        for (target, report) in reports {
            // Where every target publishes every event, one of them tells how many there were.
            if target == 0 || self.publishes == Publishes::ItsOwn {
                interval.published += report.published.saturating_sub(self.targets[target].published);
            }
            interval.accepted += report.accepted.saturating_sub(self.targets[target].accepted);
            interval.target_queued_bytes += report.queued_bytes;
            self.targets[target] = report;
        }
        // Those of the ramp are the scenario's own doing.
        if interval.phase().is_some_and(|phase| phase >= Phase::Measure) {
            self.peaks.accepted = self.peaks.accepted.max(interval.accepted);
        }
        self.peaks.queued_bytes = self.peaks.queued_bytes.max(interval.target_queued_bytes);
    }

    fn add_sample(&mut self, interval: &mut Interval, sample: Sample) {
        if let Some(census) = sample.census {
            interval.set_sockets(&states(&census.client), &states(&census.target));
            self.look(&census);
        }
        interval.host_sockets_peak = sample.host_sockets_peak;
        interval.host_time_wait_peak = sample.host_time_wait_peak;
        interval.host_tcp_memory_bytes = sample.host_tcp_memory_bytes;
        let now = &sample.usages;
        interval.target_cpu_us = growth(&now.targets, &self.usages.targets, |usage| usage.cpu_ns / 1_000);
        interval.worker_cpu_us = growth(&now.workers, &self.usages.workers, |usage| usage.cpu_ns / 1_000);
        interval.target_rss_bytes = total(&now.targets, |usage| usage.rss_bytes);
        interval.worker_rss_bytes = total(&now.workers, |usage| usage.rss_bytes);
        interval.worker_run_queue_us = longest_wait_us(&now.workers, &self.usages.workers);
        self.usages = sample.usages;
    }
}

fn fill_percentiles(interval: &mut Interval, histograms: &Histograms) {
    let of = |figure| histograms.all_phases(figure);
    let delivery = of(Figure::Delivery);
    interval.latency_p50_us = delivery.printable_quantile(0.5);
    interval.latency_p90_us = delivery.printable_quantile(0.9);
    interval.latency_p99_us = delivery.printable_quantile(0.99);
    interval.latency_max_us = delivery.max();
    interval.uncorrected_p99_us = of(Figure::Uncorrected).printable_quantile(0.99);
    interval.slip_p99_us = of(Figure::Slip).quantile(0.99);
    interval.timer_late_p99_us = Histogram::quantile(&of(Figure::TimerLate), 0.99);
}

fn states(states: &States) -> SocketStates {
    SocketStates {
        established: states.established,
        opening: states.opening,
        closing: states.closing,
        close_wait: states.close_wait,
        time_wait: states.time_wait,
    }
}

/// Sum over processes; `None` when any of them was not read.
pub(crate) fn total(usages: &[Option<Usage>], of: impl Fn(&Usage) -> u64) -> Option<u64> {
    usages.iter().map(|usage| usage.as_ref().map(&of)).sum()
}

/// How much the sum over processes grew; `None` when any of them was not read.
pub(crate) fn growth(
    now: &[Option<Usage>],
    before: &[Option<Usage>],
    of: impl Fn(&Usage) -> u64,
) -> Option<u64> {
    Some(total(now, &of)?.saturating_sub(total(before, &of)?))
}

/// The mean wait of a process for a CPU per turn, of the process that waited longest.
fn longest_wait_us(now: &[Option<Usage>], before: &[Option<Usage>]) -> Option<u64> {
    let waits = now.iter().zip(before).map(|(now, before)| {
        let (now, before) = (now.as_ref()?, before.as_ref()?);
        let wait_ns = now.run_queue_wait_ns.saturating_sub(before.run_queue_wait_ns);
        Some(wait_ns / now.turns.saturating_sub(before.turns).max(1) / 1_000)
    });
    waits.collect::<Option<Vec<u64>>>()?.into_iter().max()
}

#[cfg(test)]
mod tests;
