//! The floor of this machine with bare sockets, the same jobs through pushbench, and the ratios.

mod bare;
mod definitions;
mod figures;
pub(crate) mod saved;
mod size;
mod steps;
mod through;
mod work;

use pushbench_floor::{FloorError, MESSAGE_BYTES};
use pushbench_measure::results::{CALIBRATION_FORMAT, Calibration};
use pushbench_probe::{clock, memory};
use pushbench_report::calibration;
use pushbench_scenario::needs::Machine;
use std::path::{Path, PathBuf};
use std::{fs, io};
use tokio::task::LocalSet;

use self::size::{EVENTS_PER_SECOND, REPETITIONS, Sizes};
use self::steps::Steps;
use self::work::Work;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::{roles, run, terminal};

/// Transports that are compared with bare sockets.
const TRANSPORTS: u32 = 2;
/// Parts that are named while it is under way: the repetitions, the round trips, every job over every transport.
const STEPS: u32 = REPETITIONS as u32 + 1 + Work::ALL.len() as u32 * TRANSPORTS;

/// Messages per second that bare sockets deliver where that could not be told.
const ASSUMED_FLOOR: f64 = 1e5;

/// What a calibration writes at most: its results, and before them those of one run after the other.
const ROOM_BYTES: usize = 128 << 10;

/// Calibrates, saves into the folder `out`, prints.
pub(crate) fn calibrate(machine: &Machine, out: &Path, json: bool) -> Result<Exit, Failure> {
    let sizes = Sizes::on(machine).map_err(Failure::environment)?;
    work::refuse_what_does_not_fit(sizes.connections, machine)?;
    let scratch = scratch_in(out).map_err(|error| unwritable(out, &error))?;
    let runtime = roles::single_threaded()?;
    let calibration = LocalSet::new().block_on(&runtime, measure(sizes, &scratch))?;
    let path = saved::save(out, &calibration).map_err(|error| unwritable(out, &error))?;
    if json {
        terminal::data(serde_json::to_string_pretty(&calibration).map_err(anyhow::Error::new)?);
    } else {
        terminal::data(calibration::render(&calibration, terminal::table_style()).trim_end());
    }
    terminal::say(format_args!("calibrated in {:.1} s, saved in {}", calibration.took_s, path.display()));
    Ok(if calibration.is_valid() { Exit::Ok } else { Exit::Invalid })
}

async fn measure(sizes: Sizes, scratch: &Path) -> Result<Calibration, Failure> {
    let mut interrupt = Interrupt::listen().map_err(Failure::environment)?;
    let started = clock::utc_rfc3339();
    let mut steps = Steps::of(STEPS);
    for note in &sizes.notes {
        terminal::say(format_args!("note: {note}"));
    }
    let bare = bare::measure(&sizes, &mut steps, &mut interrupt).await.map_err(|error| match error {
        FloorError::Stopped => Failure::of(Exit::Interrupted, "interrupted: nothing was saved"),
        error => Failure::environment(error),
    })?;
    // Some number is needed to overload the machine; where the floor is not known nothing is held against it.
    let floor_per_second = bare.deliveries_per_second().map_or(ASSUMED_FLOOR, |spread| spread.median);
    let shown = through::measure(&sizes, floor_per_second, scratch, &mut steps, &mut interrupt).await?;
    let figures = figures::figures(&bare, &shown, sizes.enough_for_differences());
    let mut notes = sizes.notes;
    if let Err(error) = memory::socket_bytes() {
        notes.push(format!("memory of the kernel: only root may read it ({error})"));
    }
    notes.extend(figures::doubts(&figures));
    let took_s = steps.seconds();
    Ok(Calibration {
        format: CALIBRATION_FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started,
        took_s: (took_s * 10.0).round() / 10.0,
        host: run::host_record(),
        connections: sizes.connections,
        events_per_second: f64::from(EVENTS_PER_SECOND),
        message_bytes: MESSAGE_BYTES as u32,
        repetitions: REPETITIONS.into(),
        notes,
        figures,
        runs: shown.into_iter().flat_map(|shown| shown.shots).map(|shot| shot.run).collect(),
    })
}

/// The name of a folder in `out` that does not exist, after `out` was found to be writable: a disk that is full has
/// room for a folder now and then, and none for a file.
fn scratch_in(out: &Path) -> io::Result<PathBuf> {
    let scratch = out.join(format!(".calibrating-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let written = fs::write(scratch.join("room"), vec![b'.'; ROOM_BYTES]);
    fs::remove_dir_all(&scratch)?;
    written.map(|()| scratch)
}

fn unwritable(out: &Path, error: &io::Error) -> Failure {
    Failure::of(
        Exit::Environment,
        format_args!("cannot write to {}: {error}\nhint: choose another with --out DIR", out.display()),
    )
}
