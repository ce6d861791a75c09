//! What a person reads: data on standard output, everything else on standard error.
//!
//! A reader that went away (a closed pipe) ends the output, not the program. Data that cannot be written for another
//! reason is remembered, and makes the command fail.

use pushbench_report::table::Style;
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write as _, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use terminal_size::{Width, terminal_size_of};

/// Whether data was lost on its way out.
static DATA_LOST: AtomicBool = AtomicBool::new(false);

/// One line or block of data.
pub(crate) fn data(text: impl Display) {
    let mut out = stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
        && !DATA_LOST.swap(true, Ordering::Relaxed)
    {
        self::error(format_args!("standard output: {error}"));
    }
}

/// Whether [`data`] could not write something that somebody still wanted.
pub(crate) fn data_was_lost() -> bool {
    DATA_LOST.load(Ordering::Relaxed)
}

/// One line of news.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// The end of a command that failed.
pub(crate) fn error(text: impl Display) {
    say(format_args!("error: {text}"));
}

/// Replaces the present line of news; only where [`stderr_is_terminal`]. A line that does not fit is cut: one that
/// wraps could not be replaced.
pub(crate) fn rewrite(text: &str) {
    let mut err = stderr().lock();
    let width = terminal_size_of(&err).map_or(usize::MAX, |(Width(columns), _)| usize::from(columns));
    let fitting: String = text.chars().take(width.saturating_sub(1)).collect();
    let _ = write!(err, "\r\x1b[2K{fitting}");
    let _ = err.flush();
}

pub(crate) fn stderr_is_terminal() -> bool {
    stderr().is_terminal()
}

/// How tables are drawn on standard output: with colours at a terminal, unless somebody said `NO_COLOR`.
pub(crate) fn table_style() -> Style {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = terminal_size_of(stdout()).map(|(Width(columns), _)| columns);
    Style { color: stdout().is_terminal() && !refused, width }
}
