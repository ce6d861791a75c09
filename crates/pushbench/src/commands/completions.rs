//! `pushbench completions`: the script that completes commands and options in a shell.

use clap_complete::{Shell, generate};

use crate::exit::Exit;
use crate::terminal;

/// Prints the script of a shell.
pub(crate) fn completions(mut command: clap::Command, shell: Shell) -> Exit {
    // Not to standard output at once: the generator panics when a reader has gone away.
    let mut script = Vec::new();
    generate(shell, &mut command, "pushbench", &mut script);
    terminal::data(String::from_utf8_lossy(&script).trim_end());
    Exit::Ok
}
