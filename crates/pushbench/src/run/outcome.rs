//! From what one round of a step left behind to its result: facts, figures, findings.

use pushbench_measure::results::{ResourceRecord, Resources, RoundResult, WireRecord};
use pushbench_measure::rollup::{
    Cost, Origin, Planned, RoundCost, SocketPeaks, StepFacts, WorkerSums, summarize,
};
use pushbench_measure::statistics::Round;
use pushbench_measure::verdict::{Course, Level, Listeners, Observed, Scarcity, exhausted, judge};
use pushbench_measure::wire::{WireFacts, WireLog, idle_cpu_from_ns};
use pushbench_measure::{Figure, Histogram, Phase, PhaseEdges};
use pushbench_probe::process::Usage;
use pushbench_scenario::{Coalesce, Network, Plan, Source};
use pushbench_transport::settings::TransportSettings as _;

use super::gather::{Gather, growth};
use super::job::Job;
use super::placement::Placement;
use super::sampler::{AtEdge, EDGES, Usages};
use super::topology::{Counter, Topology};

/// Everything that is known when the processes of a round have ended.
pub(crate) struct Evidence {
    pub(crate) edges: Option<PhaseEdges>,
    /// Whether the step was measured to its end.
    pub(crate) complete: bool,
    pub(crate) sums: WorkerSums,
    pub(crate) gather: Gather,
    /// Usage before the first client.
    pub(crate) before: Usages,
    /// Usage at the begin and the end of the measure phase and of the idle time.
    pub(crate) at_edges: [Option<AtEdge>; EDGES],
    pub(crate) kernel_bytes: Option<u64>,
    pub(crate) listen_overflows: Option<u64>,
    /// What ran out, if something did and it is known.
    pub(crate) scarcity: Option<Scarcity>,
    /// What ended the step before its time by running out.
    pub(crate) exhausted: Option<Scarcity>,
    /// When the step ended.
    pub(crate) ended_ns: u64,
    /// What was used of the machine.
    pub(crate) used: Resources,
    pub(crate) sockets_left: Option<u64>,
    /// Ports that the targets listened on.
    pub(crate) ports: Vec<u16>,
}

/// What a round came to.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) result: RoundResult,
    /// What adds up with other rounds.
    pub(crate) facts: StepFacts,
    /// Its delivery latencies second by second; none where there is no other round to hold them against.
    pub(crate) blocks: Round,
}

/// The result of a round; `None` when it ended before its phases were known, unless because something ran out: then the
/// ramp is what was measured.
pub(crate) fn measured(job: &Job<'_>, mut evidence: Evidence) -> Option<Measured> {
    let only_ramp = |at| PhaseEdges { start_ns: at, measure_ns: at, drain_ns: at, end_ns: at };
    let edges = evidence.edges.or(evidence.exhausted.map(|_| only_ramp(evidence.ended_ns)))?;
    let wire = wire_facts(job, &evidence, edges);
    let findings = match evidence.exhausted {
        Some(scarcity) => exhausted(scarcity),
        None if evidence.complete => judge(&observed(job, &evidence, edges, wire.as_ref())),
        None => Vec::new(),
    };
    let blocks = Round(evidence.gather.take_blocks());
    let ever_connected = evidence.gather.ever_connected();
    let complete = evidence.complete;
    let ports = std::mem::take(&mut evidence.ports);
    let resources = job.predicted.map(|predicted| ResourceRecord { predicted, used: evidence.used });
    let facts = facts(job, evidence, edges, wire.as_ref());
    let latencies = facts.histograms.get(Figure::Delivery, Phase::Measure).map_or(0, Histogram::count);
    let mut summary = summarize(&facts);
    if !complete {
        summary = summary.of_unclosed_ledgers(ever_connected);
    }
    let level = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    word(complete, level).clone_into(&mut summary.verdict);
    let result = RoundResult {
        round: job.round,
        complete,
        summary,
        latencies: Some(latencies),
        findings,
        ports,
        wire: wire.as_ref().map(WireRecord::from),
        resources,
    };
    Some(Measured { result, facts, blocks })
}

/// The verdict in a word.
pub(crate) fn word(complete: bool, level: Level) -> &'static str {
    match (complete, level) {
        (_, Level::Breach) => "invalid",
        (false, _) => "partial",
        (true, Level::Ok) => "valid",
        (true, Level::Warning) => "warning",
    }
}

fn facts(job: &Job<'_>, evidence: Evidence, edges: PhaseEdges, wire: Option<&WireFacts>) -> StepFacts {
    let plan = job.plan;
    let transport = &plan.transports[job.transport];
    let idle = wire.and_then(|wire| wire.idle);
    let mut cost = cost(&evidence);
    if idle.is_none() {
        (cost.idle_target_cpu_us, cost.idle_worker_cpu_us) = (None, None);
    }
    let Evidence { sums, gather, sockets_left, .. } = evidence;
    StepFacts {
        label: transport.label.clone(),
        kind: transport.settings.kind().name().to_owned(),
        clients: job.clients,
        stepped: plan.steps.len() > 1,
        measure_s: edges.measure_seconds(),
        targets: job.targets,
        planned: planned(plan),
        connected: sums.tally.connected,
        costs: vec![RoundCost {
            cost,
            events: sums.measured().events,
            connected: sums.tally.connected,
            measure_s: edges.measure_seconds(),
            idle_s: idle.map_or(0.0, |_| idle_cpu_seconds(&edges, job.clients)),
        }],
        wire: wire.copied(),
        sockets: SocketPeaks {
            established: gather.peaks.established,
            time_wait: gather.peaks.time_wait,
            left: sockets_left,
        },
        slow_disconnects: gather.targets().iter().map(|target| target.slow_disconnects).sum(),
        coalesced: (plan.slow.is_some() || plan.coalesce != Coalesce::Off)
            .then(|| gather.targets().iter().map(|target| target.coalesced).sum()),
        slow_skipped: plan.slow.map(|_| gather.targets().iter().map(|target| target.slow_skipped).sum()),
        target_queued_peak_bytes: plan.slow.map(|_| gather.peaks.queued_bytes),
        accepts_per_second_peak: (plan.has_lives() || plan.life.drops()).then_some(gather.peaks.accepted),
        point: plan.point.name.clone(),
        sums,
        histograms: gather.histograms,
    }
}

/// What happens by plan.
fn planned(plan: &Plan) -> Planned {
    Planned {
        origin: match plan.events.source {
            Source::Publisher => Origin::Publisher,
            Source::Answers(_) => Origin::Asks,
            Source::Members => Origin::Members,
        },
        leaves: plan.has_lives(),
        drops: plan.life.drops(),
    }
}

/// What is moved by plan. Lifetimes move nothing: clients come and go all the time, a few at once.
fn course(plan: &Plan) -> Course {
    if plan.life.drops() || !plan.presence.is_flat() {
        Course::Clients
    } else if !plan.events.shape.is_flat() {
        Course::Rate
    } else {
        Course::Level
    }
}

/// How long the CPU time of idle connections is counted.
fn idle_cpu_seconds(edges: &PhaseEdges, clients: u32) -> f64 {
    (edges.end_ns - idle_cpu_from_ns(edges, clients as usize)) as f64 / 1e9
}

/// What the sockets carried; `None` when a process did not tell, as in a step that was cut short.
fn wire_facts(job: &Job<'_>, evidence: &Evidence, edges: PhaseEdges) -> Option<WireFacts> {
    let mut targets = WireLog::default();
    for target in evidence.gather.targets() {
        targets.add(target.wire.as_deref().unwrap_or(&WireLog::default()));
    }
    let targets = targets.is_whole(job.targets).then_some(&targets);
    let idle_period_ns = match job.plan.events.answers() {
        // Answers may go on to the end of the drain: there is no time in which nothing is published.
        Some(_) => u64::MAX,
        None => job.transport().settings.idle_period().as_nanos() as u64,
    };
    WireFacts::of(&edges, job.workers, &evidence.sums, targets, idle_period_ns)
}

fn cost(evidence: &Evidence) -> Cost {
    let [Some(AtEdge { usages: begin, .. }), Some(AtEdge { usages: end, .. }), idle_edges @ ..] =
        &evidence.at_edges
    else {
        return Cost { kernel_bytes: evidence.kernel_bytes.map(|bytes| bytes as f64), ..Cost::default() };
    };
    let idle = |of: fn(&Usages) -> &[Option<Usage>]| {
        let [begin, end] = idle_edges.each_ref().map(|edge| edge.as_ref().map(|edge| of(&edge.usages)));
        growth(end?, begin?, cpu_us).map(|us| us as f64)
    };
    let before = &evidence.before;
    let rss = |usage: &Usage| usage.rss_bytes;
    Cost {
        target_cpu_us: growth(&end.targets, &begin.targets, cpu_us).map(|us| us as f64),
        worker_cpu_us: growth(&end.workers, &begin.workers, cpu_us).map(|us| us as f64),
        idle_target_cpu_us: idle(|usages| &usages.targets),
        idle_worker_cpu_us: idle(|usages| &usages.workers),
        target_bytes: growth(&end.targets, &before.targets, rss).map(|bytes| bytes as f64),
        worker_bytes: growth(&end.workers, &before.workers, rss).map(|bytes| bytes as f64),
        kernel_bytes: evidence.kernel_bytes.map(|bytes| bytes as f64),
    }
}

/// CPU time of the coordinator itself within the measure phase.
fn coordinator_cpu_us(evidence: &Evidence) -> Option<f64> {
    let [begin, end, ..] =
        evidence.at_edges.each_ref().map(|edge| edge.as_ref()?.usages.coordinator.as_ref());
    Some(cpu_us(end?).saturating_sub(cpu_us(begin?)) as f64)
}

/// How much of the CPUs that both sides have in common they used, with the coordinator, which has no others either: of the time
/// that other programs left them. `there_were_s` is all of it.
fn cpu_shared(evidence: &Evidence, there_were_s: f64) -> Option<f64> {
    let spent = cost(evidence);
    let used_us = spent.target_cpu_us? + spent.worker_cpu_us? + coordinator_cpu_us(evidence).unwrap_or(0.0);
    let used = used_us / 1e6 / there_were_s;
    let [begin, end, ..] = evidence.at_edges.each_ref().map(|edge| edge.as_ref()?.shared);
    Some(match end.zip(begin).and_then(|(end, begin)| end.idle_share_since(&begin)) {
        Some(idle) if used + idle > 0.0 => used / (used + idle),
        _ => used,
    })
}

fn cpu_us(usage: &Usage) -> u64 {
    usage.cpu_ns / 1_000
}

fn observed(job: &Job<'_>, evidence: &Evidence, edges: PhaseEdges, wire: Option<&WireFacts>) -> Observed {
    let gather = &evidence.gather;
    let [begin, end, ..] = &evidence.at_edges;
    let busy = |of: fn(&Usages) -> &[Option<Usage>]| {
        busiest(of(&begin.as_ref()?.usages), of(&end.as_ref()?.usages), edges.measure_seconds())
    };
    let host = |edge: &Option<AtEdge>| edge.as_ref().and_then(|edge| edge.host);
    let steal = host(end).zip(host(begin)).and_then(|(end, begin)| end.steal_share_since(&begin));
    let tally = &evidence.sums.tally;
    let targets = gather.targets();
    let refused: u64 = targets.iter().map(|target| target.refused).sum();
    let nobody_is_slow = job.plan.slow.is_none_or(|slow| slow.count(job.clients) == 0);
    let rate = job.plan.events_of(job.clients).per_second();
    Observed {
        slip: gather.watch.slip(),
        send_slip: gather.watch.send_slip(),
        event_interval_us: (rate > 0.0).then(|| 1e6 / rate),
        worker_busy: busy(|usages| &usages.workers),
        target_busy: busy(|usages| &usages.targets),
        cpu_shared: Placement::shared()
            .and_then(|cpus| cpu_shared(evidence, edges.measure_seconds() * cpus.len() as f64)),
        worker_timer: gather.watch.timers_late(),
        worker_run_queue_us: gather.watch.run_queue_peak_us.map(|us| us as f64),
        host_steal: steal,
        never_connected: tally.intended - tally.connected,
        may_fail: job.plan.may_fail_clients(job.clients),
        publishes_skipped: targets.iter().map(|target| target.publishes_skipped).sum::<u64>()
            + evidence.sums.fates.messages.unsent
            + evidence.sums.fates.answers.unsent,
        listen_overflows: evidence.listen_overflows,
        listeners: match job.plan.network {
            Network::Loopback => Listeners::OfTheHost,
            Network::Veth => Listeners::OfTheTargets,
        },
        course: course(job.plan),
        lost: tally.lost,
        cut_off: nobody_is_slow.then(|| targets.iter().map(|target| target.slow_disconnects).sum()),
        limits_hit: evidence.sums.edges[2].limits_hit + refused,
        scarcity: evidence.scarcity,
        // What waits in the send buffer of a connection that ends is read by one end and in no account of the other.
        wire_disagreement: wire.filter(|_| nobody_is_slow).and_then(WireFacts::disagreement),
        steadiness: gather.watch.steadiness(),
    }
}

/// Busy share of the busiest of the processes; `None` when any was not read.
fn busiest(begin: &[Option<Usage>], end: &[Option<Usage>], seconds: f64) -> Option<f64> {
    let shares = begin.iter().zip(end).map(|(begin, end)| {
        let (begin, end) = (begin.as_ref()?, end.as_ref()?);
        let busy_ns = end.cpu_ns.saturating_sub(begin.cpu_ns) as f64;
        let waited_ns = end.run_queue_wait_ns.saturating_sub(begin.run_queue_wait_ns) as f64;
        // While others have its CPU a process can do no more than wait: that is not its leisure.
        let had_ns = (seconds * 1e9 - waited_ns).max(busy_ns);
        Some(if had_ns > 0.0 { busy_ns / had_ns } else { 0.0 })
    });
    shares.collect::<Option<Vec<f64>>>()?.into_iter().reduce(f64::max)
}

/// Sockets of the run's ports in any state; `None` when the kernel does not tell.
pub(crate) fn sockets_left(topology: &Topology, ports: &[u16]) -> Option<u64> {
    let census = Counter::open(topology).ok()?.census(ports).ok()?;
    Some(u64::from(census.client.total()) + u64::from(census.target.total()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::Overrides;

    fn plan(tables: &str) -> Plan {
        let head = "name = \"x\"\n[phases]\nmeasure = \"10s\"\n[[transports]]\nkind = \"sse\"\n";
        pushbench_scenario::parse(&format!("{head}{tables}"), "x.toml", &Overrides::default()).unwrap()
    }

    #[test]
    fn what_a_plan_moves_is_known_before() {
        let events = |more: &str| format!("[events]\npattern = \"broadcast\"\nrate = \"5/s\"\n{more}");
        let clients = |more: &str| format!("[clients]\ncount = 10\n{more}");
        let shape = "shape = [{ spike = \"50%\", for = \"1s\" }]\n";
        let table = [
            (clients("") + &events(""), Course::Level),
            (clients("") + &events(shape), Course::Rate),
            (clients(shape) + &events(""), Course::Clients),
            (clients("") + &events("[life]\nlifetime = { mean = \"5s\" }\n"), Course::Level),
            (clients("") + &events("[life]\nstorm = { at = \"5s\", share = \"50%\" }\n"), Course::Clients),
        ];
        for (tables, moved) in table {
            assert_eq!(course(&plan(&tables)), moved, "{tables}");
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "readings of processes that are gone are none")]
    fn usage(cpu_ns: u64, rss_bytes: u64) -> Option<Usage> {
        let (private_bytes, open_files) = (0, None);
        Some(Usage { cpu_ns, rss_bytes, private_bytes, open_files, run_queue_wait_ns: 0, turns: 0 })
    }

    #[test]
    fn the_busiest_process_counts_and_one_that_is_gone_makes_it_unknown() {
        let used = |cpu_ns| usage(cpu_ns, 0);
        let begin = [used(100), used(500_000_000)];
        assert_eq!(busiest(&begin, &[used(100), used(1_500_000_000)], 2.0), Some(0.5));
        assert_eq!(busiest(&begin, &[used(200), None], 2.0), None);
    }

    #[test]
    fn a_process_is_as_busy_as_those_who_had_its_cpu_let_it_be() {
        let used =
            |cpu_ns, run_queue_wait_ns| usage(cpu_ns, 0).map(|usage| Usage { run_queue_wait_ns, ..usage });
        let (begin, all) = ([used(0, 0)], 1_000_000_000);
        assert_eq!(busiest(&begin, &[used(all / 4, all / 2)], 1.0), Some(0.5));
        assert_eq!(busiest(&begin, &[used(all / 4, 3 * (all / 4))], 1.0), Some(1.0));
        assert_eq!(
            busiest(&begin, &[used(all / 4, 2 * all)], 1.0),
            Some(1.0),
            "several threads wait at once"
        );
        assert_eq!(busiest(&begin, &[used(0, all)], 1.0), Some(0.0));
    }

    #[test]
    fn cpu_is_that_of_the_measure_phase_and_memory_is_what_grew_since_before_the_clients() {
        let usages = |cpu_us: u64, rss_bytes| {
            let used = |factor| usage(factor * cpu_us * 1_000, rss_bytes);
            Usages { targets: vec![used(1), used(1)], workers: vec![used(10)], coordinator: None }
        };
        let edge =
            |cpu_us, rss_bytes| Some(AtEdge { usages: usages(cpu_us, rss_bytes), host: None, shared: None });
        let before = usages(100, 1_000);
        let mut evidence = Evidence {
            edges: None,
            complete: true,
            sums: WorkerSums::default(),
            gather: Gather::new(1, 2, 1, 0, before.clone()),
            before,
            at_edges: [edge(300, 2_000), edge(700, 5_000), edge(720, 5_000), edge(750, 5_000)],
            kernel_bytes: Some(9),
            listen_overflows: None,
            scarcity: None,
            exhausted: None,
            ended_ns: 0,
            used: Resources::default(),
            ports: Vec::new(),
            sockets_left: None,
        };
        let spent = Cost {
            target_cpu_us: Some(2.0 * 400.0),
            worker_cpu_us: Some(4_000.0),
            idle_target_cpu_us: Some(2.0 * 30.0),
            idle_worker_cpu_us: Some(300.0),
            target_bytes: Some(2.0 * 4_000.0),
            worker_bytes: Some(4_000.0),
            kernel_bytes: Some(9.0),
        };
        assert_eq!(cost(&evidence), spent);
        evidence.at_edges[1] = None;
        assert_eq!(cost(&evidence), Cost { kernel_bytes: Some(9.0), ..Cost::default() }, "unknown, not zero");
    }
}
