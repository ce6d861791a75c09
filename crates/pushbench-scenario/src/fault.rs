//! Faults of a scenario: where, which key, what is wrong, what is allowed.
//!
//! Faults are collected, never thrown one at a time: whoever writes a scenario sees all of them at once.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line of the file, from 1; `None` when the command line is at fault.
    pub line: Option<u32>,
    /// Path of the key from the top of the file, list entries from 0, such as `transports[2].interval`; or the
    /// option of the command line, such as `--clients`.
    pub key: String,
    /// What is wrong and what is allowed, as a lowercase fragment.
    pub problem: String,
    /// The remedy, where one is known.
    pub hint: Option<String>,
}

/// Every fault of a scenario, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The file, as typed.
    pub path: String,
    /// The faults.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            match fault.line {
                Some(line) => write!(f, "{}:{line}: ", self.path)?,
                None => write!(f, "{}: ", self.path)?,
            }
            if !fault.key.is_empty() {
                write!(f, "{}: ", Printable(&fault.key))?;
            }
            write!(f, "{}", Printable(&fault.problem))?;
            if let Some(hint) = &fault.hint {
                write!(f, "\n  hint: {}", Printable(hint))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Keys and values of files and arguments go to a terminal: what controls one is escaped, and a line stays a line.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

/// Why a scenario file gave no plan.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file, or it cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Larger than any scenario.
    #[error("{}: larger than {limit_bytes} bytes, so it is not a scenario", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest allowed.
        limit_bytes: u64,
    },
    /// Not text.
    #[error("{}:{line}: not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Line of the first byte that is not UTF-8, from 1.
        line: u32,
    },
    /// Text with faults.
    #[error(transparent)]
    Faults(#[from] Faults),
}
