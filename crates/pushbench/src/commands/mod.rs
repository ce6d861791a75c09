//! The commands, each from its arguments to an exit code.

mod calibrate;
mod check;
mod compare;
mod completions;
mod plans;
mod report;
mod serve;

use clap::CommandFactory as _;

use crate::cli::{Arguments, Command, RunArguments};
use crate::exit::{Exit, Failure};
use crate::roles;
use crate::run::{self, Loudness};

/// Carries out a command.
pub(crate) fn dispatch(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(arguments) => run(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Calibrate(arguments) => calibrate::calibrate(&arguments),
        Command::Completions { shell } => Ok(completions::completions(Arguments::command(), shell)),
        Command::Target => roles::target(),
        Command::Worker => roles::worker(),
    }
}

fn run(arguments: &RunArguments) -> Result<Exit, Failure> {
    let plans = plans::load_all(&arguments.scenarios, &arguments.overrides)?;
    plans::want_consent(&plans, arguments.overrides.yes)?;
    plans::refuse_what_does_not_fit(&plans)?;
    let loudness = match (arguments.quiet, arguments.verbose) {
        (true, _) => Loudness::Quiet,
        (_, true) => Loudness::Verbose,
        _ => Loudness::Normal,
    };
    if loudness != Loudness::Quiet {
        plans::tell_what_will_be_felt(&plans);
    }
    let calibration = calibrate::of_this_machine(&arguments.out, loudness);
    run::run(
        &plans,
        &run::Options { out: arguments.out.clone(), json: arguments.json, loudness, calibration },
    )
}
