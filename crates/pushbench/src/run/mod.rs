//! The coordinator: from scenario files to result folders, charts and the table.

mod allowance;
mod alone;
mod capacity;
mod fleet;
mod folder;
mod gather;
mod job;
mod outcome;
mod placement;
mod places;
mod progress;
mod ramp;
mod record;
mod resources;
mod rounds;
mod sampler;
mod scarcity;
mod step;
mod topology;
mod watch;

use pushbench_measure::results::{Calibration, Run, Status, names};
use pushbench_probe::{clock, limits};
use pushbench_report::RunFolder as Finished;
use pushbench_report::charts::{draw_all, left_out};
use pushbench_scenario::needs::Needs;
use pushbench_scenario::schedule::order_of_round;
use pushbench_scenario::{Inject, Network, Scenario};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::task::LocalSet;

pub(crate) use self::alone::{Alone, alone};
use self::folder::RunFolder;
pub(crate) use self::folder::{make_unique, replace};
pub(crate) use self::job::Job;
pub(crate) use self::placement::Placement;
use self::places::{Measuring, Place};
pub(crate) use self::progress::Loudness;
use self::progress::Progress;
pub(crate) use self::record::host_record;
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

/// A scenario that is to be run.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) scenario: Scenario,
    /// What each of its points needs, in their order.
    pub(crate) needs: Vec<Needs>,
}

impl Asked {
    /// The first network that is more than the loopback device, if a point asks for one.
    fn network(&self) -> Option<Network> {
        self.scenario.points.iter().map(|plan| plan.network).find(|network| *network != Network::Loopback)
    }
}

/// Runs scenarios one after the other. All of them are checked before the first begins.
pub(crate) fn run(asked: &[Asked], options: &Options) -> Result<Exit, Failure> {
    // Processes that are started inherit it; where it cannot be raised the needs were counted with what there is.
    let _ = limits::raise_open_files();
    let program = std::env::current_exe().map_err(Failure::environment)?;
    if let Some(network) = asked.iter().find_map(Asked::network) {
        // Made once and left at once: whether it can be had is known before there is a folder of results.
        Topology::make(network, 1).map_err(Failure::environment)?;
    }
    let runtime = crate::roles::single_threaded()?;
    LocalSet::new().block_on(&runtime, async {
        let mut interrupt = Interrupt::listen().map_err(Failure::environment)?;
        let mut worst = Exit::Ok;
        for asked in asked {
            let exit = Box::pin(run_scenario(asked, &program, options, &mut interrupt)).await?;
            worst = worst.worse(exit);
            if exit == Exit::Interrupted {
                break;
            }
        }
        Ok(worst)
    })
}

async fn run_scenario(
    asked: &Asked,
    program: &Path,
    options: &Options,
    interrupt: &mut Interrupt,
) -> Result<Exit, Failure> {
    let (scenario, plan) = (&asked.scenario, asked.scenario.first());
    let manifest = Run { calibration: options.calibration.clone(), ..record::manifest_of(scenario) };
    let mut folder = RunFolder::create(&options.out, manifest, clock::now_ns()).map_err(|error| {
        Failure::of(
            Exit::Environment,
            format_args!(
                "cannot make a results folder in {}: {error}\nhint: choose another with --out DIR",
                options.out.display()
            ),
        )
    })?;
    // How many a search makes turns out as it goes.
    let measurements = plan.capacity.is_none().then(|| scenario.measurements());
    let mut progress = Progress::new(options.loudness, measurements, plan.rounds);
    progress.say(format_args!("{}: {}", plan.name, plan.title));
    for inject in injected(scenario) {
        progress.say(format_args!("warning: faults injected: {inject}"));
    }
    let measuring = Measuring::new(program, &mut folder, &mut progress, interrupt);
    let ended = measure_all(asked, measuring).await?;
    let saved = finish(&mut folder, ended.as_ref()).map_err(|error| unwritable(folder.path(), &error));
    let presented = present(&folder, saved, options, &mut progress)?;
    Ok(exit_of(&folder.run, ended.as_ref()).worse(presented))
}

/// Faults that points inject, each once.
fn injected(scenario: &Scenario) -> Vec<Inject> {
    let mut all: Vec<Inject> = scenario.points.iter().filter_map(|plan| plan.inject).collect();
    all.dedup();
    all
}

/// Measures every place of every point, round by round; stops at the first that ends before its time.
async fn measure_all(asked: &Asked, mut measuring: Measuring<'_>) -> Result<Option<Ended>, Failure> {
    let plan = asked.scenario.first();
    if let Some(capacity) = plan.capacity {
        let search = capacity::search_all(plan, &capacity, &asked.needs[0].machine, &mut measuring);
        return Box::pin(search).await;
    }
    // Results stand in the order of the scenario, whatever the order of the rounds.
    let mut groups = Vec::new();
    for (at, (plan, needs)) in asked.scenario.points.iter().zip(&asked.needs).enumerate() {
        let number = (!plan.point.name.is_empty()).then_some(at as u32 + 1);
        let plan = Rc::new(plan.clone());
        for clients in &plan.steps {
            let mut places = Vec::new();
            for transport in 0..plan.transports.len() {
                places.push(measuring.add(Place::new(&plan, number, transport, *clients, needs))?);
            }
            groups.push((Rc::clone(&plan), places));
        }
    }
    for round in 1..=asked.scenario.first().rounds {
        for (plan, places) in &groups {
            for transport in order_of_round(plan.seed, round, plan.rounds, places.len()) {
                if let Err(ended) = measuring.measure(places[transport], round).await {
                    return Ok(Some(ended));
                }
            }
        }
    }
    Ok(None)
}

/// Results cannot be written.
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
    let drawn = Finished::load(run).and_then(|run| Ok((draw_all(&run, &charts)?, left_out(&run))));
    match drawn {
        Ok((drawn, left_out)) => {
            progress.say(format_args!("{} charts in {}", drawn.len(), charts.display()));
            if let Some(reason) = left_out {
                progress.say(reason);
            }
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
        None if !run.answers() => Exit::Invalid,
        None => Exit::Ok,
    }
}
