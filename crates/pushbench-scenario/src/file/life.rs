//! `[life]`: what happens to connections.

use crate::life::Life;
use crate::section::{FaultList, Section};

/// What the section says.
pub(super) fn read(_section: &Section, _faults: &mut FaultList) -> Life {
    Life::default()
}
