//! Exit codes, and the errors that carry one.

use std::fmt;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// As asked.
    Ok = 0,
    /// Something that should not happen.
    Unexpected = 1,
    /// Bad usage or a faulty scenario.
    Usage = 2,
    /// Limits, ports, files, a target that is not there.
    Environment = 3,
    /// The run ended, but is not valid or missed a threshold.
    Invalid = 4,
    /// By a signal.
    Interrupted = 130,
}

impl Exit {
    /// The one that says more about what went wrong.
    pub(crate) fn worse(self, other: Self) -> Self {
        let order =
            [Self::Ok, Self::Invalid, Self::Environment, Self::Usage, Self::Unexpected, Self::Interrupted];
        let rank = |exit| order.iter().position(|other| *other == exit);
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error with the exit code it leads to.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    pub(crate) fn environment(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Environment, error: error.into() }
    }

    /// With a text for people and no cause beneath it.
    pub(crate) fn of(exit: Exit, text: impl fmt::Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{text}") }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Unexpected, error }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every error of this workspace names its cause in its own text.
        write!(f, "{}", self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_runs_the_worst_counts_whatever_their_order() {
        assert_eq!(Exit::Invalid.worse(Exit::Ok), Exit::Invalid);
        assert_eq!(Exit::Ok.worse(Exit::Environment), Exit::Environment);
        assert_eq!(Exit::Unexpected.worse(Exit::Invalid), Exit::Unexpected);
    }
}
