//! `[slow]`: clients that read slowly.

use crate::section::{FaultList, Section};
use crate::slow::Slow;

/// What the section says; `None` without one.
pub(super) fn read(_section: &Section, _faults: &mut FaultList) -> Option<Slow> {
    None
}
