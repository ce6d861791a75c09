//! `pushbench calibrate`, and what `run` makes of an earlier one.

use pushbench_measure::results::Calibration;
use pushbench_scenario::Network;
use std::path::Path;

use super::plans;
use crate::calibrate::{self, saved};
use crate::cli::CalibrateArguments;
use crate::exit::{Exit, Failure};
use crate::run::{self, Loudness};
use crate::terminal;

/// Measures the machine's floor and pushbench above it, saves both and prints them.
pub(crate) fn calibrate(arguments: &CalibrateArguments) -> Result<Exit, Failure> {
    // Before the limits are read: what is counted with is what there is.
    let _ = pushbench_probe::limits::raise_open_files();
    calibrate::calibrate(&plans::machine(Network::Loopback), &arguments.out, arguments.json)
}

/// The calibration in the folder of results, if there is one of this machine. One that cannot be read is warned of.
pub(crate) fn of_this_machine(out: &Path, loudness: Loudness) -> Option<Calibration> {
    match saved::load(out, &run::host_record()) {
        Ok(calibration) => calibration,
        Err(reason @ saved::Unused::OfAnotherMachine { .. }) => {
            if loudness == Loudness::Verbose {
                terminal::say(reason);
            }
            None
        }
        Err(reason) => {
            if loudness != Loudness::Quiet {
                terminal::say(format_args!("warning: {reason}"));
            }
            None
        }
    }
}
