//! pushbench: load testing and benchmarks for real-time transports.
//!
//! The binary holds arguments, the terminal, files and processes; whatever can be decided without them is in the
//! library crates.

mod calibrate;
mod cli;
mod commands;
mod exit;
mod interrupt;
mod roles;
mod run;
mod terminal;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return cli::refuse(&error),
    };
    match commands::dispatch(arguments.command) {
        Ok(exit) if terminal::data_was_lost() => exit.worse(exit::Exit::Environment).into(),
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal::error(&failure);
            failure.exit.into()
        }
    }
}
