//! The coordinator: from scenario files to result folders, charts and the table.

mod allowance;
mod alone;
mod fleet;
mod folder;
mod gather;
mod job;
mod outcome;
mod placement;
mod progress;
mod ramp;
mod resources;
mod rounds;
mod sampler;
mod scarcity;
mod step;
mod topology;
mod watch;

use pushbench_measure::results::{
    Calibration, FORMAT, Host, Run, ScenarioRecord, Status, TransportRecord, names,
};
use pushbench_measure::verdict::Level;
use pushbench_probe::{clock, host, limits};
use pushbench_report::RunFolder as Finished;
use pushbench_scenario::needs::{Needs, StepNeeds};
use pushbench_scenario::plan::{Comparison, Plan};
use pushbench_scenario::schedule::order_of_round;
use pushbench_scenario::{Coalesce, Network};
use pushbench_transport::settings::TransportSettings as _;
use std::path::{Path, PathBuf};
use tokio::task::LocalSet;

pub(crate) use self::alone::{Alone, alone};
use self::folder::RunFolder;
pub(crate) use self::folder::{make_unique, replace};
pub(crate) use self::job::Job;
pub(crate) use self::placement::Placement;
pub(crate) use self::progress::Loudness;
use self::progress::Progress;
use self::rounds::Rounds;
pub(crate) use self::step::Ended;
use self::topology::Topology;
pub(crate) use self::topology::lacking_privileges;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::terminal;

/// What `run` was asked to do with its scenarios.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) out: PathBuf,
    pub(crate) json: bool,
    pub(crate) loudness: Loudness,
    /// What this machine costs at least, if that is known.
    pub(crate) calibration: Option<Calibration>,
}

/// Runs scenarios one after the other. All of them are checked before the first begins.
pub(crate) fn run(plans: &[(Plan, Needs)], options: &Options) -> Result<Exit, Failure> {
    // Processes that are started inherit it; where it cannot be raised the needs were counted with what there is.
    let _ = limits::raise_open_files();
    let program = std::env::current_exe().map_err(Failure::environment)?;
    if let Some((plan, _)) = plans.iter().find(|(plan, _)| plan.network != Network::Loopback) {
        // Made once and left at once: whether it can be had is known before there is a folder of results.
        Topology::make(plan.network, 1).map_err(Failure::environment)?;
    }
    let runtime = crate::roles::single_threaded()?;
    LocalSet::new().block_on(&runtime, async {
        let mut interrupt = Interrupt::listen().map_err(Failure::environment)?;
        let mut worst = Exit::Ok;
        for (plan, needs) in plans {
            let exit = run_plan(plan, needs, &program, options, &mut interrupt).await?;
            worst = worst.worse(exit);
            if exit == Exit::Interrupted {
                break;
            }
        }
        Ok(worst)
    })
}

async fn run_plan(
    plan: &Plan,
    needs: &Needs,
    program: &Path,
    options: &Options,
    interrupt: &mut Interrupt,
) -> Result<Exit, Failure> {
    let manifest = Run { calibration: options.calibration.clone(), ..manifest(plan) };
    let mut folder = RunFolder::create(&options.out, manifest, clock::now_ns()).map_err(|error| {
        Failure::of(
            Exit::Environment,
            format_args!(
                "cannot make a results folder in {}: {error}\nhint: choose another with --out DIR",
                options.out.display()
            ),
        )
    })?;
    let mut progress = Progress::new(options.loudness, plan);
    progress.say(format_args!("{}: {}", plan.name, plan.title));
    if let Some(inject) = plan.inject {
        progress.say(format_args!("warning: faults injected: {inject}"));
    }
    let ended = measure_all(plan, needs, program, &mut folder, &mut progress, interrupt).await?;
    let saved = finish(&mut folder, ended.as_ref()).map_err(|error| unwritable(folder.path(), &error));
    let presented = present(&folder, saved, options, &mut progress)?;
    Ok(exit_of(&folder.run, ended.as_ref()).worse(presented))
}

/// Measures every transport at every number of clients, round by round; stops at the first that ends before its time.
async fn measure_all(
    plan: &Plan,
    needs: &Needs,
    program: &Path,
    folder: &mut RunFolder,
    progress: &mut Progress,
    interrupt: &mut Interrupt,
) -> Result<Option<Ended>, Failure> {
    let mut files = Vec::new();
    for transport in &plan.transports {
        files.push(folder.label_files(&transport.label).map_err(|error| unwritable(folder.path(), &error))?);
    }
    let jobs = jobs(plan, needs, program);
    // Results stand in the order of the scenario, whatever the order of the rounds.
    let mut rounds: Vec<Rounds<'_>> =
        jobs.iter().map(|job| Rounds::new(plan, (job.targets, job.workers))).collect();
    let mut saved: Result<(), Failure> = Ok(());
    for round in 1..=plan.rounds {
        let order = order_of_round(plan.seed, round, plan.rounds, plan.transports.len());
        for step in 0..plan.steps.len() {
            for transport in &order {
                if let Err(failure) = saved {
                    // More would be lost as well; what was measured until now can still be told.
                    return Ok(Some(Ended::Environment(failure.to_string())));
                }
                let at = step * plan.transports.len() + transport;
                let job = Job { round, ..jobs[at] };
                let end = step::run(job, &mut files[*transport], progress, interrupt).await;
                progress.step_ends(end.measured.as_ref().map(|measured| &measured.result));
                if let Some(measured) = end.measured {
                    rounds[at].add(measured);
                }
                folder.run.results = rounds.iter().filter_map(|of_step| of_step.result.clone()).collect();
                saved = folder.save().map_err(|error| unwritable(folder.path(), &error));
                if end.ended.is_some() {
                    return Ok(end.ended);
                }
            }
        }
    }
    Ok(None)
}

/// The jobs of the first round: transport by transport in the order of the file, step by step.
fn jobs<'a>(plan: &'a Plan, needs: &Needs, program: &'a Path) -> Vec<Job<'a>> {
    let of_step = |clients: u32| {
        plan.transports.iter().enumerate().map(move |(transport, of)| {
            let needs = needs.of(&of.label, clients);
            let (targets, workers) = needs.map_or((1, 1), |needs| (needs.targets, needs.workers));
            let predicted = needs.map(StepNeeds::resources);
            Job { plan, transport, clients, round: 1, targets, workers, program, predicted }
        })
    };
    plan.steps.iter().flat_map(|clients| of_step(*clients)).collect()
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::of(Exit::Environment, format_args!("cannot write results to {}: {error}", path.display()))
}

fn finish(folder: &mut RunFolder, ended: Option<&Ended>) -> std::io::Result<()> {
    folder.run.finished = Some(clock::utc_rfc3339());
    folder.run.status = if ended.is_some() { Status::Partial } else { Status::Complete };
    folder.run.reason = ended.map(|ended| match ended {
        Ended::Interrupted => "interrupted".to_owned(),
        Ended::Died(reason) | Ended::Environment(reason) | Ended::Exhausted { reason, .. } => reason.clone(),
    });
    folder.save()
}

/// Draws the charts and prints what was asked for. Charts that cannot be drawn spoil no figure, but are missed. What
/// could not be saved is printed all the same: there is no other copy of it.
fn present(
    folder: &RunFolder,
    saved: Result<(), Failure>,
    options: &Options,
    progress: &mut Progress,
) -> Result<Exit, Failure> {
    // A run that ended before anything was measured has nothing to be told but that, and nothing to be drawn.
    let measured = !folder.run.results.is_empty();
    let saved = if measured { saved } else { Ok(saved?) };
    print(&folder.run, options)?;
    if let Err(failure) = saved {
        // A run that ended because of it has said so.
        if folder.run.reason != Some(failure.to_string()) {
            terminal::error(&failure);
        }
        return Ok(failure.exit);
    }
    let exit = if measured { draw(folder.path(), progress) } else { Exit::Ok };
    progress.say(format_args!("results in {}", folder.path().display()));
    Ok(exit)
}

/// Prints the figures, and why there are no more.
fn print(run: &Run, options: &Options) -> Result<(), Failure> {
    if options.json {
        terminal::data(serde_json::to_string_pretty(run).map_err(anyhow::Error::new)?);
    } else {
        terminal::data(pushbench_report::table::render(run, terminal::table_style()));
    }
    if let Some(reason) = &run.reason {
        terminal::error(format_args!("the run ended early: {reason}"));
    }
    Ok(())
}

/// Draws the charts of what was saved.
fn draw(run: &Path, progress: &mut Progress) -> Exit {
    let charts = run.join(names::CHARTS);
    let drawn = Finished::load(run).and_then(|run| pushbench_report::charts::draw_all(&run, &charts));
    match drawn {
        Ok(drawn) => {
            progress.say(format_args!("{} charts in {}", drawn.len(), charts.display()));
            Exit::Ok
        }
        Err(error) => {
            terminal::error(format_args!("charts: {error}"));
            Exit::Environment
        }
    }
}

fn exit_of(run: &Run, ended: Option<&Ended>) -> Exit {
    match ended {
        Some(Ended::Interrupted) => Exit::Interrupted,
        Some(Ended::Died(_)) => Exit::Unexpected,
        Some(Ended::Environment(_)) => Exit::Environment,
        Some(Ended::Exhausted { .. }) => Exit::Invalid,
        None if run.level() == Level::Breach => Exit::Invalid,
        None => Exit::Ok,
    }
}

/// The manifest of a run that begins now.
fn manifest(plan: &Plan) -> Run {
    let seconds = |duration: std::time::Duration| duration.as_secs_f64();
    Run {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("PUSHBENCH_COMMIT").map(str::to_owned),
        command: std::env::args().collect(),
        started: clock::utc_rfc3339(),
        finished: None,
        status: Status::Running,
        reason: None,
        scenario: ScenarioRecord {
            name: plan.name.clone(),
            title: plan.title.clone(),
            path: plan.path.clone(),
            text: plan.text.clone(),
            sha256: plan.sha256.clone(),
            overrides: plan.overrides.clone(),
            seed: plan.seed,
            network: plan.network.name().to_owned(),
            mtu_bytes: plan.network.mtu(),
            rounds: plan.rounds,
            steps: plan.steps.clone(),
            pattern: plan.events.pattern().to_owned(),
            topics: plan.topics(plan.steps.iter().copied().max().unwrap_or(0)),
            events_per_second: plan.events.rate,
            event_size: plan.events.size.to_string(),
            warmup_s: seconds(plan.phases.warmup),
            measure_s: seconds(plan.phases.measure),
            drain_s: seconds(plan.phases.drain),
            latency_p99_limit_us: latency_limit_us(plan),
            inject: plan.inject.map(|inject| inject.to_string()),
            coalesce: (plan.coalesce != Coalesce::Off).then(|| plan.coalesce.to_string()),
        },
        host: host_record(),
        calibration: None,
        transports: plan.transports.iter().map(transport_record).collect(),
        results: Vec::new(),
        capacity: Vec::new(),
    }
}

/// The limit on p99 that every transport must keep, if there is one.
fn latency_limit_us(plan: &Plan) -> Option<u64> {
    let upper = |comparison| matches!(comparison, Comparison::Less | Comparison::AtMost);
    let mut limits = plan.transports.iter().map(|transport| {
        let of_label = plan.thresholds.iter().filter(|threshold| threshold.label == transport.label);
        of_label
            .filter(|threshold| threshold.column == "latency_p99_us" && upper(threshold.comparison))
            .map(|threshold| threshold.bound as u64)
            .min()
    });
    let first = limits.next()??;
    limits.all(|limit| limit == Some(first)).then_some(first)
}

fn transport_record(transport: &pushbench_scenario::TransportPlan) -> TransportRecord {
    let settings = &transport.settings;
    TransportRecord {
        label: transport.label.clone(),
        kind: settings.kind().name().to_owned(),
        kind_index: settings.kind().index(),
        settings: settings.describe(),
        poll_interval_us: settings.poll_interval().map(|interval| interval.as_micros() as u64),
    }
}

/// The machine, as far as it tells.
pub(crate) fn host_record() -> Host {
    let read = host::read().ok();
    let placement = Placement::here();
    Host {
        name: read.as_ref().map(|host| host.name.clone()).unwrap_or_default(),
        kernel: read.as_ref().map(|host| host.kernel.clone()).unwrap_or_default(),
        cpu: read.as_ref().map(|host| host.cpu.clone()).unwrap_or_default(),
        cpus: read.as_ref().map_or(0, |host| host.cpus as u32),
        memory_bytes: read.map_or(0, |host| host.memory_bytes),
        open_files: limits::open_files().hard,
        ports: limits::ephemeral_ports().unwrap_or_default(),
        target_cpus: placement.targets,
        worker_cpus: placement.workers,
    }
}
